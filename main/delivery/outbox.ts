import { urlForDisplay } from '../../shared/view.ts';
import type { Logger } from '../logging.ts';
import type { SendPost } from '../network/guarded-post.ts';
import type { CallbackRow, CallbackTryRow } from '../store/rows.ts';
import type { Store } from '../store/store.ts';
import { ADDRESS_REFUSED, postCallback, type Reply } from './callback-post.ts';
import type { Clock, Timeout } from './clock.ts';
import { type GiveUpSettings, isGivenUp } from './give-up.ts';
import { backoffMs, LONGEST_WAIT_MS } from './steps.ts';

export interface OutboxOptions {
  store: Pick<Store, 'callbacks' | 'events' | 'recordings' | 'transaction'>;
  clock: Clock;
  /** 0 ≤ x < 1. */
  random: () => number;
  log: Logger;
  settings: GiveUpSettings & {
    /** Deadline of one POST, answer included. */
    timeoutMs: number;
  };
  /** Signs every POST when there is one. Secret. */
  signingKey: string | null;
  /** The platform's `fetch` by default, which goes anywhere. */
  fetch?: SendPost | undefined;
}

/**
 * Tells callers what is in the outbox: each recording's rows one after the other, every row at least once and always with the same bytes
 * and delivery id. What it knows in memory is only a cache of the rows.
 */
export interface Outbox {
  start(): void;
  /** Makes what waits for this recording's caller due now, or all of it: it was corrected, the line is back, or there is news. */
  wake(recordingId?: string): void;
  /** Resolves when the recording's result was taken or parked, or with `aborted` when `signal` aborts before. */
  resultEnded(recordingId: string, signal: AbortSignal): Promise<'ended' | 'aborted'>;
  /** Starts no further POST, aborts those under way and resolves when they have settled. */
  stop(): Promise<void>;
}

/** POSTs at a time to all receivers, and to one: a receiver that hangs must not keep the others waiting. */
const MAX_IN_FLIGHT = 32;
const MAX_IN_FLIGHT_PER_HOST = 4;
/** Timers do not follow a changed wall clock or a machine asleep, so due times are looked at again at least this often. */
const LONGEST_SLEEP_MS = 15_000;
/** Pause after the store failed, so that a full disk does not keep the processor busy. */
const STORE_RETRY_MS = 5000;

export function createOutbox(options: OutboxOptions): Outbox {
  return new CallbackOutbox(options);
}

interface Sending {
  host: string;
  abort: AbortController;
  settled: Promise<void>;
}

class CallbackOutbox implements Outbox {
  readonly #options: OutboxOptions;
  /** POSTs under way, by recording: never two of one recording. */
  readonly #sending = new Map<string, Sending>();
  /** Who waits for the end of a result, by recording. */
  readonly #waiting = new Map<string, Set<() => void>>();
  #timer: Timeout | undefined;
  #phase: 'idle' | 'started' | 'stopped' = 'idle';

  constructor(options: OutboxOptions) {
    this.#options = options;
  }

