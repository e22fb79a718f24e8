import { Badge, Button, Callout, Card, Code, DataList, Flex, Heading, Progress, Table, Text } from '@radix-ui/themes';
import { useTranslation } from 'react-i18next';
import { Link } from 'wouter';
import { ApiError } from '../../shared/api/client.ts';
import type { RecordingAnswer } from '../../shared/api/views.ts';
import { api } from '../data/api.ts';
import { useAction, useRoute } from '../data/queries.ts';
import { formatLength, formatSize, formatTime } from '../format.ts';
import { roomOf, Standstill, StateBadge } from '../parts/words.tsx';

type File = RecordingAnswer['files'][number];

/** One recording in full: what a person asks who opens it, and what an auditor asks. */
export function RecordingPage({ id }: { id: string }) {
  const { t } = useTranslation();
  const { data: recording, error } = useRoute('getRecording', { params: { id } });
  if (error instanceof ApiError) return <Text>{t('recording.notFound')}</Text>;
  if (!recording) return <Text>{t('common.loading')}</Text>;
  return (
    <>
      <Link href="/recordings">{`← ${t('recording.back')}`}</Link>
      <Flex justify="between" align="center" gap="3" wrap="wrap">
        <Heading as="h2" size="6">
          {roomOf(recording)}
        </Heading>
        <StateBadge recording={recording} />
      </Flex>
      <Trouble recording={recording} />
      <Files recording={recording} />
      <Participants recording={recording} />
      <Callbacks recording={recording} />
      <Facts recording={recording} />
      <History id={id} />
    </>
  );
}

function Trouble({ recording }: { recording: RecordingAnswer }) {
  const { t } = useTranslation();
  const retry = useAction('retryRecording', ['getRecording']);
  const { id, failure, blocked, waiting } = recording;
  return (
    <>
      {failure && (
        <Callout.Root color="red" highContrast>
          <Callout.Text>{`${t('recording.failed')}: ${failure.message} (${failure.code})`}</Callout.Text>
        </Callout.Root>
      )}
      {(blocked ?? waiting) && (
        <Card>
          <Flex justify="between" align="center" gap="3" wrap="wrap">
            <Standstill recording={recording} />
            <Button
              variant="soft"
              highContrast
              loading={retry.isPending}
              onClick={() => retry.mutate({ params: { id } })}
            >
              {t('recording.retryNow')}
            </Button>
          </Flex>
        </Card>
      )}
    </>
  );
}

function Files({ recording }: { recording: RecordingAnswer }) {
  const { t } = useTranslation();
  const { files } = recording;
  return (
    <section aria-labelledby="files">
      <Heading as="h3" size="4" mb="2" id="files">
        {t('recording.files')}
      </Heading>
      {files.length === 0 && <Text>{t('recording.noFile')}</Text>}
      <Flex direction="column" gap="4">
        {files.map((file, index) => (
          <FileCard key={file.objectKey} id={recording.id} index={index} file={file} />
        ))}
      </Flex>
    </section>
  );
}

function FileCard({ id, index, file }: { id: string; index: number; file: File }) {
  const { t, i18n } = useTranslation();
  const size = (bytes: number) => formatSize(bytes, i18n.language);
  const url = api().urlOf('getFile', { params: { id, index } });
  const isVideo = file.objectKey.endsWith('.mp4');
  const name = file.objectKey.split('/').at(-1);
  return (
    <Card>
      <Flex direction="column" gap="3">
        {file.localPath === null ? (
          <Text>{file.evictedAt === null ? t('recording.noFile') : t('recording.evicted')}</Text>
        ) : isVideo ? (
          // biome-ignore lint/a11y/useMediaCaption: nobody has written down what was said
          <video className="player" src={url} controls preload="metadata" aria-label={name} />
        ) : (
          // biome-ignore lint/a11y/useMediaCaption: nobody has written down what was said
          <audio className="player" src={url} controls preload="metadata" aria-label={name} />
        )}
        <Flex justify="between" gap="3" wrap="wrap" align="center">
          <Text size="2" className="numbers">{`${name} · ${formatLength(file.durationMs)} · ${size(file.bytes)}`}</Text>
          <Flex gap="2">
            {file.localPath !== null && (
              <Button asChild variant="soft" highContrast>
                <a href={`${url}?download=true`}>{t('recording.download')}</a>
              </Button>
            )}
            <Button variant="soft" highContrast onClick={() => void navigator.clipboard.writeText(file.url)}>
              {t('recording.copyLink')}
            </Button>
          </Flex>
        </Flex>
        {file.state !== 'failed' && (
          <>
            <Progress
              value={file.bytes === 0 ? 0 : (100 * file.uploadedBytes) / file.bytes}
              aria-label={file.objectKey}
            />
            <Text size="1" color="gray" highContrast>
              {t('recording.uploaded', { done: size(file.uploadedBytes), total: size(file.bytes) })}
            </Text>
          </>
        )}
      </Flex>
    </Card>
  );
}

