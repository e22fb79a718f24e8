import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createCallbackStep } from '../../main/delivery/callback.ts';
import { createOutbox, type Outbox, type OutboxOptions } from '../../main/delivery/outbox.ts';
import type { Outcome } from '../../main/delivery/steps.ts';
import { silentLogger } from '../../main/logging.ts';
import type { NewRecording, RecordingRow } from '../../main/store/rows.ts';
import { openStore, type Store } from '../../main/store/store.ts';
import { createFakeClock, type FakeClock } from './fake-clock.ts';
import { freePort } from './free-port.ts';
import { addRecording } from './new-recording.ts';

export const GIVE_UP_MS = 3_600_000;
export const EVENT_GIVE_UP_MS = 600_000;
/** Of real time: longer than any machine needs, as the receiver is in this process. */
export const ANSWER_WITHIN_MS = 30_000;

export interface Received {
  method: string | undefined;
  path: string | undefined;
  headers: IncomingHttpHeaders;
  /** Exactly as it came. */
  bytes: Buffer;
  body: string;
}
export type Answer = number | 'hang' | 'reset' | { status: number; headers: Record<string, string> };

/** A receiver that answers what the test says, and remembers what came. */
export interface Receiver {
  readonly origin: string;
  readonly received: Received[];
  /** What is answered, one per POST; 200 afterwards. */
  answers: Answer[];
  /** Settable: decides instead of `answers`. */
  answer: ((request: Received) => Answer) | null;
  close(): Promise<void>;
}

/** @param at the port; by default one that stays free while it is closed. */
export async function startReceiver(at?: number): Promise<Receiver> {
  const port = at ?? (await freePort());
  const server: Server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { method, url: path, headers } = request;
      const bytes = Buffer.concat(chunks);
      const one = { method, path, headers, bytes, body: bytes.toString('utf8') };
      receiver.received.push(one);
      const answer = receiver.answer?.(one) ?? receiver.answers.shift() ?? 200;
      if (answer === 'hang') return;
      if (answer === 'reset') request.socket.destroy();
      else if (typeof answer === 'number') response.writeHead(answer).end('thank you');
      else response.writeHead(answer.status, answer.headers).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const receiver: Receiver = {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    received: [],
    answers: [],
    answer: null,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return receiver;
}

/** A store, an outbox over it with a clock that the test moves, and the notify step that fills it. */
export interface OutboxRig {
  readonly store: Store;
  readonly clock: FakeClock;
  readonly outbox: Outbox;
  readonly directory: string;
  /** A delivered recording that waits for its caller to be told. */
  waiting(callbackUrl: string | null, changes?: Partial<NewRecording>): RecordingRow;
  row(id: string): RecordingRow;
  /** Starts the notify step; the outcome comes when the outbox is done with the result. */
  notify(recording: RecordingRow, signal?: AbortSignal): Promise<Outcome>;
  /** Ends the box and starts it again on the same data. */
  restart(changes?: Partial<OutboxOptions>): Promise<void>;
  /** Lets POSTs settle until the condition holds; time stands still. */
  until(condition: () => boolean): Promise<void>;
  /** Moves time to the moment at which the head of a recording's queue is due, and a look further. */
  nextTry(id: string): Promise<void>;
  close(): Promise<void>;
}

export function createOutboxRig(changes: Partial<OutboxOptions> = {}): OutboxRig {
  const directory = mkdtempSync(join(tmpdir(), 'box-outbox-'));
  const clock = createFakeClock();
  let store = openStore(directory, { now: clock.now });
  /** Tries that were handed over for sending since the box was started. */
  const begun = new Set<string>();
  const open = (more: Partial<OutboxOptions> = {}): Outbox => {
    begun.clear();
    const outbox = createOutbox({
      store,
      clock,
      random: () => 1,
      log: silentLogger(),
      settings: { timeoutMs: ANSWER_WITHIN_MS, giveUpAfterMs: GIVE_UP_MS, eventGiveUpAfterMs: EVENT_GIVE_UP_MS },
      signingKey: null,
      ...changes,
      ...more,
      fetch: (url, init) => {
        begun.add(`${init.headers['x-delivery-id']} ${init.headers['x-delivery-attempt']}`);
        return (more.fetch ?? changes.fetch ?? fetch)(url, init);
      },
    });
    outbox.start();
    return outbox;
  };
  let outbox = open();
  const rig: OutboxRig = {
    directory,
    clock,
    get store() {
      return store;
    },
    get outbox() {
      return outbox;
    },
    waiting(callbackUrl, recording = {}) {
      const { id } = addRecording(store, { callbackUrl, ...recording });
      store.recordings.move(id, 'accepted', 'notifying', { outcome: 'delivered', endReason: 'stopped' });
      return rig.row(id);
    },
    row(id) {
      const found = store.recordings.get(id);
      if (found === undefined) throw new Error(`no recording ${id}`);
      return found;
    },
    notify: (recording, signal) =>
      createCallbackStep({ store, outbox })(recording, signal ?? new AbortController().signal, () => {}),
    async restart(more) {
      await outbox.stop();
      store.close();
      store = openStore(directory, { now: clock.now });
      outbox = open(more);
    },
    async until(condition) {
      const deadline = performance.now() + 30_000;
      while (!condition()) {
        if (performance.now() > deadline) throw new Error('the outbox did not get there');
        await clock.settle();
        await new Promise((resolve) => setTimeout(resolve, 2));
      }
    },
    async nextTry(id) {
      const head = store.callbacks.head(id);
      if (!head) throw new Error(`nothing waits for the caller of ${id}`);
      const isTried = (): boolean =>
        store.callbacks.listOf(id).some((row) => row.deliveryId === head.deliveryId && row.attempts > head.attempts);
      const isBegun = (): boolean => begun.has(`${head.deliveryId} ${head.attempts + 1}`);
      await clock.settle();
      if (!isBegun()) await clock.advance(Math.max(0, (head.nextAtMs ?? 0) - clock.now()));
      // The next look is less than a second away; time stands still from the beginning of the try until its row is written.
      for (let steps = 0; !isBegun() && steps < 20; steps += 1) await clock.advance(100);
      await rig.until(isTried);
    },
    async close() {
      await outbox.stop();
      store.close();
      rmSync(directory, { recursive: true });
    },
  };
  return rig;
}
