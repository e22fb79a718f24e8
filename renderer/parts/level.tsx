import './level.css';
import { Meter } from './meter.tsx';

/** The quietest level that is shown, decibels of full scale. */
const QUIETEST_DB = -60;

interface LevelProps {
  /** Decibels of full scale; null when nothing is heard. */
  levelDb: number | null;
  /** Whose level it is. */
  label: string;
  /** The level in words. */
  text: string;
}

/** How loud it is. */
export function Level({ levelDb, label, text }: LevelProps) {
  const share = levelShare(levelDb);
  return (
    <Meter className="level" label={label} text={text} minimum={QUIETEST_DB} maximum={0} value={levelDb ?? QUIETEST_DB}>
      <div className="level-bar" style={{ clipPath: `inset(0 ${100 - Math.round(100 * share)}% 0 0)` }} />
    </Meter>
  );
}

/** How far a level goes on a scale in decibels, 0…1. */
export function levelShare(levelDb: number | null): number {
  return levelDb === null ? 0 : Math.min(1, Math.max(0, 1 - levelDb / QUIETEST_DB));
}
