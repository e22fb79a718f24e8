import type { CaptureStats, FromCapture, HardwareFailure } from '../capture/messages.ts';
import type { RecordingRow } from '../store/rows.ts';
import type { Store } from '../store/store.ts';
import { interrupted, RESUMED } from './announcements.ts';

/** Each row is a sync of the disk; between two of them the length is known from the heartbeats in memory. */
const TIMELINE_ROW_EVERY_MS = 10_000;

/** A process that came into the room hears of everybody in it within this time; whoever is not named by then has left. */
const ANNOUNCE_MS = 5_000;

/** What is counted over all processes of a recording; each process counts from 0. */
const COUNTERS = ['picturesSent', 'picturesSkipped', 'framesReceived', 'framesDropped'] as const;
type Counters = Pick<CaptureStats, (typeof COUNTERS)[number]>;
const NOTHING_COUNTED: Counters = { picturesSent: 0, picturesSkipped: 0, framesReceived: 0, framesDropped: 0 };

/**
 * Writes down what the capture processes of one recording told, in their order. What cannot be written now is kept and written first the
 * next time: a segment that no row knows would be missing in the file.
 */
export class MessageRows {
  readonly #id: string;
  readonly #store: Store;
  readonly #now: () => number;
  #unwritten: FromCapture[] = [];
  /** As the running process told last. */
  #counted: Counters = NOTHING_COUNTED;
  /** Counted, but in no row yet. */
  #uncounted: Counters = NOTHING_COUNTED;
  /** When, on the timeline, whoever was not announced has left; null when that is settled or not known yet. */
  #announcedByMs: number | null = null;
  #isRoomNew = false;
  /** The length in the row; null until the running process's first heartbeat. */
  #lengthInRowMs: number | null = null;
  /** How often the running process told of each problem, by level and code. */
  #problems = new Map<string, number>();

  /** @param now wall clock, ms since 1970 */
  constructor(recordingId: string, store: Store, now: () => number) {
    this.#id = recordingId;
    this.#store = store;
    this.#now = now;
  }