  start(): void {
    if (this.#phase !== 'idle') return;
    this.#phase = 'started';
    this.#options.store.callbacks.follow(() => this.#scheduleLook(0));
    this.#scheduleLook(0);
  }

  wake(recordingId?: string): void {
    this.#options.store.callbacks.makeDue(recordingId);
    this.#scheduleLook(0);
  }

  resultEnded(recordingId: string, signal: AbortSignal): Promise<'ended' | 'aborted'> {
    const row = this.#options.store.callbacks.get(recordingId);
    if (row === undefined || row.state !== 'pending') return Promise.resolve('ended');
    if (signal.aborted) return Promise.resolve('aborted');
    const { promise, resolve } = Promise.withResolvers<'ended' | 'aborted'>();
    const waiting = this.#waiting.get(recordingId) ?? new Set();
    this.#waiting.set(recordingId, waiting);
    const settle = (how: 'ended' | 'aborted'): void => {
      waiting.delete(onEnded);
      if (waiting.size === 0) this.#waiting.delete(recordingId);
      signal.removeEventListener('abort', onAbort);
      resolve(how);
    };
    const onEnded = (): void => settle('ended');
    const onAbort = (): void => settle('aborted');
    waiting.add(onEnded);
    signal.addEventListener('abort', onAbort);
    return promise;
  }

  async stop(): Promise<void> {
    this.#phase = 'stopped';
    if (this.#timer !== undefined) this.#options.clock.clearTimeout(this.#timer);
    const sending = [...this.#sending.values()];
    for (const { abort } of sending) abort.abort(new Error('the box is stopping'));
    await Promise.all(sending.map(({ settled }) => settled));
  }

  #scheduleLook(delayMs: number): void {
    if (this.#phase !== 'started') return;
    const { clock } = this.#options;
    if (this.#timer !== undefined) clock.clearTimeout(this.#timer);
    this.#timer = clock.setTimeout(() => this.#look(), delayMs);
  }

  #look(): void {
    this.#timer = undefined;
    if (this.#phase !== 'started') return;
    const { store, clock, log } = this.#options;
    let sleepMs = LONGEST_SLEEP_MS;
    try {
      const nowMs = clock.now();
      for (const row of store.callbacks.due(nowMs, LONGEST_WAIT_MS)) this.#beginIfFree(row);
      const nextDueAtMs = store.callbacks.nextDueAtMs(nowMs);
      if (nextDueAtMs !== null) sleepMs = Math.min(sleepMs, nextDueAtMs - nowMs);
    } catch (error) {
      log.error({ err: error }, 'the outbox could not be read');
      sleepMs = STORE_RETRY_MS;
    }
    this.#scheduleLook(sleepMs);
  }

  #beginIfFree(row: CallbackRow): void {
    if (this.#sending.has(row.recordingId) || this.#sending.size >= MAX_IN_FLIGHT) return;
    const host = URL.parse(row.url)?.host ?? '';
    const there = [...this.#sending.values()].filter((one) => one.host === host).length;
    if (there >= MAX_IN_FLIGHT_PER_HOST) return;
    const abort = new AbortController();
    const sending: Sending = { host, abort, settled: Promise.resolve() };
    this.#sending.set(row.recordingId, sending);
    sending.settled = this.#send(row, abort.signal).then(
      () => this.#sent(row.recordingId, 0),
      (error: unknown) => {
        // Only the store can have thrown. The row is still due: the receiver may get the same message once more.
        this.#options.log.error({ recordingId: row.recordingId, err: error }, 'a callback could not be written down');
        this.#sent(row.recordingId, STORE_RETRY_MS);
      },
    );
  }

  #sent(recordingId: string, pauseMs: number): void {
    this.#sending.delete(recordingId);
    this.#scheduleLook(pauseMs);
  }

  async #send(row: CallbackRow, signal: AbortSignal): Promise<void> {
    const { store, clock, settings, signingKey, fetch: send = fetch } = this.#options;
    const { recordingId, deliveryId, url, body } = row;
    const sdkAppId = store.recordings.get(recordingId)?.sdkAppId ?? 0;
    const post = { url, body, deliveryId, attempt: row.attempts + 1, sdkAppId };
    const atMs = clock.now();
    const reply = await postCallback(
      post,
      { fetch: send, timeoutMs: settings.timeoutMs, signingKey, now: clock.now },
      signal,
    );
    if (reply.kind === 'aborted') return;
    store.transaction(() => {
      store.callbacks.noteTry({ ...tryOf(reply), deliveryId, attempt: post.attempt, atMs, tookMs: clock.now() - atMs });
      if (reply.kind === 'taken') this.#end(row, 'delivered', reply);
      else this.#notTaken(row, reply);
    });
    if (store.callbacks.get(recordingId)?.state !== 'pending' && row.event === null) this.#tellWaiting(recordingId);
  }

  #tellWaiting(recordingId: string): void {
    for (const tell of [...(this.#waiting.get(recordingId) ?? [])]) tell();
  }

  #notTaken(row: CallbackRow, reply: Extract<Reply, { kind: 'refused' | 'nobody' }>): void {
    const { store, clock, random, log, settings } = this.#options;
    const nowMs = clock.now();
    const refusedSinceAtMs = reply.kind === 'nobody' ? null : (row.refusedSinceAtMs ?? nowMs);
    log.warn({ ...this.#about(row), error: reply.error }, 'callback not taken');
    this.#noteRefusedAddress(row, reply.error);
    const result = store.callbacks.get(row.recordingId);
    const waitingResult = result?.state === 'pending' ? result : null;
    if (isGivenUp({ ...row, refusedSinceAtMs }, waitingResult, nowMs, settings)) {
      this.#end({ ...row, refusedSinceAtMs }, 'parked', reply);
      return;
    }
    const attempts = row.attempts + 1;
    const waitMs = (reply.kind === 'refused' ? reply.afterMs : null) ?? backoffMs(attempts, random);
    store.callbacks.update(row.deliveryId, {
      attempts,
      nextAtMs: nowMs + waitMs,
      refusedSinceAtMs,
      lastStatus: reply.kind === 'refused' ? reply.status : null,
      lastError: reply.error,
    });
  }

  /** Once per message, not once per try. */
  #noteRefusedAddress(row: CallbackRow, error: string): void {
    if (!error.startsWith(ADDRESS_REFUSED) || row.lastError?.startsWith(ADDRESS_REFUSED)) return;
    const { store } = this.#options;
    store.events.append('callbackAddressRefused', row.recordingId, {
      ...this.#about(row),
      code: ADDRESS_REFUSED,
      error,
    });
  }

  #end(row: CallbackRow, state: 'delivered' | 'parked', reply: Exclude<Reply, { kind: 'aborted' }>): void {
    const { store, clock } = this.#options;
    const attempts = row.attempts + 1;
    const status = reply.kind === 'nobody' ? null : reply.status;
    const error = reply.kind === 'taken' ? null : reply.error;
    store.transaction(() => {
      const endedAtMs = clock.now();
      store.callbacks.update(row.deliveryId, {
        attempts,
        state,
        nextAtMs: null,
        lastStatus: status,
        lastError: error,
        endedAtMs,
      });
      // The next event gets one try: how long the receiver may refuse events counts for all of them together.
      const next = store.callbacks.head(row.recordingId);
      if (state === 'parked' && next?.event) {
        store.callbacks.update(next.deliveryId, { refusedSinceAtMs: row.refusedSinceAtMs });
      }
      store.events.append(state === 'delivered' ? 'callbackDelivered' : 'callbackParked', row.recordingId, {
        ...this.#about(row),
        status,
        ...(error === null ? {} : { error }),
      });
    });
  }

  /** What log and history say of a try. */
  #about(row: CallbackRow): Record<string, unknown> {
    const { recordingId, deliveryId, event } = row;
    return {
      recordingId,
      event: event ?? 'result',
      deliveryId,
      url: urlForDisplay(row.url),
      attempts: row.attempts + 1,
    };
  }
}

/** What history keeps of an answer. */
function tryOf(reply: Exclude<Reply, { kind: 'aborted' }>): Pick<CallbackTryRow, 'status' | 'error' | 'answer'> {
  if (reply.kind === 'nobody') return { status: null, error: reply.error, answer: null };
  const { status, answer } = reply;
  return { status, answer, error: reply.kind === 'taken' ? null : reply.error };
}
