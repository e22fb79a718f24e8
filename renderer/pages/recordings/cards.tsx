import { Flex, Skeleton, Text } from '@radix-ui/themes';
import { useTranslation } from 'react-i18next';
import { Link } from 'wouter';
import type { RecordingAnswer } from '../../../shared/api/views.ts';
import { formatLength, formatTime } from '../../format.ts';
import { StatusLine } from '../../parts/status-line.tsx';
import { roomOf, StateBadge } from '../../parts/words.tsx';
import { sizeText } from './table.tsx';

const SKELETONS = 6;

/** One page of recordings where a table has no room. */
export function RecordingCards({ recordings }: { recordings: readonly RecordingAnswer[] | null }) {
  if (!recordings) {
    return (
      <div className="library-cards">
        {Array.from({ length: SKELETONS }, (_, card) => (
          <Skeleton key={`card ${card}`} className="library-card-skeleton" />
        ))}
      </div>
    );
  }
  return (
    <ul className="library-cards">
      {/* By place: another page fills the cards that are there. */}
      {recordings.map((recording, card) => (
        <li key={`card ${card}`}>
          <RecordingCard recording={recording} />
        </li>
      ))}
    </ul>
  );
}

function RecordingCard({ recording }: { recording: RecordingAnswer }) {
  const { t, i18n } = useTranslation();
  const facts = [
    formatTime(recording.startedAt ?? recording.createdAt, i18n.language),
    formatLength(recording.durationMs),
    sizeText(recording, i18n.language),
  ];
  return (
    <Link href={`/recordings/${recording.id}`} className="library-card">
      <Flex justify="between" align="center" gap="3">
        <Text weight="bold" className="ellipsis">
          {t('detail.room', { room: roomOf(recording) })}
        </Text>
        <StateBadge recording={recording} />
      </Flex>
      <Text as="span" size="2">
        <StatusLine recording={recording} />
      </Text>
      <Text as="span" size="1" color="gray" highContrast className="numbers">
        {facts.join(' · ')}
      </Text>
    </Link>
  );
}
