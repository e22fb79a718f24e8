import { Button, Callout, Card, Flex, Heading, Text } from '@radix-ui/themes';
import { memo, useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'wouter';
import { ApiError } from '../../shared/api/client.ts';
import type { Progress } from '../../shared/api/messages.ts';
import type { RecordingAnswer } from '../../shared/api/views.ts';
import { mediaOf } from '../../shared/recording.ts';
import { useNow, useProgress } from '../data/live.ts';
import { useAction } from '../data/queries.ts';
import { formatLength, formatSize } from '../format.ts';
import { Confirm } from '../parts/confirm.tsx';
import { Level } from '../parts/level.tsx';
import { LivePicture, SoundPicture } from '../parts/live-picture.tsx';
import { ParticipantChips } from '../parts/participant-chips.tsx';
import { roomOf, Standstill, StateBadge } from '../parts/words.tsx';

type Live = NonNullable<Progress['live']>;

/** Seconds of sound that are shown of a recording without pictures. */
const SOUND_SECONDS = 48;
/** Below this the encoder does not keep up. */
const KEEPS_UP = 0.97;

/** One running recording; drawn anew only when there is news of it. */
export const NowCard = memo(function NowCard({ recording }: { recording: RecordingAnswer }) {
  const { t } = useTranslation();
  const progress = useProgress(recording.id);
  const live = progress?.live ?? null;
  const { id, request, warnings } = recording;
  const media = mediaOf(request.Mode);
  const room = roomOf(recording);
  return (
    <Card size="2" className="now-card" asChild>
      <article aria-labelledby={`room-${id}`}>
        {media.video ? (
          <LivePicture
            recordingId={id}
            alt={t('now.pictureAlt', { room })}
            empty={t('now.pictureNotYet')}
            isRunning={live !== null}
          />
        ) : (
          <Sound live={live} label={t('now.soundAlt', { room })} />
        )}
        <Flex direction="column" gap="3" p="4" flexGrow="1">
          <Flex justify="between" align="center" gap="3">
            <Heading as="h3" size="4" className="ellipsis" id={`room-${id}`}>
              <Link href={`/recordings/${id}`}>{t('now.room', { room })}</Link>
            </Heading>
            <StateBadge recording={recording} />
          </Flex>
          <Text as="p" size="2" color="gray" highContrast mt="-2">
            {t(`mode.${request.Mode}`)}
          </Text>
          <Numbers recording={recording} live={live} />
          {media.audio && <SoundLevel live={live} />}
          <People live={live} media={media} />
          <Standstill recording={recording} />
          <Trouble
            skipped={Math.max(recording.pictures.skipped, progress?.pictures.skipped ?? 0)}
            warnings={warnings}
          />
          <Flex mt="auto" justify="between" align="end" gap="3">
            <Encoder live={live} />
            <Stop id={id} room={room} />
          </Flex>
        </Flex>
      </article>
    </Card>
  );
});

/** Length now: the box tells it now and then, the clock of this page goes on between. */
function lengthMs({ startedAt, durationMs }: RecordingAnswer, nowMs: number): number {
  return startedAt === null ? durationMs : Math.max(durationMs, nowMs - Date.parse(startedAt));
}

function Numbers({ recording, live }: { recording: RecordingAnswer; live: Live | null }) {
  const { t, i18n } = useTranslation();
  const nowMs = useNow();
  return (
    <dl className="now-numbers numbers">
      <div>
        <dt>{t('now.length')}</dt>
        <dd>{formatLength(lengthMs(recording, nowMs))}</dd>
      </div>
      <div>
        <dt>{t('now.size')}</dt>
        <dd>{live ? formatSize(live.bytesWritten, i18n.language) : '–'}</dd>
      </div>
    </dl>
  );
}

/** Of the mix; where there is none, of the loudest participant. */
function loudest(live: Live | null): number | null {
  if (live === null) return null;
  const levels = [live.levelDb, ...live.participants.map(({ levelDb }) => levelDb)].filter((level) => level !== null);
  return live.levelDb ?? (levels.length > 0 ? Math.max(...levels) : null);
}

function SoundLevel({ live }: { live: Live | null }) {
  const { t } = useTranslation();
  const levelDb = loudest(live);
  const text = levelDb === null ? t('now.silent') : t('now.levelText', { level: String(levelDb).replace('-', '−') });
  return (
    <Flex align="center" gap="3">
      <div className="now-level">
        <Level levelDb={levelDb} label={t('now.level')} text={text} />
      </div>
      <Text size="1" color="gray" highContrast className="now-level-text numbers">
        {text}
      </Text>
    </Flex>
  );
}

function Sound({ live, label }: { live: Live | null; label: string }) {
  const [levels, setLevels] = useState<readonly (number | null)[]>(() => Array(SOUND_SECONDS).fill(null));
  useEffect(() => {
    if (live) setLevels((before) => [...before.slice(1), loudest(live)]);
  }, [live]);
  return <SoundPicture levels={levels} label={label} />;
}

function People({ live, media }: { live: Live | null; media: { video: boolean; audio: boolean } }) {
  const { t } = useTranslation();
  if (live === null) return null;
  if (live.participants.length > 0) return <ParticipantChips participants={live.participants} media={media} />;
  return (
    <Text as="p" size="2" color="gray" highContrast>
      {t('now.nobody')}
    </Text>
  );
}

function Trouble({ skipped, warnings }: { skipped: number; warnings: RecordingAnswer['warnings'] }) {
  const { t } = useTranslation();
  return (
    <>
      {skipped > 0 && <Notice text={t('now.skipped', { count: skipped })} />}
      {warnings.map(({ code, message }) => (
        <Notice key={code} text={message} />
      ))}
    </>
  );
}

function Notice({ text }: { text: string }) {
  return (
    <Callout.Root color="amber" highContrast size="1">
      <Callout.Text>{text}</Callout.Text>
    </Callout.Root>
  );
}

function Encoder({ live }: { live: Live | null }) {
  const { t, i18n } = useTranslation();
  const speed = live?.encoder.speed ?? null;
  const number = new Intl.NumberFormat(i18n.language, { minimumFractionDigits: 2, maximumFractionDigits: 2 });
  const pace = speed !== null && t('now.speed', { speed: number.format(speed) });
  return (
    <Text
      as="p"
      size="1"
      color={speed !== null && speed < KEEPS_UP ? 'amber' : 'gray'}
      highContrast
      className="numbers"
    >
      {live && `${t('now.encoder')}: ${live.encoder.name}`}
      {pace && <br />}
      {pace}
    </Text>
  );
}

function Stop({ id, room }: { id: string; room: string }) {
  const { t } = useTranslation();
  const stop = useAction('stopRecording', ['listRecordings', 'healthz']);
  const problem = stop.error instanceof ApiError ? `${stop.error.problem.detail} ${stop.error.problem.remedy}` : null;
  const isAsked = stop.isPending || stop.isSuccess;
  return (
    <Flex direction="column" gap="2" align="end">
      {stop.error && (
        <Text as="p" size="2" color="red" role="alert">
          {problem ?? t('common.error')}
        </Text>
      )}
      <Confirm
        trigger={
          <Button color="red" variant="soft" highContrast disabled={isAsked} aria-label={t('now.stopNamed', { room })}>
            {isAsked ? t('now.stopping') : t('now.stop')}
          </Button>
        }
        title={t('now.stopTitle')}
        text={t('now.stopText')}
        confirm={t('now.stopConfirm')}
        onConfirm={() => stop.mutate({ params: { id } })}
      />
    </Flex>
  );
}
