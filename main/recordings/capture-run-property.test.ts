import fc from 'fast-check';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { CAPTURING_STATES, type EndReason, type RecordingState } from '../../shared/recording.ts';
import { captureJob } from '../../test/support/capture-session.ts';
import { createSupervised, type Supervised } from '../../test/support/supervised.ts';
import type { FromCapture } from '../capture/messages.ts';

let box: Supervised;

beforeEach(() => {
  box = createSupervised();
});
afterEach(() => box.close());

const CODES = [-3301, -3308, -3320, -100018, -102005, -102008, -102018, -102052, -70001, -99];
const REASONS = ['dissolved', 'kicked', 'idle', 'maxLength', 'stopped', 'disk', 'shutdown', 'error'] as const;

type Move = (id: string) => void | Promise<void>;

function tell(...messages: FromCapture[]): Move {
  return () => {
    if (box.host.started.length > 0) box.host.last.tell(...messages);
  };
}

function someone(change: 'entered' | 'left'): FromCapture {
  return { type: 'participant', change, userId: 'a', atMs: 0, slot: 0, anchors: change === 'entered' ? 1 : 0 };
}

function ended(reason: EndReason): FromCapture {
  return { type: 'ended', reason, code: null, message: null, timelineMs: 5_000 };
}

/** Everything that a capture process, its death, the machine and people can do, in no order at all. */
const moves: fc.Arbitrary<Move> = fc.oneof(
  fc.constant(tell({ type: 'ready', pid: 1 })),
  fc.nat({ max: 5 }).map(
    (segment): Move =>
      () => {
        if (box.host.started.length > 0) box.host.last.enter(segment);
      },
  ),
  fc.constantFrom(...CODES).map((code) => tell({ type: 'enterFailed', code, message: 'no' })),
  fc.constantFrom('entered', 'left').map((change) => tell(someone(change))),
  fc.nat({ max: 20_000 }).map(
    (ms): Move =>
      () => {
        if (box.host.started.length > 0) box.host.last.beat(ms);
      },
  ),
  fc.constantFrom('lost', 'recovered').map((state) => tell({ type: 'connection', state, atMs: 5 })),
  fc.constant(tell({ type: 'leftToReenter', timelineMs: 900 })),
  fc.constantFrom(...REASONS).map((reason) => tell(ended(reason))),
  fc.constantFrom(0, 1, 3, 70, null).map(
    (code): Move =>
      () => {
        if (box.host.started.length > 0) box.host.last.exit(code, code === null ? 'SIGKILL' : null);
      },
  ),
  fc.constantFrom(0, 1, 500, 5_000, 16_000, 45_000).map(
    (ms): Move =>
      () =>
        box.advance(ms),
  ),
  fc.constantFrom('stopped', 'shutdown', 'disk').map(
    (reason): Move =>
      (id) =>
        box.supervisor.stop(id, reason),
  ),
  fc.boolean().map(
    (isBroken): Move =>
      () => {
        box.host.failure = isBroken ? new Error('spawn EAGAIN') : null;
      },
  ),
  fc.boolean().map(
    (obeys): Move =>
      () => {
        if (box.host.started.length > 0) box.host.last.obeys = obeys;
      },
  ),
  fc.constantFrom('there', 'away', 'hanging').map(
    (disk): Move =>
      () => {
        box.prepare = async () => {
          if (disk === 'away') throw new Error('the disk is away');
          if (disk === 'hanging') await new Promise(() => {});
          return captureJob({}, { reenterMs: 120_000, idleMs: 120_000 });
        };
      },
  ),
);

function isCapturing(id: string): boolean {
  return (CAPTURING_STATES as readonly RecordingState[]).includes(box.row(id).state);
}

it('whatever happens in whatever order, a recording is concluded exactly once, and nothing is left waiting', async () => {
  let room = 0;
  const run = async (sequence: Move[]): Promise<void> => {
    room += 1;
    box.finished.length = 0;
    box.host.failure = null;
    const id = await box.launched(room);
    for (const move of sequence) await move(id);
    // From here on nobody says anything any more: only the deadlines are left to bring it to an end.
    for (let minutes = 0; isCapturing(id) && minutes < 30; minutes += 0.5) await box.advance(30_000);
    expect(box.finished).toEqual([id]);
    const row = box.row(id);
    expect(['finalizing', 'notifying']).toContain(row.state);
    expect(row).toMatchObject({ endReason: expect.any(String), endedAtMs: expect.any(Number) });
    if (row.stopRequested !== null) expect(row.endReason).toBe(row.stopRequested);
    if (row.state === 'notifying') expect(row).toMatchObject({ outcome: 'failed', failureCode: expect.any(String) });
    expect(vi.getTimerCount()).toBe(0);
    // Whoever speaks up afterwards changes nothing.
    for (const process of box.host.started) {
      process.tell({ type: 'ready', pid: 1 }, someone('entered'), ended('kicked'));
      process.exit(0);
    }
    box.supervisor.stop(id, 'stopped');
    await box.advance(60_000);
    expect([box.row(id), box.finished]).toEqual([row, [id]]);
    const ends = box.events(id, 'state').filter(({ to }) => to === 'finalizing' || to === 'notifying');
    expect(ends).toHaveLength(1);
  };
  await fc.assert(fc.asyncProperty(fc.array(moves, { maxLength: 25 }), run), { numRuns: 120 });
});
