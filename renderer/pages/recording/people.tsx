import { Card, Flex, Text } from '@radix-ui/themes';
import { useTranslation } from 'react-i18next';
import type { RecordingAnswer } from '../../../shared/api/views.ts';
import { useNow } from '../../data/live.ts';
import { type Stretch, Timeline } from '../../parts/timeline.tsx';
import { Section } from './section.tsx';
import { gapText, timelineRows } from './timeline-rows.ts';

const LEGENDS = { there: 'legendThere', unplaced: 'legendUnplaced', screen: 'legendScreen' } as const;

/** Who was there when, and where something is missing. */
export function People({ recording }: { recording: RecordingAnswer }) {
  const { t } = useTranslation();
  const nowMs = useNow(recording.state === 'recording' ? 1000 : 60_000);
  const lengthMs = lengthNowMs(recording, nowMs);
  const rows = timelineRows(recording, lengthMs, t);
  const gaps = recording.gaps.map((gap) => ({ ...gap, text: gapText(gap, t) }));
  const kinds = new Set<Stretch['kind']>(rows.flatMap(({ stretches }) => stretches.map(({ kind }) => kind)));
  return (
    <Section title={t('detail.people')}>
      <Card size="2">
        {rows.length === 0 ? (
          <Text as="p" size="2" color="gray" highContrast>
            {t('detail.nobody')}
          </Text>
        ) : (
          <Timeline lengthMs={lengthMs} rows={rows} gaps={gaps.filter(({ cut }) => !cut)} />
        )}
        {rows.length > 0 && (
          <Flex gap="4" wrap="wrap" mt="3" aria-hidden="true">
            {[...kinds].map((kind) => (
              <Legend key={kind} kind={kind} text={t(`detail.${LEGENDS[kind]}`)} />
            ))}
            {gaps.length > 0 && <Legend kind="gap" text={t('detail.legendGap')} />}
          </Flex>
        )}
        {gaps.length > 0 && (
          <ul className="gap-list" aria-label={t('detail.gaps')}>
            {gaps.map(({ atMs, reason, text }) => (
              <li key={`${atMs} ${reason}`}>
                <Text size="2">{text}</Text>
              </li>
            ))}
          </ul>
        )}
      </Card>
    </Section>
  );
}

/** Length on the timeline now: the box tells it now and then, the clock of this page goes on between. */
export function lengthNowMs({ state, startedAt, durationMs }: RecordingAnswer, nowMs: number): number {
  if (state !== 'recording' || startedAt === null) return durationMs;
  return Math.max(durationMs, nowMs - Date.parse(startedAt));
}

function Legend({ kind, text }: { kind: string; text: string }) {
  return (
    <Flex align="center" gap="2">
      <span className={`legend timeline-${kind}`} />
      <Text size="1">{text}</Text>
    </Flex>
  );
}
