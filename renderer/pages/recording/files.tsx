import { Badge, Button, Card, Code, DataList, Flex, Heading, Progress, Text } from '@radix-ui/themes';
import { type ReactNode, useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { RecordingAnswer } from '../../../shared/api/views.ts';
import { useNow, useProgress } from '../../data/live.ts';
import { formatDistance, formatLength, formatSize } from '../../format.ts';
import { CopyButton, CopyField } from '../../parts/copy.tsx';
import { formatWait } from '../../parts/status-words.ts';
import { fileStateOf } from './delivery.ts';
import { Section } from './section.tsx';
import { addSample, rateOf, type Sample, timeLeftMs } from './upload-rate.ts';
import { fileTitle } from './watch.tsx';

type File = RecordingAnswer['files'][number];

/** Every file: where it is, how large, by which hashes it is known, and how far its upload is. */
export function Files({ recording }: { recording: RecordingAnswer }) {
  const { t } = useTranslation();
  const { files, id } = recording;
  const arrived = useArrivedBytes(id, files);
  if (files.length === 0) return null;
  return (
    <Section title={t('detail.files')}>
      <Flex direction="column" gap="3">
        {files.map((file, index) => (
          <FileCard
            key={file.objectKey}
            file={file}
            bucket={`${recording.request.CosConfig.Bucket} (${recording.request.CosConfig.Region})`}
            uploadedBytes={Math.max(file.uploadedBytes, arrived[index] ?? 0)}
            shown={fileStateOf(file, recording)}
          />
        ))}
      </Flex>
    </Section>
  );
}

/** What is in COS of each file by the latest message, which counts all files together: they are uploaded one after the other. */
function useArrivedBytes(id: string, files: readonly File[]): number[] {
  const progress = useProgress(id);
  let before = 0;
  const done = progress?.upload?.doneBytes ?? 0;
  return files.map(({ bytes }) => {
    const arrived = Math.min(bytes, Math.max(0, done - before));
    before += bytes;
    return arrived;
  });
}

interface FileCardProps {
  file: File;
  bucket: string;
  uploadedBytes: number;
  shown: ReturnType<typeof fileStateOf>;
}

function FileCard({ file, bucket, uploadedBytes, shown }: FileCardProps) {
  const isMoving = shown === 'uploading';
  const { t, i18n } = useTranslation();
  const name = file.objectKey.split('/').at(-1) ?? '';
  const facts = [fileTitle(file, t), formatLength(file.durationMs), formatSize(file.bytes, i18n.language)];
  return (
    <Card size="2">
      <Flex direction="column" gap="3">
        <Flex justify="between" gap="3" wrap="wrap" align="start">
          <div className="file-name">
            <Heading as="h4" size="2" className="copy-text">
              {name}
            </Heading>
            <Text size="2" color="gray" highContrast className="numbers">
              {facts.join(' · ')}
            </Text>
          </div>
          <Flex gap="2" align="center" wrap="wrap">
            <Badge color={COLOURS[shown]} highContrast>
              {t(`detail.fileState.${shown}`)}
            </Badge>
            {file.links.download && (
              <Button asChild variant="soft" highContrast size="1">
                <a href={file.links.download} download>
                  {t('detail.download')}
                </a>
              </Button>
            )}
          </Flex>
        </Flex>
        {(isMoving || (uploadedBytes > 0 && file.state !== 'uploaded')) && (
          <UploadProgress name={name} file={file} uploadedBytes={uploadedBytes} isMoving={isMoving} />
        )}
        <Places file={file} bucket={bucket} />
      </Flex>
    </Card>
  );
}

const COLOURS = {
  recording: 'red',
  local: 'gray',
  uploading: 'blue',
  uploaded: 'green',
  failed: 'amber',
  stands: 'amber',
  waits: 'gray',
} as const;

function UploadProgress({
  name,
  file,
  uploadedBytes,
  isMoving,
}: Pick<FileCardProps, 'file' | 'uploadedBytes'> & { name: string; isMoving: boolean }) {
  const { t, i18n } = useTranslation();
  const nowMs = useNow();
  const [samples, setSamples] = useState<readonly Sample[]>([]);
  useEffect(() => {
    setSamples((known) => addSample(known, { atMs: nowMs, bytes: uploadedBytes }));
  }, [nowMs, uploadedBytes]);
  const rate = isMoving ? rateOf(samples) : null;
  const leftMs = timeLeftMs(file.bytes - uploadedBytes, rate);
  const size = (bytes: number) => formatSize(bytes, i18n.language);
  return (
    <div>
      <Progress
        value={file.bytes === 0 ? 0 : (100 * uploadedBytes) / file.bytes}
        aria-label={t('detail.uploadOf', { name })}
      />
      <Flex justify="between" gap="3" mt="1" minHeight="20px" wrap="wrap">
        <Text size="1" className="numbers">
          {t('detail.progress', { done: size(uploadedBytes), total: size(file.bytes) })}
        </Text>
        {rate !== null && leftMs !== null && (
          <Text size="1" className="numbers">
            {t('detail.rate', { rate: size(rate), left: formatWait(leftMs, i18n.language) })}
          </Text>
        )}
      </Flex>
    </div>
  );
}

/** Where the file is and how it is known, for whoever has to find or to prove it. */
function Places({ file, bucket }: { file: File; bucket: string }) {
  const { t, i18n } = useTranslation();
  const nowMs = useNow(60_000);
  const cleaned = file.evictedAt && t('detail.cleaned', { when: formatDistance(file.evictedAt, nowMs, i18n.language) });
  return (
    <DataList.Root size="2" orientation={{ initial: 'vertical', sm: 'horizontal' }} className="places">
      <Place label={t('detail.onBox')}>
        {file.localPath === null ? (
          <Text size="2">{cleaned ?? t('detail.notOnBox')}</Text>
        ) : (
          <CopyField text={file.localPath} what={t('detail.onBox')} />
        )}
      </Place>
      <Place label={t('detail.inCos')}>
        <span className="place-stack">
          <CopyField text={file.objectKey} what={t('detail.inCos')} />
          <Text size="1" color="gray" highContrast>
            {bucket}
          </Text>
        </span>
      </Place>
      <Place label={t('detail.link')}>
        <span className="copy-field">
          {file.state === 'uploaded' ? (
            <a className="copy-text" href={file.url} target="_blank" rel="noreferrer">
              {file.url}
            </a>
          ) : (
            <Text className="copy-text">{file.url}</Text>
          )}
          <CopyButton text={file.url} what={t('detail.link')} />
        </span>
      </Place>
      <Hash label={t('detail.sha256')} value={file.sha256} />
      <Hash label={t('detail.crc64')} value={file.crc64} />
    </DataList.Root>
  );
}

function Hash({ label, value }: { label: string; value: string | null }) {
  const { t } = useTranslation();
  return (
    <Place label={label}>
      {value === null ? (
        <Text size="2">{t('detail.hashLater')}</Text>
      ) : (
        <span className="copy-field">
          <Code variant="ghost" size="2" color="gray" highContrast className="copy-text">
            {value}
          </Code>
          <CopyButton text={value} what={label} />
        </span>
      )}
    </Place>
  );
}

function Place({ label, children }: { label: string; children: ReactNode }) {
  return (
    <DataList.Item>
      <DataList.Label minWidth="104px" highContrast>
        {label}
      </DataList.Label>
      <DataList.Value>{children}</DataList.Value>
    </DataList.Item>
  );
}
