import { BOX_MESSAGES, type BoxMessage, type BoxMessageName } from './messages.ts';

// Following the box's events over lines that break: the reader comes again where it stopped. Runs in browsers and in Node.

export interface WatchOptions {
  /** The last event the caller has; only what comes from now on when absent. */
  after?: number | undefined;
  /** Ends the watching. */
  signal: AbortSignal;
  /** Told when the line to the box stands or is lost. */
  onLine?: ((state: 'up' | 'down') => void) | undefined;
}

export interface WatchDeps {
  /** Opens the stream behind an event. Rejects when the box does not answer or refuses. */
  open(after: number | null, signal: AbortSignal): Promise<ReadableStream<Uint8Array>>;
  /** Milliseconds to wait after a failure, or null when trying again is of no use; undefined: growing pauses. */
  waitAfter(error: unknown): number | null | undefined;
}

/** The box says something every 15 s; a line that is silent for longer than this is broken. */
const SILENCE_MS = 40_000;
const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 15_000;

/**
 * The messages of the box in their order, each event once, for as long as `signal` allows; connections that end or break are made
 * again. @throws what `open` rejected with, when trying again is of no use
 */
export async function* watchBox(deps: WatchDeps, options: WatchOptions): AsyncGenerator<BoxMessage> {
  const { signal, onLine } = options;
  let after = options.after ?? null;
  let failures = 0;
  while (!signal.aborted) {
    let waitMs: number | null | undefined;
    try {
      for await (const message of connection(deps, after, signal, () => onLine?.('up'))) {
        failures = 0;
        if (message.name === 'opened' || message.name === 'audit') after = message.data.seq;
        yield message;
      }
    } catch (error) {
      if (signal.aborted) return;
      waitMs = deps.waitAfter(error);
      if (waitMs === null) throw error;
    }
    if (signal.aborted) return;
    onLine?.('down');
    await pause(waitMs ?? Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** failures), signal);
    failures += 1;
  }
}

async function* connection(
  deps: WatchDeps,
  after: number | null,
  signal: AbortSignal,
  onOpen: () => void,
): AsyncGenerator<BoxMessage> {
  const silence = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const heard = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => silence.abort(new Error('the box fell silent')), SILENCE_MS);
  };
  heard();
  try {
    const body = await deps.open(after, AbortSignal.any([signal, silence.signal]));
    onOpen();
    const reader = body.getReader();
    const parse = createFrameParser();
    const decoder = new TextDecoder();
    try {
      for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
        heard();
        for (const message of parse(decoder.decode(piece.value, { stream: true }))) yield message;
      }
    } finally {
      reader.cancel().catch(() => {});
    }
  } finally {
    clearTimeout(timer);
  }
}

/** Takes pieces of a stream of server-sent events, cut anywhere, and gives the messages that are complete. Names it does not know are left out. */
export function createFrameParser(): (text: string) => BoxMessage[] {
  let rest = '';
  return (text) => {
    const frames = (rest + text).split('\n\n');
    rest = frames.pop() ?? '';
    return frames.flatMap(messageOf);
  };
}

function messageOf(frame: string): BoxMessage[] {
  let name = '';
  const data: string[] = [];
  for (const line of frame.split('\n')) {
    const [, field = '', value = ''] = /^([a-z]*): ?(.*)$/.exec(line) ?? [];
    if (field === 'event') name = value;
    if (field === 'data') data.push(value);
  }
  if (!isKnown(name)) return [];
  return [{ name, data: JSON.parse(data.join('\n')) } as BoxMessage];
}

function isKnown(name: string): name is BoxMessageName {
  return Object.hasOwn(BOX_MESSAGES, name);
}

function pause(durationMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, durationMs);
    signal.addEventListener('abort', end);
  });
}
