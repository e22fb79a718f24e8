import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { BoxMessage, Progress } from '../../shared/api/messages.ts';
import { createFakeClock, type FakeClock } from '../../test/support/fake-clock.ts';
import type { EventsReader } from '../http/events-feed.ts';
import type { EventRow } from '../store/rows.ts';
import { EventFeed } from './event-feed.ts';

/** Rows as the table has them, where some numbers are missing and reading can fail. */
class Rows {
  readonly rows: EventRow[] = [];
  seq = 0;
  reads = 0;
  isBroken = false;

  append(type = 'x'): number {
    this.seq += 1;
    this.rows.push({ seq: this.seq, atMs: 0, recordingId: null, type, data: {} });
    return this.seq;
  }
  lastSeq(): number {
    if (this.isBroken) throw new Error('disk I/O error');
    return this.seq;
  }
  list({ afterSeq = 0, limit = 1000 }: { afterSeq?: number; limit?: number } = {}): EventRow[] {
    this.reads += 1;
    if (this.isBroken) throw new Error('disk I/O error');
    return this.rows.filter(({ seq }) => seq > afterSeq).slice(0, limit);
  }
}

function rig(progress: () => Progress[] = () => []) {
  const clock = createFakeClock();
  const rows = new Rows();
  const errors: unknown[] = [];
  const feed = new EventFeed({
    events: rows,
    progress,
    clock,
    log: { error: (facts: object) => void errors.push(facts) },
  });
  return { clock, rows, errors, feed };
}

/** Reads until the feed is quiet or over. */
async function readAll(reader: EventsReader, clock: FakeClock): Promise<{ messages: BoxMessage[]; isOver: boolean }> {
  const messages: BoxMessage[] = [];
  for (;;) {
    let batch: BoxMessage[] | null | undefined;
    const reading = reader.next().then((got) => {
      batch = got;
    });
    for (let step = 0; step < 80 && batch === undefined; step += 1) await clock.advance(250);
    await reading;
    if (batch === null) return { messages, isOver: true };
    if (batch?.length === 0) return { messages, isOver: false };
    messages.push(...(batch ?? []));
  }
}

const seqsOf = (messages: readonly BoxMessage[]): number[] =>
  messages.flatMap((message) => (message.name === 'audit' ? [message.data.seq] : []));
const noCut = (): void => expect.unreachable('cut off');

describe('places', () => {
  it('without one a reader gets what comes; with one all behind it; a place of the future is told', async () => {
    const { clock, rows, feed } = rig();
    for (let n = 0; n < 5; n += 1) rows.append();
    const fresh = feed.subscribe({ after: null, cutOff: noCut })!;
    const back = feed.subscribe({ after: 2, cutOff: noCut })!;
    const lost = feed.subscribe({ after: 9, cutOff: noCut })!;
    rows.append();
    const all = await Promise.all([fresh, back, lost].map((reader) => readAll(reader, clock)));
    expect(all.map(({ messages }) => messages[0])).toEqual([
      { name: 'opened', data: { seq: 5, missed: false } },
      { name: 'opened', data: { seq: 2, missed: false } },
      { name: 'opened', data: { seq: 5, missed: true } },
    ]);
    expect(all.map(({ messages }) => seqsOf(messages))).toEqual([[6], [3, 4, 5, 6], [6]]);
  });

  it('each event comes once and in order, whatever a reader does: reads, waits, goes and comes again', async () => {
    const step = fc.constantFrom('append', 'read', 'wait', 'reconnect', 'many', 'fault');
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
        const { clock, rows, feed } = rig();
        let reader = feed.subscribe({ after: 0, cutOff: noCut })!;
        const seen: number[] = [];
        const drain = async (): Promise<void> => {
          seen.push(...seqsOf((await readAll(reader, clock)).messages));
        };
        for (const what of steps) {
          if (what === 'append') rows.append();
          if (what === 'many') for (let n = 0; n < 450; n += 1) rows.append();
          if (what === 'read') await drain();
          if (what === 'wait') await clock.advance(700);
          if (what === 'fault') {
            rows.isBroken = true;
            await clock.advance(600);
            rows.isBroken = false;
          }
          if (what === 'reconnect') {
            reader.close();
            reader = feed.subscribe({ after: seen.at(-1) ?? 0, cutOff: noCut })!;
          }
        }
        await drain();
        expect(seen).toEqual(Array.from({ length: rows.seq }, (_, index) => index + 1));
        reader.close();
        expect(feed.readers).toBe(0);
      }),
      { numRuns: 25 },
    );
  });
});

