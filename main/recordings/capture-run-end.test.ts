import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { captureJob, resumeAt } from '../../test/support/capture-session.ts';
import { createSupervised, type Supervised } from '../../test/support/supervised.ts';
import type { FromCapture } from '../capture/messages.ts';
import { CAPTURE_RUN_LIMITS } from './capture-run.ts';

const { silenceTimeoutMs, readyTimeoutMs, stopTimeoutMs, destroyGraceMs } = CAPTURE_RUN_LIMITS;
let box: Supervised;

beforeEach(() => {
  box = createSupervised();
});
afterEach(() => box.close());

function someone(change: 'entered' | 'left', anchors: number, atMs = 0): FromCapture {
  return { type: 'participant', change, userId: 'a', atMs, slot: 0, anchors };
}

function ended(changes: Partial<Extract<FromCapture, { type: 'ended' }>> = {}): FromCapture {
  return { type: 'ended', reason: 'dissolved', code: null, message: null, timelineMs: 7_300, ...changes };
}

describe('deadlines', () => {
  it('a process that is not ready in time is replaced', async () => {
    await box.launched();
    await box.advance(readyTimeoutMs - 1);
    expect(box.host.last.destroyed).toEqual([]);
    await box.advance(1);
    expect(box.host.started[0]?.destroyed).toEqual([destroyGraceMs]);
    await box.advance(1);
    expect(box.host.started).toHaveLength(2);
  });

  it('a process that falls silent in the room is replaced; entering may take its own time', async () => {
    box.prepare = async () => captureJob({}, { enterTimeoutMs: 60_000 });
    await box.launched();
    const { last } = box.host;
    last.tell({ type: 'ready', pid: 1 });
    await box.advance(30_000);
    last.tell({ type: 'log', level: 'info', message: 'still trying' });
    await box.advance(60_000 + silenceTimeoutMs - 1);
    expect(last.destroyed).toEqual([]);
    last.enter(0);
    await box.advance(silenceTimeoutMs - 1);
    last.beat(silenceTimeoutMs - 1);
    await box.advance(silenceTimeoutMs - 1);
    expect(last.destroyed).toEqual([]);
    await box.advance(1);
    expect(last.destroyed).toEqual([destroyGraceMs]);
  });

  it('a process that not even SIGKILL ends is left behind, and not listened to any more', async () => {
    const id = await box.launched();
    const first = box.host.last;
    first.enter(0);
    first.obeys = false;
    await box.advance(silenceTimeoutMs);
    expect(first.destroyed).toEqual([destroyGraceMs]);
    await box.advance(destroyGraceMs + 5_001);
    expect(box.host.started).toHaveLength(2);
    box.host.last.enter(1);
    first.tell(ended({ reason: 'kicked' }), { type: 'firstMedia', atMs: 77 });
    first.exit(0);
    await box.advance(1_000);
    expect(box.row(id)).toMatchObject({ state: 'waiting', firstMediaAtMs: null });
    expect(box.host.started).toHaveLength(2);
    box.host.last.tell(ended());
    box.host.last.exit(0);
    expect(box.row(id)).toMatchObject({ state: 'finalizing', endReason: 'dissolved' });
  });

  it('a process that does not stop in time is ended, and the recording with it', async () => {
    const id = await box.launched();
    const { last } = box.host;
    last.enter(0);
    box.supervisor.stop(id, 'stopped');
    for (let beats = 0; beats < stopTimeoutMs / 1_000; beats += 1) {
      last.beat(beats * 1_000);
      expect(last.destroyed).toEqual([]);
      await box.advance(1_000);
    }
    expect(last.destroyed).toEqual([destroyGraceMs]);
    expect(box.row(id)).toMatchObject({ state: 'finalizing', endReason: 'stopped', failureCode: null });
  });
});

