import { type CountedContent, FPS, STEP_SECONDS } from './counted-clip.ts';

/** What a recording of the counted clip lost, and whether kills explain it. Pure. */

/** A process that was killed while the recording was being made. */
export interface KillMark {
  /** Number of the kill in its run. */
  n: number;
  epochMs: number;
  /** Where on the recording's timeline its running process had begun, as the box told just before the kill; null when it had not. */
  beganAtMs: number | null;
}

export interface LossInput {
  content: CountedContent;
  /** t=0 of the recording's timeline. */
  startedAtMs: number;
  /** How long the room sent. */
  roomSeconds: number;
  /** In the order of time. */
  kills: readonly KillMark[];
  /** As the box declares them, on the recording's timeline. */
  gaps: readonly { atMs: number; durationMs: number }[];
  /** Its encoder could not keep up for some time, and had to be replaced by a lighter one or not. */
  isEncoderSlow?: boolean;
}

/** Stretch of the room's time that is not in the file. */
export interface Hole {
  of: 'pictures' | 'sound';
  fromSeconds: number;
  toSeconds: number;
}

/** What a kill cost: content that had been received when it struck and is not in the file. */
export interface LostTail {
  kill: number;
  of: Hole['of'];
  seconds: number;
}

export interface Loss {
  holes: Hole[];
  lostTails: LostTail[];
  /** What no kill explains, as sentences; empty when all is well. */
  problems: string[];
}

/** More than this may not be lost by a kill. */
export const MAX_LOST_TAIL_SECONDS = 2;
/** Nor this of a recording whose encoder is too slow: pictures wait longer, and while it is replaced the old one has its rest to do. */
export const MAX_LOST_TAIL_SLOW_SECONDS = 3;
/** Pictures left out by a busy machine are no hole. */
const SHORTEST_HOLE_SECONDS = 0.6;
/** Nor are longer ones of an encoder that is too slow: how many were left out is told, and the others stand where they belong. */
const SHORTEST_HOLE_SLOW_SECONDS = 2;
/** How far from its place content may be: ticks, the way through the mixer, a busy machine. */
const PLACE_SECONDS = 0.5;
/** After a gap the encoder is fed what it missed; meanwhile a busy machine shows pictures ahead of their time. */
const CATCH_UP_SECONDS = 2;
/** How far declared gaps may be off from what pictures and tones show. */
const GAP_SECONDS = 0.7;
/** The same where the machine is too slow: pictures come long after the room was entered. */
const GAP_SLOW_SECONDS = 1.2;
const WINDOW_SECONDS = 0.1;

/** Judges a file against its room. @returns all that is wrong, not only the first */
export function measureLoss(input: LossInput): Loss {
  const { content } = input;
  const problems: string[] = [];
  const shift = shiftOf(input);
  problems.push(...lateBegin(input, shift));
  const holes = [
    ...holesOf('pictures', seenPictures(input, shift, problems), shift, input),
    ...holesOf('sound', heardSeconds(content.steps, shift, problems), shift, input),
  ];
  const lostTails: LostTail[] = [];
  for (const hole of holes) {
    const tails = tailsOf(hole, input, shift);
    const where = `${hole.of} of ${hole.fromSeconds.toFixed(2)}–${hole.toSeconds.toFixed(2)} s are not in the file`;
    if (tails.length === 0) problems.push(`${where}, and nothing was killed then`);
    for (const { seconds, kill } of tails) {
      if (seconds > mostLostSeconds(input)) problems.push(`${where}: kill ${kill} cost ${seconds.toFixed(2)} s`);
    }
    if (!isDeclared(hole, input, shift)) problems.push(`${where}, and no declared gap covers it`);
    lostTails.push(...tails);
  }
  return { holes, lostTails, problems };
}

/**
 * Room time minus file time in seconds. Not quite 0: the room's time began when it let the recorder in, the recording's when the box
 * wrote that down, which after a kill may be a later time. What stands in for a gap tells nothing about it.
 */
function shiftOf({ content, gaps }: LossInput): number {
  const pictures = freshPictures(content.numbers)
    .filter(({ index }) => !isInGap(index / FPS, gaps))
    .map(({ number, index }) => (number - index) / FPS)
    .sort((a, b) => a - b);
  return pictures[pictures.length >> 1] ?? 0;
}

function isInGap(seconds: number, gaps: LossInput['gaps']): boolean {
  return gaps.some(({ atMs, durationMs }) => {
    return seconds >= atMs / 1000 - PLACE_SECONDS && seconds <= (atMs + durationMs) / 1000 + CATCH_UP_SECONDS;
  });
}

/** Only a kill before the box knew that it was in the room may have cost the beginning, and no more of it than of any other stretch. */
function lateBegin(input: LossInput, shift: number): string[] {
  const { kills, startedAtMs } = input;
  if (shift <= PLACE_SECONDS) return [];
  const before = kills.filter(({ epochMs }) => epochMs <= startedAtMs + PLACE_SECONDS * 1000);
  if (before.length === 0)
    return [`the recording begins ${shift.toFixed(2)} s after its room, and nothing was killed before`];
  return before.flatMap(({ n, epochMs, beganAtMs }) => {
    const seconds = (epochMs - startedAtMs) / 1000 + shift;
    const isTooLate = beganAtMs === null && seconds > mostLostSeconds(input) && n === before[0]?.n;
    return isTooLate ? [`kill ${n} cost the first ${seconds.toFixed(2)} s`] : [];
  });
}

