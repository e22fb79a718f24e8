/**
 * Loaded into a capture process before everything else (`--import`): once its encoder has run for some seconds, the process's clocks and
 * timers go on as fast as the encoder takes what it is given. Nothing else about the process is another one.
 */
import childProcess from 'node:child_process';
import { syncBuiltinESMExports } from 'node:module';
import type { Writable } from 'node:stream';

interface Timer {
  dueMs: number;
  /** Null: once. */
  everyMs: number | null;
  run: () => void;
}

/** What runs beside the recording at its start (decoding sound, entering) takes the time it takes. */
const REAL_UNTIL_MS = 8_000;
const LOOK_REAL_MS = 1;
/** What the encoder reads. */
const INPUT = 'pipe:0';

const realNow = performance.now.bind(performance);
const realTimeout = globalThis.setTimeout;
const realImmediate = globalThis.setImmediate;
const epochOfZeroMs = Date.now() - realNow();
const timers = new Set<Timer>();
let nowMs = realNow();
let seenRealMs = nowMs;
let inputs: { stream: Writable; sinceMs: number }[] = [];

Object.defineProperty(performance, 'now', { value: () => nowMs });
Date.now = () => Math.round(epochOfZeroMs + nowMs);
const start = (run: () => void, delayMs: number, isRepeated: boolean) => {
  const waitMs = Math.max(1, delayMs || 0);
  const timer: Timer = { dueMs: nowMs + waitMs, everyMs: isRepeated ? waitMs : null, run };
  timers.add(timer);
  // Whoever has a timer may say that the process need not live for it; this one ends when it is told to.
  const handle = { unref: () => handle, ref: () => handle, hasRef: () => true, timer };
  return handle;
};
const stop = (handle: unknown) => {
  if (typeof handle === 'object' && handle !== null && 'timer' in handle) timers.delete(handle.timer as Timer);
};
const repeated =
  (isRepeated: boolean) =>
  (run: (...args: unknown[]) => void, delayMs?: number, ...args: unknown[]) =>
    start(() => run(...args), delayMs ?? 0, isRepeated);
Object.assign(globalThis, {
  setTimeout: repeated(false),
  setInterval: repeated(true),
  clearTimeout: stop,
  clearInterval: stop,
});

const realSpawn = childProcess.spawn;
childProcess.spawn = ((...args: Parameters<typeof realSpawn>) => {
  const child = realSpawn(...args);
  const words: unknown = args[1];
  if (Array.isArray(words) && words.includes(INPUT) && child.stdin) {
    inputs.push({ stream: child.stdin, sinceMs: realNow() });
  }
  return child;
}) as typeof realSpawn;
syncBuiltinESMExports();

function turn(): void {
  const realMs = realNow();
  inputs = inputs.filter(({ stream }) => !stream.destroyed && !stream.writableEnded);
  const [first] = inputs;
  const isFast = first !== undefined && realMs - first.sinceMs > REAL_UNTIL_MS;
  const isTaken = inputs.every(({ stream }) => stream.writableLength === 0);
  const next = earliest();
  if (!isFast) nowMs += realMs - seenRealMs;
  else if (isTaken && next) nowMs = Math.max(nowMs, next.dueMs);
  seenRealMs = realMs;
  if (next && next.dueMs <= nowMs) {
    if (next.everyMs === null) timers.delete(next);
    else next.dueMs += next.everyMs;
    next.run();
    realImmediate(turn);
  } else if (isFast && isTaken) realImmediate(turn);
  else realTimeout(turn, LOOK_REAL_MS);
}

function earliest(): Timer | undefined {
  let found: Timer | undefined;
  for (const timer of timers) if (!found || timer.dueMs < found.dueMs) found = timer;
  return found;
}

realImmediate(turn);
