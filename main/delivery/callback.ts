import { urlForDisplay } from '../../shared/view.ts';
import type { Logger } from '../logging.ts';
import type { CallbackRow, RecordingRow } from '../store/rows.ts';
import type { Store } from '../store/store.ts';
import { resultOf } from './result.ts';
import { BACKOFF_CAP_MS, type Outcome, type Step } from './steps.ts';

export interface CallbackOptions {
  store: Pick<Store, 'callbacks' | 'events' | 'files' | 'gaps' | 'recordings' | 'transaction'>;
  /** Wall clock, ms since 1970. */
  now: () => number;
  log: Logger;
  settings: {
    /** Deadline of one POST, answer included. */
    timeoutMs: number;
    /** A result that was not taken for this long is parked. */
    giveUpAfterMs: number;
  };
  /** The platform's `fetch` by default. */
  fetch?: typeof fetch;
}

/** How one POST went. */
type Reply = { ok: true; status: number } | { ok: false; status: number | null; error: string; afterMs?: number };

/**
 * The notify step: tells the caller the result by POST. The body is frozen in the outbox before the first try, so that every
 * try carries the same bytes under the same delivery id. Delivery is at least once: when the box dies between the caller's
 * answer and writing it down, the caller gets the same delivery id again.
 */
export function createCallbackStep(options: CallbackOptions): Step {
  const { store, now, log, settings } = options;

  const end = (
    recording: RecordingRow,
    callback: CallbackRow,
    state: 'delivered' | 'parked',
    reply: Reply,
  ): Outcome => {
    const attempts = callback.attempts + 1;
    store.transaction(() => {
      store.callbacks.update(recording.id, {
        attempts,
        state,
        lastStatus: reply.status,
        lastError: reply.ok ? null : reply.error,
        endedAtMs: now(),
      });
      store.events.append(state === 'delivered' ? 'callbackDelivered' : 'callbackParked', recording.id, {
        deliveryId: callback.deliveryId,
        url: urlForDisplay(callback.url),
        status: reply.status,
        attempts,
        ...(reply.ok ? {} : { error: reply.error }),
      });
    });
    return { kind: 'done' };
  };

  return async (recording, signal) => {
    if (recording.callbackUrl === null) return { kind: 'done' };
    const body = JSON.stringify(resultOf(store, recording));
    const callback = store.callbacks.ensure(recording.id, recording.callbackUrl, body);
    if (callback.state !== 'pending') return { kind: 'done' };
    const attempt = callback.attempts + 1;
    const reply = await post(options, callback, attempt, signal);
    if (reply.ok) return end(recording, callback, 'delivered', reply);
    if (signal.aborted) return { kind: 'retryAt', code: 'CALLBACK_ABORTED', message: 'the POST was aborted' };
    log.warn(
      {
        recordingId: recording.id,
        url: urlForDisplay(callback.url),
        status: reply.status,
        attempt,
        error: reply.error,
      },
      'callback not taken',
    );
    if (now() - callback.createdAtMs >= settings.giveUpAfterMs) return end(recording, callback, 'parked', reply);
    store.callbacks.update(recording.id, {
      attempts: attempt,
      lastStatus: reply.status,
      lastError: reply.error,
    });
    return { kind: 'retryAt', afterMs: reply.afterMs, code: 'CALLBACK_NOT_TAKEN', message: reply.error };
  };
}

async function post(
  { fetch: send = fetch, settings, now }: CallbackOptions,
  callback: CallbackRow,
  attempt: number,
  signal: AbortSignal,
): Promise<Reply> {
  const deadline = AbortSignal.timeout(settings.timeoutMs);
  try {
    const { href, authorization } = target(callback.url);
    const response = await send(href, {
      method: 'POST',
      redirect: 'manual',
      signal: AbortSignal.any([signal, deadline]),
      headers: {
        'content-type': 'application/json',
        'x-delivery-id': callback.deliveryId,
        'x-delivery-attempt': String(attempt),
        ...(authorization === null ? {} : { authorization }),
      },
      body: callback.body,
    });
    // The status is the answer; a body that never ends must not keep the connection.
    response.body?.cancel().catch(() => {});
    const { status } = response;
    if (status >= 200 && status < 300) return { ok: true, status };
    const afterMs = retryAfterMs(response.headers.get('retry-after'), now());
    return { ok: false, status, error: `HTTP status ${status}`, ...(afterMs === null ? {} : { afterMs }) };
  } catch (error) {
    const timedOut = deadline.aborted && !signal.aborted;
    return {
      ok: false,
      status: null,
      error: timedOut ? `no answer within ${settings.timeoutMs} ms` : failureText(error),
    };
  }
}

/** `fetch` refuses addresses with a user name or password in them, so they go as Basic authorization. */
function target(address: string): { href: string; authorization: string | null } {
  const url = new URL(address);
  const { username, password } = url;
  url.username = '';
  url.password = '';
  if (!username && !password) return { href: url.href, authorization: null };
  const pair = `${percentDecoded(username)}:${percentDecoded(password)}`;
  return { href: url.href, authorization: `Basic ${Buffer.from(pair, 'utf8').toString('base64')}` };
}

function percentDecoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** What went wrong, by the system's code: messages of `fetch` may hold the whole address. */
function failureText(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const code = (cause as { code?: unknown } | null)?.code;
  if (typeof code === 'string') return `no connection (${code})`;
  return `no connection (${cause instanceof Error ? cause.name : 'unknown'})`;
}

/** `Retry-After` in milliseconds from `nowMs`, at most the backoff's cap; null when absent or unreadable. */
function retryAfterMs(header: string | null, nowMs: number): number | null {
  if (header === null) return null;
  const waitMs = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - nowMs;
  return Number.isFinite(waitMs) && waitMs >= 0 ? Math.min(waitMs, BACKOFF_CAP_MS) : null;
}
