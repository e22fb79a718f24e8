import { Button, Card, Flex, Heading, Select, Text } from '@radix-ui/themes';
import type { TFunction } from 'i18next';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { RecordingAnswer } from '../../../shared/api/views.ts';
import { CAPTURING_STATES, mediaOf } from '../../../shared/recording.ts';
import { useNow } from '../../data/live.ts';
import { useRoute } from '../../data/queries.ts';
import { formatDistance } from '../../format.ts';
import { CopyButton } from '../../parts/copy.tsx';
import { Player } from '../../parts/player.tsx';
import { gapWord } from './audit-words.ts';
import { type Chapter, type ChapterEvent, chaptersOf } from './chapters.ts';
import { Section } from './section.tsx';

type File = RecordingAnswer['files'][number];

/** The recording to look at and to listen to, or why there is nothing to play. */
export function Watch({ recording }: { recording: RecordingAnswer }) {
  const { t } = useTranslation();
  const [chosen, setChosen] = useState(0);
  const { files, state } = recording;
  const index = Math.min(chosen, files.length - 1);
  const file = files[index];
  const isGrowing = (CAPTURING_STATES as readonly string[]).includes(state) || state === 'finalizing';
  return (
    <Section title={t('detail.player')}>
      <Card size="2">
        <Flex direction="column" gap="3">
          {files.length > 1 && <FileChoice files={files} index={index} onChoose={setChosen} />}
          {file && !isGrowing ? (
            <Watched key={index} recording={recording} file={file} index={index} />
          ) : (
            <Note title={t(isGrowing ? 'detail.notYetTitle' : 'detail.noFileTitle')}>
              {isGrowing ? t('detail.notYetText') : null}
            </Note>
          )}
        </Flex>
      </Card>
    </Section>
  );
}

/** Whose file it is. */
export function fileTitle({ stream, userId }: File, t: TFunction): string {
  return t(`detail.${stream}`, { user: userId });
}

function FileChoice({
  files,
  index,
  onChoose,
}: {
  files: readonly File[];
  index: number;
  onChoose(index: number): void;
}) {
  const { t } = useTranslation();
  return (
    <Flex align="center" gap="3">
      <Select.Root value={String(index)} onValueChange={(value) => onChoose(Number(value))}>
        <Select.Trigger aria-label={t('detail.file')} />
        <Select.Content>
          {files.map((file, at) => (
            <Select.Item key={file.objectKey} value={String(at)}>
              {fileTitle(file, t)}
            </Select.Item>
          ))}
        </Select.Content>
      </Select.Root>
    </Flex>
  );
}

function Note({ title, children }: { title: string; children?: React.ReactNode }) {
  return (
    <div className="player-note">
      <Heading as="h4" size="3">
        {title}
      </Heading>
      {children && (
        <Text as="p" size="2" color="gray" highContrast>
          {children}
        </Text>
      )}
    </div>
  );
}

function Watched({ recording, file, index }: { recording: RecordingAnswer; file: File; index: number }) {
  const { t } = useTranslation();
  const { id, request } = recording;
  const media = mediaOf(request.Mode);
  const { file: source, thumbnail, waveform } = file.links;
  const { data } = useRoute(
    'getWaveform',
    { params: { id, index } },
    { enabled: waveform !== undefined && source !== undefined },
  );
  if (source === undefined)
    return file.evictedAt === null ? <Note title={t('detail.noFileTitle')} /> : <Evicted file={file} />;
  const chapters = chaptersOf(recording, file).map((chapter) => ({
    atMs: chapter.atMs,
    title: chapterTitle(chapter, t),
  }));
  return (
    <Player
      source={source}
      name={file.objectKey.split('/').at(-1) ?? id}
      hasPictures={media.video}
      poster={thumbnail}
      lengthMs={file.durationMs}
      peaks={data?.peaks ?? []}
      chapters={chapters}
    />
  );
}

/** The file is in COS only. */
function Evicted({ file }: { file: File }) {
  const { t, i18n } = useTranslation();
  const nowMs = useNow(60_000);
  const when = file.evictedAt === null ? '' : formatDistance(file.evictedAt, nowMs, i18n.language);
  return (
    <div className="player-note">
      <Heading as="h4" size="3">
        {t('detail.evictedTitle', { when })}
      </Heading>
      <Text as="p" size="2" color="gray" highContrast>
        {t('detail.evictedText')}
      </Text>
      <Flex gap="2" mt="2" wrap="wrap" justify="center">
        <Button asChild variant="soft" highContrast>
          <a href={file.url} target="_blank" rel="noreferrer">
            {t('detail.open')}
          </a>
        </Button>
        <CopyButton size="2" text={file.url} what={t('detail.link')}>
          {t('detail.copy', { what: t('detail.link') })}
        </CopyButton>
      </Flex>
    </div>
  );
}

/** Everything that happened at a place, in one line. */
function chapterTitle({ events }: Chapter, t: TFunction): string {
  return events.map((event) => eventTitle(event, t)).join(', ');
}

function eventTitle(event: ChapterEvent, t: TFunction): string {
  switch (event.kind) {
    case 'start':
      return t('detail.start');
    case 'gap':
      return t('detail.gapAt', { reason: gapWord(event.reason, t) });
    default:
      return t(`detail.${event.kind}`, { user: event.userId });
  }
}