describe('a stop', () => {
  it('is a row first and reaches the process once', async () => {
    const id = await box.launched();
    box.host.last.enter(0);
    box.supervisor.stop(id, 'stopped');
    box.supervisor.stop(id, 'shutdown');
    expect(box.row(id).stopRequested).toBe('stopped');
    expect(box.host.last.received.slice(1)).toEqual([{ type: 'stop', reason: 'stopped' }]);
    box.host.last.tell(ended({ reason: 'stopped' }));
    box.host.last.exit(0);
    expect(box.row(id)).toMatchObject({ state: 'finalizing', endReason: 'stopped' });
    box.supervisor.stop(id, 'stopped');
    expect(box.finished).toEqual([id]);
  });

  it('before the process is ready is told again when it is', async () => {
    const id = await box.launched();
    box.supervisor.stop(id, 'stopped');
    box.host.last.tell({ type: 'ready', pid: 1 });
    expect(box.host.last.received.map(({ type }) => type)).toEqual(['stop', 'start', 'stop']);
    box.host.last.tell(ended({ reason: 'stopped', timelineMs: 0 }));
    box.host.last.exit(0);
    expect(box.row(id)).toMatchObject({
      state: 'notifying',
      endReason: 'stopped',
      failureCode: 'NOTHING_RECORDED',
      failureMessage: 'the recording ended before the room was entered',
    });
  });

  it('while the job is being prepared starts no process', async () => {
    const preparing = Promise.withResolvers<void>();
    box.prepare = async () => {
      await preparing.promise;
      return captureJob();
    };
    const id = await box.launched();
    box.supervisor.stop(id, 'stopped');
    preparing.resolve();
    await box.advance(0);
    expect(box.host.started).toHaveLength(0);
    expect(box.row(id)).toMatchObject({ state: 'notifying', endReason: 'stopped' });
  });

  it('in a pause between two tries ends it at once and says why nothing came', async () => {
    const id = await box.launched();
    box.host.last.tell({ type: 'enterFailed', code: -3308, message: 'no answer' });
    box.host.last.exit(0);
    box.supervisor.stop(id, 'stopped');
    expect(box.row(id)).toMatchObject({ state: 'notifying', failureCode: 'NOTHING_RECORDED' });
    expect(box.row(id).failureMessage).toContain('ENTER_ROOM_-3308: no answer');
    await box.advance(60_000);
    expect(box.host.started).toHaveLength(1);
  });

  it('of a recording that goes on keeps the length that was recorded before', async () => {
    const id = await box.launched();
    box.host.last.enter(0);
    box.host.last.beat(1_000);
    box.host.last.beat(61_000);
    box.host.last.exit(1);
    await box.advance(0);
    box.supervisor.stop(id, 'stopped');
    box.host.last.tell({ type: 'ready', pid: 1 }, ended({ reason: 'stopped', timelineMs: 0 }));
    box.host.last.exit(0);
    expect(box.row(id)).toMatchObject({ state: 'finalizing', timelineMs: 61_000 });
  });
});

describe('the end', () => {
  it('by an error of the session is told with its text', async () => {
    const id = await box.launched();
    box.host.last.enter(0);
    box.host.last.tell(someone('entered', 1), ended({ reason: 'error', message: 'the encoder ended 3 times' }));
    box.host.last.exit(0);
    expect(box.row(id)).toMatchObject({
      state: 'finalizing',
      endReason: 'error',
      failureCode: 'CAPTURE_ERROR',
      failureMessage: 'the encoder ended 3 times',
    });
    expect(box.store.stays.list(id)).toMatchObject([{ leftAtMs: 7_300 }]);
  });

  it('of a room with people but without a segment still goes through the finalizer', async () => {
    const id = await box.launched();
    box.host.last.tell(
      { type: 'ready', pid: 1 },
      { type: 'entered', t0EpochMs: Date.now(), tookMs: 1, simulated: true, sdkVersion: 'x', resumed: null },
      someone('entered', 1),
      ended(),
    );
    box.host.last.exit(0);
    expect(box.row(id).state).toBe('finalizing');
  });

  it('comes before another process when the maximum length is recorded already', async () => {
    box.prepare = async () => captureJob({ resume: resumeAt(5_000, { outputs: [] }) }, { maxLengthMs: 5_000 });
    const id = await box.launched();
    expect(box.host.started).toHaveLength(0);
    expect(box.row(id)).toMatchObject({ endReason: 'maxLength' });
  });
});
