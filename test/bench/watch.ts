import { childrenOf, cpuTime, peakMemoryBytes, preciseSeconds, treeUse } from './cpu.ts';

const POLL_MS = 50;
/** Going through the pages and threads of processes takes the system some time. */
const LOOKS_PER_SUM = 20;
const ENCODER_MARK = 'pipe:0';

/**
 * Of a room: a recording that has just begun still compiles its code, which for code that runs fifty times a second takes V8 half a minute,
 * and the end is none of the rate either.
 */
export const STEADY_AFTER_SECONDS = 30;
export const STEADY_UNTIL_END_SECONDS = 2;

/** What a recording costs while it runs, in parts of a core, and what it cost to get there. */
export interface Steady {
  main: number;
  capture: number;
  encoder: number;
  /** CPU seconds of all processes before that, beyond what they would have taken at this rate since the encoder began. */
  startSeconds: number;
}

/** What a look at the box's processes has seen. */
export interface Seen {
  captureSeconds: number;
  simulationSeconds: number;
  encoderArgs: string[];
  peakBytes: { main: number; capture: number; encoder: number };
  peakTogetherBytes: number;
}

/** CPU seconds until a moment. */
interface Mark {
  atMs: number;
  main: number;
  capture: number;
  encoder: number;
}

/**
 * Looks at the box's processes until it is stopped. What a process spent is known exactly once its parent has waited for it.
 * @param seconds length of the room
 */
export function watchProcesses(boxPid: number, seconds: number) {
  const seen: Seen = {
    captureSeconds: 0,
    simulationSeconds: 0,
    encoderArgs: [],
    peakBytes: { main: 0, capture: 0, encoder: 0 },
    peakTogetherBytes: 0,
  };
  const mainBefore = preciseSeconds(boxPid);
  let looks = 0;
  let capturePid: number | null = null;
  let encoder: { pid: number; sinceMs: number } | null = null;
  let from: Mark | null = null;
  let until: Mark | null = null;
  const look = () => {
    capturePid ??=
      childrenOf(boxPid).find(({ argv }) => argv.some((word) => word.includes('capture-main')))?.pid ?? null;
    if (capturePid === null) return;
    const capture = cpuTime(capturePid);
    if (!capture) return;
    seen.captureSeconds = Math.max(seen.captureSeconds, capture.ownSeconds);
    if (encoder === null) {
      const child = childrenOf(capturePid).find(({ argv }) => argv.includes(ENCODER_MARK));
      if (!child) return;
      encoder = { pid: child.pid, sinceMs: performance.now() };
      seen.encoderArgs = child.argv.slice(1);
      // Everything the capture process has waited for before its encoder ran belongs to the simulation.
      seen.simulationSeconds = capture.endedChildrenSeconds;
    }
    const { peakBytes } = seen;
    peakBytes.main = Math.max(peakBytes.main, peakMemoryBytes(boxPid));
    peakBytes.capture = Math.max(peakBytes.capture, peakMemoryBytes(capturePid));
    peakBytes.encoder = Math.max(peakBytes.encoder, peakMemoryBytes(encoder.pid));
    looks += 1;
    if (looks % LOOKS_PER_SUM !== 0) return;
    seen.peakTogetherBytes = Math.max(seen.peakTogetherBytes, treeUse(boxPid).bytes);
    const pids = { main: boxPid, capture: capturePid, encoder: encoder.pid };
    const elapsedSeconds = (performance.now() - encoder.sinceMs) / 1000;
    if (elapsedSeconds < STEADY_AFTER_SECONDS || elapsedSeconds > seconds - STEADY_UNTIL_END_SECONDS) return;
    until = markOf(pids);
    from ??= until;
  };
  const timer = setInterval(look, POLL_MS);
  return {
    stop: (): Seen & { steady: Steady | null } => {
      clearInterval(timer);
      return { ...seen, steady: steadyOf({ from, until, mainBefore, sinceMs: encoder?.sinceMs ?? 0 }) };
    },
  };
}

function markOf(pids: { main: number; capture: number; encoder: number }): Mark {
  const [main, capture, encoder] = [pids.main, pids.capture, pids.encoder].map(preciseSeconds) as [
    number,
    number,
    number,
  ];
  return { atMs: performance.now(), main, capture, encoder };
}

/** Null when the room was too short. */
function steadyOf({
  from,
  until,
  mainBefore,
  sinceMs,
}: {
  from: Mark | null;
  until: Mark | null;
  mainBefore: number;
  sinceMs: number;
}): Steady | null {
  if (!from || !until || from === until) return null;
  const spanSeconds = (until.atMs - from.atMs) / 1000;
  const rate = (of: 'main' | 'capture' | 'encoder') => (until[of] - from[of]) / spanSeconds;
  const rates = { main: rate('main'), capture: rate('capture'), encoder: rate('encoder') };
  const spent = from.main - mainBefore + from.capture + from.encoder;
  const atRate = ((rates.main + rates.capture + rates.encoder) * (from.atMs - sinceMs)) / 1000;
  return { ...rates, startSeconds: spent - atRate };
}