describe('readers', () => {
  it('that do not fetch cost nothing: no row is read for them, and of progress the newest alone is kept', async () => {
    let timelineMs = 0;
    const progress = (): Progress[] => {
      timelineMs += 1000;
      const pictures = { sent: 0, skipped: 0, framesDropped: 0 };
      return [
        { recordingId: 'r', state: 'recording', timelineMs, participants: null, pictures, live: null, upload: null },
      ];
    };
    const { clock, rows, feed } = rig(progress);
    const reader = feed.subscribe({ after: null, cutOff: noCut })!;
    for (let n = 0; n < 1000; n += 1) rows.append();
    await clock.advance(60_000);
    expect(rows.reads).toBe(0);
    const batch = await reader.next();
    expect(batch?.filter(({ name }) => name === 'progress')).toEqual([
      { name: 'progress', data: expect.objectContaining({ timelineMs: 60_000 }) },
    ]);
    expect(batch?.length).toBeLessThanOrEqual(102);
  });

  it('progress comes at most once a second per recording', async () => {
    let asked = 0;
    const { clock, feed } = rig(() => {
      asked += 1;
      return [];
    });
    const reader = feed.subscribe({ after: null, cutOff: noCut })!;
    await clock.advance(10_000);
    expect(asked).toBe(10);
    reader.close();
    await clock.advance(10_000);
    expect(asked).toBe(10);
  });

  it('are limited in number, and a place is free again when one goes', () => {
    const { feed } = rig();
    const readers = Array.from({ length: 32 }, () => feed.subscribe({ after: null, cutOff: noCut })!);
    expect(feed.subscribe({ after: null, cutOff: noCut })).toBeNull();
    readers[7]?.close();
    readers[7]?.close();
    expect(feed.readers).toBe(31);
    expect(feed.subscribe({ after: null, cutOff: noCut })).not.toBeNull();
  });

  it('hear every 15 s that the line stands, and next() ends at once when they go', async () => {
    const { clock, feed } = rig();
    const reader = feed.subscribe({ after: null, cutOff: noCut })!;
    await reader.next();
    const quiet = reader.next();
    await clock.advance(15_000);
    expect(await quiet).toEqual([]);
    const pending = reader.next();
    reader.close();
    expect(await pending).toBeNull();
  });
});

describe('the end', () => {
  it('comes after everything that happened before it; nobody is taken in any more', async () => {
    const { clock, rows, feed } = rig();
    const reader = feed.subscribe({ after: null, cutOff: noCut })!;
    await reader.next();
    rows.append();
    const closing = feed.close();
    const { messages, isOver } = await readAll(reader, clock);
    expect([seqsOf(messages), isOver]).toEqual([[1], true]);
    reader.close();
    await closing;
    expect(feed.subscribe({ after: null, cutOff: noCut })).toBeNull();
  });

  it('does not wait for long for a reader who does not follow', async () => {
    const { clock, feed } = rig();
    let isCut = false;
    feed.subscribe({
      after: null,
      cutOff: () => {
        isCut = true;
      },
    });
    const closing = feed.close();
    await clock.advance(1000);
    await closing;
    expect([isCut, feed.readers]).toEqual([true, 0]);
  });

  it('of nobody is at once', async () => {
    await rig().feed.close();
  });
});
