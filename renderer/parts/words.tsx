import { Badge, Text } from '@radix-ui/themes';
import { useTranslation } from 'react-i18next';
import type { RecordingAnswer } from '../../shared/api/views.ts';
import { useNow } from '../data/live.ts';
import { formatDistance } from '../format.ts';

type Facts = Pick<RecordingAnswer, 'state' | 'blocked'>;

function colourOf({ state, blocked }: Facts): 'red' | 'green' | 'gray' | 'blue' | 'amber' {
  if (blocked) return 'amber';
  switch (state) {
    case 'recording':
      return 'red';
    case 'done':
      return 'green';
    case 'failed':
      return 'amber';
    case 'accepted':
    case 'joining':
    case 'waiting':
      return 'gray';
    default:
      return 'blue';
  }
}

/** A recording's state as a word on a colour; the colour alone says nothing that the word does not. */
export function StateBadge({ recording }: { recording: Facts }) {
  const { t } = useTranslation();
  return (
    <Badge color={colourOf(recording)} highContrast>
      {t(`state.${recording.state}`)}
    </Badge>
  );
}

/** Why a recording waits and when it is tried again; nothing while it goes its way. */
export function Standstill({ recording }: { recording: RecordingAnswer }) {
  const { t, i18n } = useTranslation();
  const nowMs = useNow();
  const { blocked, waiting, nextAttemptAt } = recording;
  const reason = blocked ?? waiting;
  if (!reason) return null;
  const next = nextAttemptAt && Date.parse(nextAttemptAt) > nowMs;
  return (
    <Text as="p" size="2">
      {reason.message}
      {reason.remedy && ` ${reason.remedy}`}
      {next && (
        <Text color="gray" highContrast>
          {` (${t('recording.nextTry', { when: formatDistance(nextAttemptAt, nowMs, i18n.language) })})`}
        </Text>
      )}
    </Text>
  );
}

/** The room's number or name. */
export function roomOf({ request }: Pick<RecordingAnswer, 'request'>): string {
  return request.RoomId === null ? (request.StrRoomId ?? '') : String(request.RoomId);
}