  /** Throws when the store cannot be written; the message is kept then, never half written. */
  write(message: FromCapture): void {
    if (message.type === 'ready') {
      this.#counted = NOTHING_COUNTED;
      this.#lengthInRowMs = null;
      this.#problems.clear();
    }
    if (message.type === 'entered') [this.#isRoomNew, this.#announcedByMs] = [true, null];
    if (message.type === 'stats') this.#count(message.stats);
    // Only the newest heartbeat says anything.
    if (message.type === 'stats') this.#unwritten = this.#unwritten.filter(({ type }) => type !== 'stats');
    this.#unwritten.push(message.type === 'sdkProblem' ? this.#sinceTold(message) : message);
    this.#drain();
  }

  /** Writes what could not be written before, and the counters; throws when it still cannot be. */
  flush(): void {
    this.#drain();
    const isCounted = COUNTERS.some((name) => this.#uncounted[name] > 0);
    if (isCounted) this.#writeLength(0);
  }

  #count(stats: Counters): void {
    const sum = { ...this.#uncounted };
    for (const name of COUNTERS) sum[name] += Math.max(0, stats[name] - this.#counted[name]);
    this.#uncounted = sum;
    this.#counted = stats;
  }

  /** Length and counters in one go. A process that never got into the room knows of no length; what an earlier one recorded stays. */
  #writeLength(timelineMs: number): void {
    const row = rowOf(this.#store, this.#id);
    const sum = { ...NOTHING_COUNTED };
    for (const name of COUNTERS) sum[name] = row[name] + this.#uncounted[name];
    const lengthMs = Math.max(row.timelineMs, timelineMs);
    this.#store.recordings.update(this.#id, { ...sum, timelineMs: lengthMs });
    this.#uncounted = NOTHING_COUNTED;
    this.#lengthInRowMs = lengthMs;
  }

  #write(message: FromCapture): void {
    if (message.type === 'stats') this.#settleStays(message.stats.timelineMs);
    if (message.type === 'ended' || message.type === 'leftToReenter') this.#writeLength(message.timelineMs);
    if (message.type === 'ended') return;
    if (message.type !== 'stats') writeMessage(this.#store, this.#now, this.#id, message);
    else {
      this.#lengthInRowMs ??= rowOf(this.#store, this.#id).timelineMs;
      const { timelineMs } = message.stats;
      if (timelineMs - this.#lengthInRowMs >= TIMELINE_ROW_EVERY_MS) this.#writeLength(timelineMs);
    }
  }

  /** Ends the stays of those who left while no process was there to see it. */
  #settleStays(timelineMs: number): void {
    if (!this.#isRoomNew) return;
    this.#announcedByMs ??= timelineMs + ANNOUNCE_MS;
    if (timelineMs < this.#announcedByMs) return;
    this.#store.transaction(() => {
      for (const { userId, leftAtMs } of this.#store.stays.leaveDoubted(this.#id)) {
        this.#store.events.append('participant.left', this.#id, { userId, atMs: leftAtMs, slot: null, unseen: true });
      }
    });
    this.#isRoomNew = false;
  }

  /** A process tells its count so far; the row wants what is new. */
  #sinceTold(message: SdkProblem): SdkProblem {
    const key = `${message.level} ${message.code}`;
    const before = this.#problems.get(key) ?? 0;
    this.#problems.set(key, message.count);
    return { ...message, count: Math.max(0, message.count - before) };
  }

  #drain(): void {
    for (let message = this.#unwritten[0]; message; message = this.#unwritten[0]) {
      try {
        this.#write(message);
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

type SdkProblem = Extract<FromCapture, { type: 'sdkProblem' }>;
/** What needs nothing but the store to be written. */
type Plain = Exclude<FromCapture, { type: 'stats' | 'ended' }>;

/** Messages that are only of the moment (ready, log, picture) leave no row. */
function writeMessage(store: Store, now: () => number, id: string, message: Plain): void {
  switch (message.type) {
    case 'ready':
    case 'log':
    case 'picture':
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
      writeSegmentOpened(store, id, message);
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
      writeConnection(store, id, message);
      return;
    case 'leftToReenter':
      store.events.append('leftToReenter', id, { timelineMs: message.timelineMs });
      return;
    case 'sound':
      store.events.append(message.state === 'missing' ? 'soundMissing' : 'soundBack', id, { atMs: message.atMs });
      return;
    case 'relieved':
      if (message.relief === null) store.events.append('encoderRestored', id, { atMs: message.atMs });
      else store.events.append('encoderRelieved', id, { ...message.relief, atMs: message.atMs });
      return;
    case 'hardwareFailed':
      writeHardwareFailed(store, id, message);
      return;
    case 'sdkProblem':
      writeSdkProblem(store, id, message);
      return;
  }
}

function writeConnection(store: Store, id: string, message: Extract<FromCapture, { type: 'connection' }>): void {
  const { state, atMs } = message;
  store.transaction(() => {
    store.events.append('connection', id, { state, atMs });
    if (state === 'lost') store.announcements.tell(id, interrupted('connectionLost'));
    if (state === 'recovered') store.announcements.tell(id, RESUMED);
  });
}

const HARDWARE_FAILED = 'hardwareFailed';
const EVENTS_AT_A_TIME = 1000;

function writeHardwareFailed(
  store: Store,
  id: string,
  { failure, description }: Extract<FromCapture, { type: 'hardwareFailed' }>,
): void {
  const { encoder, sinceMs } = failure;
  store.events.append(HARDWARE_FAILED, id, { encoder, atMs: sinceMs, message: description });
}

/** How an encoder of graphics hardware failed a recording, or null when none did. */
export function hardwareFailureOf(store: Pick<Store, 'events'>, recordingId: string): HardwareFailure | null {
  for (let afterSeq: number | undefined = 0; afterSeq !== undefined; ) {
    const events = store.events.list({ recordingId, afterSeq, limit: EVENTS_AT_A_TIME });
    const found = events.find(({ type }) => type === HARDWARE_FAILED)?.data;
    if (found) return { encoder: found.encoder as HardwareFailure['encoder'], sinceMs: Number(found.atMs) };
    afterSeq = events.at(-1)?.seq;
  }
  return null;
}

function writeSegmentOpened(store: Store, id: string, message: Extract<FromCapture, { type: 'segmentOpened' }>): void {
  const { segment, output, file, startMs } = message;
  store.segments.open({ recordingId: id, segment, output, file, startMs });
}

function writeSdkProblem(store: Store, id: string, { level, code, text, count, atMs }: SdkProblem): void {
  store.transaction(() => {
    store.sdkProblems.add({ recordingId: id, level, code, text, count });
    store.events.append('sdkProblem', id, { level, code, text, count, atMs });
  });
}

function writeEntered(
  store: Store,
  now: () => number,
  id: string,
  message: Extract<FromCapture, { type: 'entered' }>,
): void {
  const { tookMs, sdkVersion, simulated, t0EpochMs, resumed } = message;
  store.transaction(() => {
    const idleSinceAtMs = rowOf(store, id).idleSinceAtMs ?? now();
    const facts = { startedAtMs: t0EpochMs, idleSinceAtMs, ...(resumed ? { cutMs: resumed.cutMs } : {}) };
    if (resumed) store.stays.doubt(id, resumed.lastSeenMs);
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
