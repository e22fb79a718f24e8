import { Text } from '@radix-ui/themes';
import { formatLength } from '../format.ts';

/** A stretch of a row. */
export interface Stretch {
  kind: 'there' | 'unplaced' | 'screen';
  fromMs: number;
  toMs: number;
  /** The same in words. */
  text: string;
}

export interface TimelineRow {
  name: string;
  stretches: readonly Stretch[];
}

interface TimelineProps {
  lengthMs: number;
  rows: readonly TimelineRow[];
  /** Stretches in which nothing was recorded, across all rows. */
  gaps: readonly { atMs: number; durationMs: number; text: string }[];
}

/** Places at which the axis says the time. */
const TICKS = [0, 0.25, 0.5, 0.75, 1];

/** Who was there when. The bars are for the eye; each says itself in words to whoever does not see it. */
export function Timeline({ lengthMs, rows, gaps }: TimelineProps) {
  const percent = (ms: number) => `${lengthMs === 0 ? 0 : (100 * Math.min(Math.max(0, ms), lengthMs)) / lengthMs}%`;
  return (
    <div className="timeline">
      <ul className="timeline-rows">
        {rows.map(({ name, stretches }) => (
          <li key={name} className="timeline-row">
            <Text size="2" className="timeline-name" title={name}>
              {name}
            </Text>
            <ul className="timeline-track">
              {stretches.map(({ kind, fromMs, toMs, text }) => (
                <li
                  key={`${kind} ${fromMs}`}
                  className={`timeline-bar timeline-${kind}`}
                  title={text}
                  style={{ left: percent(fromMs), width: percent(toMs - fromMs) }}
                >
                  <span className="only-heard">{text}</span>
                </li>
              ))}
              {gaps.map(({ atMs, durationMs, text }) => (
                <li
                  key={`gap ${atMs}`}
                  className="timeline-gap"
                  aria-hidden="true"
                  title={text}
                  style={{ left: percent(atMs), width: percent(durationMs) }}
                />
              ))}
            </ul>
          </li>
        ))}
      </ul>
      <div className="timeline-axis" aria-hidden="true">
        {TICKS.map((share) => (
          <span key={share} className="numbers">
            {formatLength(share * lengthMs)}
          </span>
        ))}
      </div>
    </div>
  );
}
