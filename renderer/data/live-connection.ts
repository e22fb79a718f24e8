import type { BoxMessage, BoxMessageName } from '../../shared/api/messages.ts';

/** The part of an EventSource that is used. */
export type EventStream = Pick<EventSource, 'addEventListener' | 'close' | 'readyState'>;

export interface LiveConnectionDeps {
  /** Opens the stream behind an event; with null from now on. */
  open(after: number | null): EventStream;
  /** Whether the box answers, when it gives no events. */
  isThere(): Promise<boolean>;
  onMessage(message: BoxMessage): void;
  onConnected(isConnected: boolean): void;
  /** No events can be had although the box is there; called every so often. */
  onBlind(): void;
}

const NAMES = ['opened', 'audit', 'progress', 'selfTest'] as const satisfies readonly BoxMessageName[];
/** A browser comes back by itself after a broken line, but not after a refusal. */
const FIRST_RETRY_MS = 1000;
const LONGEST_RETRY_MS = 15_000;
const CLOSED = 2;

/**
 * Follows the box's events for as long as the page is open, over restarts of the box and over refusals.
 * @returns ends it
 */
export function followBox(deps: LiveConnectionDeps): () => void {
  let stream: EventStream | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let retryMs = FIRST_RETRY_MS;
  let lastSeq: number | null = null;
  let isOver = false;

  const connect = (): void => {
    stream = deps.open(lastSeq);
    stream.addEventListener('open', () => {
      retryMs = FIRST_RETRY_MS;
      deps.onConnected(true);
    });
    stream.addEventListener('error', () => void onError(stream));
    for (const name of NAMES) {
      stream.addEventListener(name, (event) => take(name, (event as MessageEvent<string>).data));
    }
  };
  const take = (name: BoxMessageName, data: string): void => {
    const message = { name, data: JSON.parse(data) } as BoxMessage;
    if (message.name === 'opened' || message.name === 'audit') lastSeq = message.data.seq;
    deps.onMessage(message);
  };
  const onError = async (failed: EventStream | null): Promise<void> => {
    if (failed?.readyState !== CLOSED) {
      deps.onConnected(false);
      return;
    }
    failed.close();
    const isThere = await deps.isThere().catch(() => false);
    if (isOver) return;
    deps.onConnected(isThere);
    if (isThere) deps.onBlind();
    timer = setTimeout(connect, retryMs);
    retryMs = Math.min(LONGEST_RETRY_MS, 2 * retryMs);
  };

  connect();
  return () => {
    isOver = true;
    clearTimeout(timer);
    stream?.close();
  };
}
