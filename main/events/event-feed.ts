import type { BoxMessage, Progress } from '../../shared/api/messages.ts';
import type { Clock, Timeout } from '../delivery/clock.ts';
import type { EventsFeed, EventsReader } from '../http/events-feed.ts';
import type { Logger } from '../logging.ts';
import type { EventsTable } from '../store/events.ts';
import type { EventRow } from '../store/rows.ts';

export interface EventFeedOptions {
  events: Pick<EventsTable, 'list' | 'lastSeq'>;
  /** How far the recordings at work are; asked once a second while somebody reads. */
  progress(): Progress[];
  clock: Clock;
  log: Pick<Logger, 'error'>;
}

/** More readers than a console, a monitor and a few integrations need. */
const MAX_READERS = 32;
/** New rows are looked for this often while somebody reads; a look is one read of one row. */
const LOOK_EVERY_MS = 250;
const LOOKS_PER_PROGRESS = 4;
/** A reader hears something at least this often, so that a broken line shows on both sides. */
const QUIET_MS = 15_000;
const BATCH = 100;
/** A reader may take this long for the last messages when the box ends. */
const FAREWELL_MS = 1000;

/**
 * Hands out the events of the whole box. The rows are the truth: each reader has his place among them and fetches from there, so nothing
 * is sent twice or left out, and a slow reader costs no memory. What is only of the moment (progress, self-test) is kept for a reader
 * once per subject, the newest.
 */
export class EventFeed implements EventsFeed {
  readonly #options: EventFeedOptions;
  readonly #readers = new Set<Reader>();
  #lastSeq = 0;
  #looks = 0;
  #timer: Timeout | undefined;
  #isClosing = false;
  #onEmpty: (() => void) | null = null;

  constructor(options: EventFeedOptions) {
    this.#options = options;
  }

  /** How many read now. */
  get readers(): number {
    return this.#readers.size;
  }

  subscribe({ after, cutOff }: { after: number | null; cutOff(): void }): EventsReader | null {
    if (this.#isClosing || this.#readers.size >= MAX_READERS) return null;
    const { events, clock } = this.#options;
    this.#lastSeq = events.lastSeq();
    const missed = after !== null && after > this.#lastSeq;
    const seq = after === null || missed ? this.#lastSeq : after;
    const reader = new Reader({
      seq,
      clock,
      cutOff,
      // He may lose the line before the first event, and comes back with this place.
      opened: { name: 'opened', data: { seq, missed } },
      eventsAfter: (place) => this.#eventsAfter(place),
      onClose: () => this.#forget(reader),
    });
    this.#readers.add(reader);
    if (this.#timer === undefined) this.#plan();
    return reader;
  }

  /** Tells those who read now something of the moment; `subject` is what later news of the same takes the place of. */
  tell(subject: string, message: BoxMessage): void {
    for (const reader of this.#readers) reader.tell(subject, message);
  }

  /** Ends all readers once they have what has happened; resolves when they are gone. Joins repeated calls. */
  async close(): Promise<void> {
    this.#isClosing = true;
    this.#stopLooking();
    if (this.#readers.size === 0) return;
    this.#look();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#onEmpty = resolve;
    const deadline = this.#options.clock.setTimeout(() => {
      for (const reader of [...this.#readers]) reader.cutOff();
      resolve();
    }, FAREWELL_MS);
    for (const reader of this.#readers) reader.end();
    await promise;
    this.#options.clock.clearTimeout(deadline);
  }

  #plan(): void {
    this.#timer = this.#options.clock.setTimeout(() => {
      this.#look();
      this.#looks += 1;
      if (this.#looks % LOOKS_PER_PROGRESS === 0) this.#tellProgress();
      this.#plan();
    }, LOOK_EVERY_MS);
  }

  #stopLooking(): void {
    if (this.#timer !== undefined) this.#options.clock.clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #look(): void {
    try {
      const lastSeq = this.#options.events.lastSeq();
      if (lastSeq === this.#lastSeq) return;
      this.#lastSeq = lastSeq;
      for (const reader of this.#readers) reader.wake();
    } catch (error) {
      this.#options.log.error({ err: error }, 'events could not be read; trying again');
    }
  }

  #tellProgress(): void {
    try {
      for (const data of this.#options.progress()) this.tell(data.recordingId, { name: 'progress', data });
    } catch (error) {
      this.#options.log.error({ err: error }, 'the progress of recordings could not be read; trying again');
    }
  }

  #eventsAfter(seq: number): EventRow[] {
    if (seq >= this.#lastSeq) return [];
    try {
      return this.#options.events.list({ afterSeq: seq, limit: BATCH });
    } catch (error) {
      this.#options.log.error({ err: error }, 'events could not be read; trying again');
      return [];
    }
  }

  #forget(reader: Reader): void {
    this.#readers.delete(reader);
    if (this.#readers.size > 0) return;
    this.#stopLooking();
    this.#onEmpty?.();
  }
}

interface ReaderOptions {
  /** The last event he has. */
  seq: number;
  opened: BoxMessage;
  clock: Clock;
  cutOff(): void;
  eventsAfter(seq: number): EventRow[];
  onClose(): void;
}

class Reader implements EventsReader {
  readonly #options: ReaderOptions;
  #seq: number;
  #opened: BoxMessage | null;
  /** News of the moment, by subject. */
  readonly #news = new Map<string, BoxMessage>();
  #wake: ((why: 'news' | 'quiet') => void) | null = null;
  #phase: 'open' | 'ending' | 'closed' = 'open';

  constructor(options: ReaderOptions) {
    this.#options = options;
    this.#seq = options.seq;
    this.#opened = options.opened;
  }

  async next(): Promise<BoxMessage[] | null> {
    for (;;) {
      if (this.#phase === 'closed') return null;
      const batch = this.#take();
      if (batch.length > 0) return batch;
      if (this.#phase === 'ending') return null;
      if ((await this.#woken()) === 'quiet') return [];
    }
  }

  tell(subject: string, message: BoxMessage): void {
    this.#news.set(subject, message);
    this.wake();
  }

  wake(): void {
    this.#wake?.('news');
  }

  end(): void {
    if (this.#phase === 'open') this.#phase = 'ending';
    this.wake();
  }

  cutOff(): void {
    this.#options.cutOff();
    this.close();
  }

  close(): void {
    if (this.#phase === 'closed') return;
    this.#phase = 'closed';
    this.#news.clear();
    this.wake();
    this.#options.onClose();
  }

  #take(): BoxMessage[] {
    const rows = this.#options.eventsAfter(this.#seq);
    this.#seq = rows.at(-1)?.seq ?? this.#seq;
    const messages = [
      ...(this.#opened ? [this.#opened] : []),
      ...rows.map((row): BoxMessage => ({ name: 'audit', data: auditOf(row) })),
      ...this.#news.values(),
    ];
    this.#opened = null;
    this.#news.clear();
    return messages;
  }

  async #woken(): Promise<'news' | 'quiet'> {
    const { clock } = this.#options;
    const { promise, resolve } = Promise.withResolvers<'news' | 'quiet'>();
    this.#wake = resolve;
    const timer = clock.setTimeout(() => resolve('quiet'), QUIET_MS);
    const why = await promise;
    clock.clearTimeout(timer);
    this.#wake = null;
    return why;
  }
}

function auditOf({ seq, atMs, recordingId, type, data }: EventRow): Extract<BoxMessage, { name: 'audit' }>['data'] {
  return { seq, at: new Date(atMs).toISOString(), recordingId, type, data };
}