/** Pictures that show a number for the first time: the others are held. */
function freshPictures(numbers: CountedContent['numbers']): { number: number; index: number }[] {
  const fresh: { number: number; index: number }[] = [];
  const seen = new Set<number>();
  for (const [index, number] of numbers.entries()) {
    if (number === null || seen.has(number)) continue;
    seen.add(number);
    fresh.push({ number, index });
  }
  return fresh;
}

/** Seconds of the room's time at which something new was seen. What stands in for a gap may be any picture. */
function seenPictures({ content, gaps }: LossInput, shift: number, problems: string[]): number[] {
  const fresh = freshPictures(content.numbers);
  const misplaced = fresh.find(({ number, index }) => {
    return Math.abs((number - index) / FPS - shift) > PLACE_SECONDS && !isInGap(index / FPS, gaps);
  });
  if (misplaced) {
    const { number, index } = misplaced;
    problems.push(`the file shows picture ${number} at ${(index / FPS).toFixed(2)} s (room begins at ${shift} s)`);
  }
  return fresh.map(({ number }) => number / FPS).sort((a, b) => a - b);
}

/** Seconds of the room's time at which its own sound of that time is heard. */
function heardSeconds(steps: CountedContent['steps'], shift: number, problems: string[]): number[] {
  const heard: number[] = [];
  let wrong: string | null = null;
  for (const [index, step] of steps.entries()) {
    if (step === null) continue;
    const at = index * WINDOW_SECONDS + shift;
    const early = Math.floor((at - PLACE_SECONDS) / STEP_SECONDS);
    const late = Math.floor((at + WINDOW_SECONDS + PLACE_SECONDS) / STEP_SECONDS);
    if (step < early || step > late) wrong ??= `tone ${step} is heard at ${at.toFixed(2)} s of the room`;
    heard.push(at);
  }
  if (wrong !== null) problems.push(wrong);
  return heard;
}

/** Stretches longer than the shortest hole between moments of content, from the recording's beginning to the room's end. */
function holesOf(of: Hole['of'], moments: readonly number[], shift: number, input: LossInput): Hole[] {
  const { roomSeconds, isEncoderSlow } = input;
  const shortest = of === 'pictures' && isEncoderSlow ? SHORTEST_HOLE_SLOW_SECONDS : SHORTEST_HOLE_SECONDS;
  const holes: Hole[] = [];
  let last = Math.max(0, shift);
  for (const moment of [...moments, roomSeconds]) {
    if (moment - last > shortest) holes.push({ of, fromSeconds: last, toSeconds: moment });
    last = Math.max(last, moment);
  }
  return holes;
}

/**
 * The first kill of a hole lost what lies between the hole's beginning and itself. A later one can only have lost what the process it
 * struck had received: from the moment on at which that process had begun, if it had begun at all since the kill before.
 */
function tailsOf(hole: Hole, input: LossInput, shift: number): LostTail[] {
  const { kills, startedAtMs } = input;
  const tails: LostTail[] = [];
  let before = Number.NEGATIVE_INFINITY;
  for (const { n, epochMs, beganAtMs } of kills) {
    const at = (epochMs - startedAtMs) / 1000 + shift;
    if (at < hole.fromSeconds - PLACE_SECONDS || at > hole.toSeconds + PLACE_SECONDS) continue;
    const isFirst = before === Number.NEGATIVE_INFINITY;
    const began = beganAtMs === null ? null : beganAtMs / 1000 + shift;
    const receivedFrom = isFirst ? hole.fromSeconds : began !== null && began > before ? began : null;
    before = at;
    if (receivedFrom !== null) tails.push({ kill: n, of: hole.of, seconds: Math.max(0, at - receivedFrom) });
  }
  return tails.length > 0 ? tails : lostWithTheOlder(hole, input, shift);
}

/**
 * A process that was killed while it replaced its encoder had two of them: the end of the older one is lost as well, and what the newer one
 * has written begins after that.
 */
function lostWithTheOlder(hole: Hole, input: LossInput, shift: number): LostTail[] {
  if (!input.isEncoderSlow) return [];
  const after = input.kills
    .map(({ n, epochMs }) => ({ n, at: (epochMs - input.startedAtMs) / 1000 + shift }))
    .find(({ at }) => at > hole.toSeconds && at - hole.fromSeconds <= MAX_LOST_TAIL_SLOW_SECONDS);
  return after ? [{ kill: after.n, of: hole.of, seconds: after.at - hole.fromSeconds }] : [];
}

function mostLostSeconds({ isEncoderSlow }: LossInput): number {
  return isEncoderSlow ? MAX_LOST_TAIL_SLOW_SECONDS : MAX_LOST_TAIL_SECONDS;
}

/** A hole that goes on to the room's end needs no gap: the recorder came back when nobody was there any more. */
function isDeclared(hole: Hole, { gaps, roomSeconds, isEncoderSlow }: LossInput, shift: number): boolean {
  const slack = isEncoderSlow ? GAP_SLOW_SECONDS : GAP_SECONDS;
  if (hole.toSeconds >= roomSeconds) return true;
  let coveredTo = hole.fromSeconds;
  for (const { atMs, durationMs } of gaps.toSorted((a, b) => a.atMs - b.atMs)) {
    const from = atMs / 1000 + shift;
    if (from <= coveredTo + slack) coveredTo = Math.max(coveredTo, from + durationMs / 1000);
  }
  return coveredTo >= hole.toSeconds - slack;
}