function Participants({ recording }: { recording: RecordingAnswer }) {
  const { t } = useTranslation();
  const { participants, gaps, durationMs } = recording;
  const users = [...Map.groupBy(participants, ({ userId }) => userId)];
  const percent = (ms: number) => `${durationMs === 0 ? 0 : (100 * Math.min(ms, durationMs)) / durationMs}%`;
  if (users.length === 0) return null;
  return (
    <section aria-labelledby="participants">
      <Heading as="h3" size="4" mb="2" id="participants">
        {t('recording.participants')}
      </Heading>
      <Card>
        <Flex direction="column" gap="3">
          {users.map(([userId, stays]) => (
            <Flex key={userId} direction="column" gap="1">
              <Text size="2">{userId}</Text>
              <div className="stay-track">
                {stays.map(({ enteredAtMs, leftAtMs }) => (
                  <div
                    key={enteredAtMs}
                    className="stay-bar"
                    title={`${formatLength(enteredAtMs)} – ${formatLength(leftAtMs ?? durationMs)}`}
                    style={{ left: percent(enteredAtMs), width: percent((leftAtMs ?? durationMs) - enteredAtMs) }}
                  />
                ))}
              </div>
            </Flex>
          ))}
          {gaps.length > 0 && (
            <Flex gap="2" wrap="wrap" align="center">
              <Text size="2">{t('recording.gaps')}</Text>
              {gaps.map(({ atMs, durationMs: lengthMs, reason }) => (
                <Badge key={`${atMs} ${reason}`} color="amber" highContrast>
                  {`${formatLength(atMs)} · ${(lengthMs / 1000).toFixed(1)} s · ${reason}`}
                </Badge>
              ))}
            </Flex>
          )}
        </Flex>
      </Card>
    </section>
  );
}

function Callbacks({ recording }: { recording: RecordingAnswer }) {
  const { t, i18n } = useTranslation();
  const resend = useAction('resendCallback', ['getRecording']);
  if (recording.callbacks.length === 0) return null;
  return (
    <section aria-labelledby="callbacks">
      <Flex justify="between" align="center" mb="2" gap="3">
        <Heading as="h3" size="4" id="callbacks">
          {t('recording.callbacks')}
        </Heading>
        {recording.result && (
          <Button
            variant="soft"
            highContrast
            loading={resend.isPending}
            onClick={() => resend.mutate({ params: { id: recording.id } })}
          >
            {t('recording.resend')}
          </Button>
        )}
      </Flex>
      <Table.Root variant="surface" size="1">
        <Table.Body>
          {recording.callbacks.map(({ deliveryId, event, state, attempts, lastStatus, lastError, createdAt }) => (
            <Table.Row key={deliveryId}>
              <Table.RowHeaderCell>{event ?? t('recording.result')}</Table.RowHeaderCell>
              <Table.Cell>{t(`callback.${state}`)}</Table.Cell>
              <Table.Cell className="numbers">{t('recording.tries', { count: attempts })}</Table.Cell>
              <Table.Cell>{lastError ?? lastStatus}</Table.Cell>
              <Table.Cell>{formatTime(createdAt, i18n.language)}</Table.Cell>
            </Table.Row>
          ))}
        </Table.Body>
      </Table.Root>
    </section>
  );
}

function Facts({ recording }: { recording: RecordingAnswer }) {
  const { t, i18n } = useTranslation();
  const { id, request, endReason, startedAt, endedAt } = recording;
  const rows: [string, string][] = [
    ['id', id],
    [t('recordings.mode'), t(`mode.${request.Mode}`)],
    ['UserId', request.UserId],
    ['COS', `${request.CosConfig.Bucket} · ${request.CosConfig.Region} · ${request.CosConfig.Path}`],
    [t('recordings.started'), startedAt === null ? t('common.none') : formatTime(startedAt, i18n.language)],
    [t('recording.ended'), endedAt === null ? t('common.none') : formatTime(endedAt, i18n.language)],
    [t('recording.endReason'), endReason === null ? t('common.none') : t(`end.${endReason}`)],
  ];
  return (
    <section aria-labelledby="request">
      <Heading as="h3" size="4" mb="2" id="request">
        {t('recording.request')}
      </Heading>
      <Card>
        <DataList.Root>
          {rows.map(([label, value]) => (
            <DataList.Item key={label}>
              <DataList.Label highContrast>{label}</DataList.Label>
              <DataList.Value>{value}</DataList.Value>
            </DataList.Item>
          ))}
        </DataList.Root>
      </Card>
    </section>
  );
}

function History({ id }: { id: string }) {
  const { t, i18n } = useTranslation();
  const { data } = useRoute('getRecordingEvents', { params: { id } });
  if (!data) return null;
  return (
    <section aria-labelledby="history">
      <Heading as="h3" size="4" mb="2" id="history">
        {t('recording.history')}
      </Heading>
      <Table.Root variant="surface" size="1">
        <Table.Body>
          {data.events.map(({ seq, at, type, data: facts }) => (
            <Table.Row key={seq}>
              <Table.RowHeaderCell className="numbers">{formatTime(at, i18n.language)}</Table.RowHeaderCell>
              <Table.Cell>{type}</Table.Cell>
              <Table.Cell>
                <Code variant="ghost" size="1">
                  {JSON.stringify(facts)}
                </Code>
              </Table.Cell>
            </Table.Row>
          ))}
        </Table.Body>
      </Table.Root>
    </section>
  );
}
