import type { Gap } from '../../shared/recording.ts';
import type { Resume } from './messages.ts';

/** Where a recording goes on after nobody recorded it for a while. */
export interface Reentry {
  /** Position on the timeline now. */
  positionMs: number;
  /** Where the mix goes on: what is missing up to `positionMs` is made up for with held picture and silence. */
  mixStartMs: number;
  /** Everything ever left out of the timeline, this time included. */
  cutMs: number;
  /** What is missing; never empty, but possibly of length 0 when a clock was set back. */
  gaps: Gap[];
}

/**
 * Places a process that has come back into the room on the timeline. A hole up to `fillGapMs` stays on it; a longer one is left out,
 * so that neither days of absence nor a clock that jumped by years become silence in the file. A clock that was set back moves nothing:
 * the timeline never runs backwards.
 */
export function reenter(resume: Resume, epochMs: number, fillGapMs: number): Reentry {
  const { t0EpochMs, timelineMs, knownMs, absence } = resume;
  const mixEndMs = resume.outputs.find(({ output }) => output === 'mix')?.timelineMs ?? timelineMs;
  const wallMs = epochMs - t0EpochMs - resume.cutMs;
  const reachedMs = Math.max(timelineMs, knownMs);
  const isCut = wallMs - timelineMs > fillGapMs;
  const positionMs = isCut ? reachedMs : Math.max(reachedMs, wallMs);
  const gaps: Gap[] = [];
  if (!isCut || positionMs > timelineMs) gaps.push(gapOf(timelineMs, positionMs - timelineMs, absence, false));
  const cutMs = isCut ? Math.max(0, wallMs - positionMs) : 0;
  if (cutMs > 0) gaps.push(gapOf(positionMs, cutMs, absence, true));
  return {
    positionMs,
    mixStartMs: positionMs - mixEndMs > fillGapMs ? positionMs : mixEndMs,
    cutMs: resume.cutMs + cutMs,
    gaps,
  };
}

function gapOf(atMs: number, durationMs: number, reason: Gap['reason'], cut: boolean): Gap {
  return { atMs: Math.round(atMs), durationMs: Math.round(durationMs), reason, cut };
}
