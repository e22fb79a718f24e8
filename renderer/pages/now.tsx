import { Badge, Box, Button, Callout, Card, Flex, Heading, Progress, Text } from '@radix-ui/themes';
import { useTranslation } from 'react-i18next';
import { Link } from 'wouter';
import type { RecordingAnswer } from '../../shared/api/views.ts';
import { CAPTURING_STATES } from '../../shared/recording.ts';
import { useNow } from '../data/live.ts';
import { useAction, useRoute } from '../data/queries.ts';
import { formatLength, formatSize } from '../format.ts';
import { Confirm } from '../parts/confirm.tsx';
import { roomOf, Standstill, StateBadge } from '../parts/words.tsx';

/** How many of the newest recordings are looked through for running ones: more than a box can hold at a time. */
const NEWEST = 100;

/** What is being recorded at this moment, and how much more the box could take. */
export function NowPage() {
  const { t } = useTranslation();
  const { data } = useRoute('listRecordings', { query: { limit: NEWEST } });
  const running = (data?.recordings ?? []).filter(({ state }) =>
    (CAPTURING_STATES as readonly string[]).includes(state),
  );
  return (
    <>
      <Heading as="h2" size="6">
        {t('now.title')}
      </Heading>
      <Load />
      {data && running.length === 0 && (
        <Card size="3">
          <Heading as="h3" size="4" mb="2">
            {t('now.empty')}
          </Heading>
          <Text color="gray" highContrast>
            {t('now.emptyHint')}
          </Text>
        </Card>
      )}
      <div className="cards">
        {running.map((recording) => (
          <RunningCard key={recording.id} recording={recording} />
        ))}
      </div>
    </>
  );
}

function Load() {
  const { t, i18n } = useTranslation();
  const { data } = useRoute('healthz', {}, { refetchMs: 5000 });
  if (!data?.recordings || !data.disk) return null;
  const { capturing, capacity, delivering, blocked } = data.recordings;
  const { freeBytes, reserveBytes } = data.disk;
  const size = (bytes: number) => formatSize(bytes, i18n.language);
  return (
    <>
      {data.accepting === false && (
        <Callout.Root color="red" highContrast role="status" size="1">
          <Callout.Text>{`${t('app.refusing')}: ${data.problems?.join(', ')}`}</Callout.Text>
        </Callout.Root>
      )}
      <div className="cards">
        <Meter
          title={t('now.capacity')}
          text={t('now.capacityText', { capturing, capacity, free: Math.max(0, capacity - capturing) })}
          share={capturing / capacity}
        />
        <Meter
          title={t('now.disk')}
          text={
            freeBytes === null
              ? t('now.diskAway')
              : t('now.diskText', { free: size(freeBytes), reserve: size(reserveBytes) })
          }
          share={null}
        />
        <Meter title={t('now.deliveries')} text={t('now.deliveriesText', { delivering, blocked })} share={null} />
      </div>
    </>
  );
}

function Meter({ title, text, share }: { title: string; text: string; share: number | null }) {
  return (
    <Card>
      <Text as="p" size="1" color="gray" highContrast>
        {title}
      </Text>
      <Text as="p" size="3" weight="medium" className="numbers">
        {text}
      </Text>
      {share !== null && <Progress mt="2" value={Math.round(100 * share)} aria-label={title} />}
    </Card>
  );
}

/** Length now: the box tells it now and then, the clock of this page goes on between. */
function lengthMs({ startedAt, durationMs }: RecordingAnswer, nowMs: number): number {
  return startedAt === null ? durationMs : Math.max(durationMs, nowMs - Date.parse(startedAt));
}

function RunningCard({ recording }: { recording: RecordingAnswer }) {
  const { t } = useTranslation();
  const nowMs = useNow();
  const stop = useAction('stopRecording', ['listRecordings', 'healthz']);
  const { id, request, pictures, warnings } = recording;
  return (
    <Card size="2">
      <Flex direction="column" gap="3">
        <Flex justify="between" align="center" gap="3">
          <Heading as="h3" size="4" className="ellipsis">
            <Link href={`/recordings/${id}`}>{roomOf(recording)}</Link>
          </Heading>
          <StateBadge recording={recording} />
        </Flex>
        <Flex justify="between" gap="3" className="numbers">
          <Text size="6" weight="medium">
            {formatLength(lengthMs(recording, nowMs))}
          </Text>
          <Text size="2" color="gray" highContrast align="right">
            {t(`mode.${request.Mode}`)}
          </Text>
        </Flex>
        <Participants recording={recording} />
        <Standstill recording={recording} />
        {pictures.skipped > 0 && <Badge color="amber">{t('now.skipped', { count: pictures.skipped })}</Badge>}
        {warnings.map(({ code, message }) => (
          <Callout.Root key={code} color="amber" highContrast size="1">
            <Callout.Text>{message}</Callout.Text>
          </Callout.Root>
        ))}
        <Box>
          <Confirm
            trigger={
              <Button color="red" variant="soft" highContrast loading={stop.isPending}>
                {t('now.stop')}
              </Button>
            }
            title={t('now.stopTitle')}
            text={t('now.stopText')}
            confirm={t('now.stopConfirm')}
            onConfirm={() => stop.mutate({ params: { id } })}
          />
        </Box>
      </Flex>
    </Card>
  );
}

function Participants({ recording }: { recording: RecordingAnswer }) {
  const { t } = useTranslation();
  const present = recording.participants.filter(({ leftAtMs }) => leftAtMs === null);
  if (present.length === 0) return null;
  return (
    <Flex wrap="wrap" gap="2" role="list" aria-label={t('now.participants')}>
      {present.map(({ userId, slot }) => (
        <Badge key={userId} role="listitem" color={slot === null ? 'gray' : 'blue'} variant="surface" highContrast>
          {userId}
          {slot === null && ` · ${t('now.waitingForSlot')}`}
        </Badge>
      ))}
    </Flex>
  );
}
