import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { FromCapture } from '../../../main/capture/messages.ts';
import { type CallCounter, failOnce } from '../../support/failing-calls.ts';
import { failDatabase, sqliteError } from '../../support/failing-database.ts';
import { addRecording } from '../../support/new-recording.ts';
import { createSupervised, type Supervised } from '../../support/supervised.ts';

const MINUTE_MS = 60_000;

let box: Supervised;
beforeEach(() => {
  box = createSupervised();
});
afterEach(() => box?.close());

/** Everything a short recording tells, in its order. */
const STORY: FromCapture[] = [
  { type: 'participant', change: 'entered', userId: 'a', atMs: 100, slot: 0, anchors: 1 },
  { type: 'firstMedia', atMs: 120 },
  { type: 'gap', gap: { atMs: 1_000, durationMs: 300, reason: 'encoderDied', cut: false } },
  { type: 'participant', change: 'left', userId: 'a', atMs: 7_000, slot: 0, anchors: 0 },
  { type: 'segmentClosed', segment: 0, bytes: 77, clean: true },
  { type: 'ended', reason: 'dissolved', code: null, message: null, timelineMs: 7_300 },
];

/** Records from its acceptance to its hand-over while statements fail as the counter says; then they work again. */
async function record(roomId: number, counter: CallCounter): Promise<string> {
  const { id } = addRecording(box.store, { roomId });
  const startedBefore = box.host.started.length;
  const restore = failDatabase(counter);
  try {
    box.supervisor.launch(id);
    for (let waited = 0; box.host.started.length === startedBefore && waited < 10; waited += 1)
      await box.advance(1_000);
    const process = box.host.started[startedBefore];
    if (process) {
      process.enter(0);
      process.tell(...STORY);
      process.exit(0);
    }
    await box.advance(10_000);
  } finally {
    restore();
  }
  await box.advance(MINUTE_MS);
  return id;
}

function expectHandedOver(id: string, after: string): void {
  expect(box.row(id), after).toMatchObject({
    state: 'finalizing',
    endReason: 'dissolved',
    timelineMs: 7_300,
    firstMediaAtMs: 120,
  });
  expect(box.store.segments.list(id), after).toMatchObject([{ segment: 0, bytes: 77, clean: true }]);
  expect(box.store.gaps.list(id), after).toHaveLength(1);
  expect(box.store.stays.list(id), after).toMatchObject([{ userId: 'a', enteredAtMs: 100, leftAtMs: 7_000 }]);
  expect(
    box.finished.filter((one) => one === id),
    after,
  ).toHaveLength(1);
  expect(box.supervisor.running, after).toBe(0);
}

describe.each(['SQLITE_FULL', 'SQLITE_IOERR_WRITE', 'SQLITE_READONLY', 'SQLITE_BUSY'])(
  'a recording while statements fail with %s',
  (code) => {
    it('each in turn: every row is there in the end, handed over exactly once, without a second process', async () => {
      const failures: string[] = [];
      for (let failAt = 1; ; failAt += 1) {
        const counter = failOnce(failAt, () => sqliteError(code));
        const before = box.host.started.length;
        const id = await record(failAt, counter);
        const after = `${code} at statement ${failAt}, ${counter.failed}`;
        expectHandedOver(id, after);
        expect(box.host.started.length - before, after).toBe(1);
        if (counter.failed === null) break;
        failures.push(counter.failed);
      }
      expect(failures.length).toBeGreaterThan(20);
      expect(failures).toEqual(
        expect.arrayContaining([expect.stringMatching(/^BEGIN/), expect.stringMatching(/^COMMIT/)]),
      );
    });

    it('all of them for two minutes before its process could start: it is waited for, and then recorded', async () => {
      const { id } = addRecording(box.store, { roomId: 5_000 });
      const startedBefore = box.host.started.length;
      const restore = failDatabase({
        count: 0,
        failed: null,
        note() {
          throw sqliteError(code);
        },
      });
      box.supervisor.launch(id);
      await box.advance(2 * MINUTE_MS);
      restore();
      expect(box.host.started.length).toBe(startedBefore);
      expect(box.row(id)).toMatchObject({ state: 'accepted', failureCode: null });
      for (let waited = 0; box.host.started.length === startedBefore && waited < 60; waited += 1)
        await box.advance(1_000);
      const process = box.host.started[startedBefore]!;
      process.enter(0);
      process.tell(...STORY);
      process.exit(0);
      expectHandedOver(id, 'two minutes later');
    });

    it.each([1, 3, 8, 20])('all of them from statement %i of its story on, for ten seconds: the same', async (from) => {
      const { id } = addRecording(box.store, { roomId: 6_000 + from });
      box.supervisor.launch(id);
      await box.advance(0);
      const process = box.host.last;
      process.tell({ type: 'ready', pid: 1 });
      let count = 0;
      const restore = failDatabase({
        count: 0,
        failed: null,
        note() {
          count += 1;
          if (count >= from) throw sqliteError(code);
        },
      });
      process.enter(0);
      process.tell(...STORY);
      process.exit(0);
      await box.advance(10_000);
      restore();
      await box.advance(10_000);
      expectHandedOver(id, `from statement ${from}`);
    });
  },
);
