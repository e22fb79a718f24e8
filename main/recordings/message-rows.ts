import type { FromCapture } from '../capture/messages.ts';
import type { RecordingRow } from '../store/rows.ts';
import type { Store } from '../store/store.ts';

/** Each row is a sync of the disk; between two of them the length is known from the heartbeats in memory. */
const TIMELINE_ROW_EVERY_MS = 10_000;

/**
 * Writes down what the capture processes of one recording told, in their order. What cannot be written now is kept and written first the
 * next time: a segment that no row knows would be missing in the file.
 */
export class MessageRows {
  readonly #id: string;
  readonly #store: Store;
  readonly #now: () => number;
  #unwritten: FromCapture[] = [];

  /** @param now wall clock, ms since 1970 */
  constructor(recordingId: string, store: Store, now: () => number) {
    this.#id = recordingId;
    this.#store = store;
    this.#now = now;
  }

  /** Throws when the store cannot be written; the message is kept then, never half written. */
  write(message: FromCapture): void {
    // Only the newest heartbeat says anything.
    if (message.type === 'stats') this.#unwritten = this.#unwritten.filter(({ type }) => type !== 'stats');
    this.#unwritten.push(message);
    this.flush();
  }

  /** Writes what could not be written before; throws when it still cannot be. */
  flush(): void {
    for (let message = this.#unwritten[0]; message; message = this.#unwritten[0]) {
      try {
        writeMessage(this.#store, this.#now, this.#id, message);
      } catch (error) {
        // What will never fit must not stand in the way of what follows.
        if (!mayPass(error)) this.#unwritten.shift();
        throw error;
      }
      this.#unwritten.shift();
    }
  }
}

/** Trouble of the disk or of the database file passes; a row that breaks the schema's rules never fits. */
function mayPass(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return code.startsWith('SQLITE_') && !code.startsWith('SQLITE_CONSTRAINT');
}

/** Messages that are only of the moment (ready, log) leave no row. */
function writeMessage(store: Store, now: () => number, id: string, message: FromCapture): void {
  switch (message.type) {
    case 'ready':
    case 'log':
      return;
    case 'entered':
      writeEntered(store, now, id, message);
      return;
    case 'enterFailed':
      store.events.append('enterFailed', id, { code: message.code, message: message.message });
      return;
    case 'participant':
      writeParticipant(store, now, id, message);
      return;
    case 'firstMedia':
      if (rowOf(store, id).firstMediaAtMs === null) store.recordings.update(id, { firstMediaAtMs: message.atMs });
      return;
    case 'segmentOpened':
      store.segments.open({ recordingId: id, segment: message.segment, file: message.file, startMs: message.startMs });
      return;
    case 'segmentClosed':
      store.segments.close(id, message.segment, message.bytes, message.clean);
      return;
    case 'gap':
      store.transaction(() => {
        store.gaps.add(id, message.gap);
        store.events.append('gap', id, { ...message.gap });
      });
      return;
    case 'connection':
      store.events.append('connection', id, { state: message.state, atMs: message.atMs });
      return;
    case 'stats':
      if (message.stats.timelineMs - rowOf(store, id).timelineMs >= TIMELINE_ROW_EVERY_MS) {
        store.recordings.update(id, { timelineMs: message.stats.timelineMs });
      }
      return;
    case 'ended':
      // A process that never got into the room knows of no length; what an earlier one recorded stays.
      store.recordings.update(id, { timelineMs: Math.max(rowOf(store, id).timelineMs, message.timelineMs) });
      return;
  }
}

function writeEntered(
  store: Store,
  now: () => number,
  id: string,
  message: Extract<FromCapture, { type: 'entered' }>,
): void {
  const { tookMs, sdkVersion, simulated, t0EpochMs } = message;
  store.transaction(() => {
    const idleSinceAtMs = rowOf(store, id).idleSinceAtMs ?? now();
    const facts = { startedAtMs: t0EpochMs, idleSinceAtMs };
    store.recordings.move(id, 'joining', 'waiting', facts, { tookMs, sdkVersion, simulated });
  });
}

function writeParticipant(
  store: Store,
  now: () => number,
  id: string,
  message: Extract<FromCapture, { type: 'participant' }>,
): void {
  const { change, userId, atMs, slot, anchors } = message;
  store.transaction(() => {
    if (change === 'entered') store.stays.enter(id, userId, atMs, slot);
    if (change === 'slot') store.stays.slot(id, userId, slot);
    if (change === 'left') store.stays.leave(id, userId, atMs);
    store.events.append(`participant.${change}`, id, { userId, atMs, slot });
    const row = rowOf(store, id);
    if (anchors > 0 && row.state === 'waiting') store.recordings.move(id, 'waiting', 'recording');
    const idleSinceAtMs = anchors > 0 ? null : (row.idleSinceAtMs ?? now());
    if (idleSinceAtMs !== row.idleSinceAtMs) store.recordings.update(id, { idleSinceAtMs });
  });
}

function rowOf(store: Store, id: string): RecordingRow {
  const row = store.recordings.get(id);
  if (!row) throw new Error(`recording ${id} is missing`);
  return row;
}
