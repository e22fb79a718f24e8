import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { captureJob } from '../../test/support/capture-session.ts';
import { createSupervised, type Supervised } from '../../test/support/supervised.ts';
import type { FromCapture } from '../capture/messages.ts';
import { CAPTURE_RUN_LIMITS } from './capture-run.ts';

const { maxBarrenDeaths } = CAPTURE_RUN_LIMITS;
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

/** Lets time pass until another process is there; returns how long that took, to half a second. */
async function pauseUntilNext(): Promise<number> {
  const before = box.host.started.length;
  let pauseMs = 0;
  for (await box.advance(1); box.host.started.length === before; await box.advance(500)) {
    if (pauseMs > 60_000) throw new Error('no further process came');
    pauseMs += 500;
  }
  return pauseMs;
}

describe('what a capture process tells', () => {
  it('is in the rows before anything follows from it', async () => {
    const id = await box.launched();
    const { last } = box.host;
    expect(box.row(id)).toMatchObject({ state: 'joining', captureAttempts: 1 });
    expect(last.received).toEqual([]);
    last.tell({ type: 'ready', pid: 1 });
    expect(last.received).toEqual([{ type: 'start', job: captureJob() }]);
    const t0EpochMs = Date.now() + 500;
    last.enter(0, 0, t0EpochMs);
    expect(box.row(id)).toMatchObject({ state: 'waiting', startedAtMs: t0EpochMs, idleSinceAtMs: Date.now() });
    expect(box.store.segments.list(id)).toMatchObject([{ segment: 0, file: 'segment-0.mp4', closedAtMs: null }]);
    last.tell(someone('entered', 1, 400), { type: 'firstMedia', atMs: 420 }, { type: 'firstMedia', atMs: 999 });
    expect(box.row(id)).toMatchObject({ state: 'recording', idleSinceAtMs: null, firstMediaAtMs: 420 });
    await box.advance(5_000);
    last.tell(someone('left', 0, 5_400));
    expect(box.row(id).idleSinceAtMs).toBe(Date.now());
    expect(box.store.stays.list(id)).toMatchObject([{ userId: 'a', enteredAtMs: 400, leftAtMs: 5_400, slot: 0 }]);
    const gap = { atMs: 1_000, durationMs: 300, reason: 'encoderDied', cut: false } as const;
    last.tell({ type: 'gap', gap }, { type: 'connection', state: 'lost', atMs: 6_000 });
    expect(box.store.gaps.list(id)).toMatchObject([gap]);
    expect(box.events(id, 'connection')).toEqual([{ state: 'lost', atMs: 6_000 }]);
    last.beat(9_999);
    expect([box.row(id).timelineMs, box.supervisor.stats(id)?.timelineMs]).toEqual([0, 9_999]);
    last.beat(10_000);
    expect(box.row(id).timelineMs).toBe(10_000);
    last.tell({ type: 'segmentClosed', segment: 0, bytes: 77, clean: true }, ended({ timelineMs: 12_345 }));
    expect(box.finished).toEqual([]);
    last.exit(0);
    expect(box.store.segments.list(id)).toMatchObject([{ bytes: 77, clean: true }]);
    expect(box.row(id)).toMatchObject({
      state: 'finalizing',
      endReason: 'dissolved',
      timelineMs: 12_345,
      failureCode: null,
    });
    expect(box.finished).toEqual([id]);
    expect(box.supervisor.running).toBe(0);
  });

  it('waits in memory while the store cannot be written, and is written in order afterwards', async () => {
    const id = await box.launched();
    const { last } = box.host;
    const full = Object.assign(new Error('database or disk is full'), { code: 'SQLITE_FULL' });
    const broken = vi.spyOn(box.store, 'transaction').mockImplementation(() => {
      throw full;
    });
    last.enter(0);
    expect(box.row(id).startedAtMs).toBeNull();
    expect(box.store.segments.list(id)).toEqual([]);
    broken.mockRestore();
    last.beat(1_000);
    expect(box.row(id)).toMatchObject({ state: 'waiting', startedAtMs: Date.now() });
    expect(box.store.segments.list(id)).toMatchObject([{ segment: 0 }]);
  });

  it('a message that breaks a rule of the schema does not hold up the ones after it', async () => {
    const id = await box.launched();
    box.host.last.enter(0);
    box.host.last.tell(
      { type: 'gap', gap: { atMs: null as unknown as number, durationMs: 1, reason: 'boxDown', cut: false } },
      { type: 'firstMedia', atMs: 5 },
    );
    expect(box.row(id).firstMediaAtMs).toBe(5);
  });
});

describe('a death', () => {
  it('is followed by a new process at once, with the facts of the first one kept', async () => {
    const id = await box.launched();
    const t0EpochMs = Date.now();
    box.host.last.enter(0);
    box.host.last.tell(someone('entered', 1));
    for (let ms = 1_000; ms <= 9_000; ms += 1_000) box.host.last.beat(ms);
    box.host.last.exit(null, 'SIGSEGV');
    expect(box.events(id, 'captureDied')).toEqual([{ code: null, signal: 'SIGSEGV' }]);
    await box.advance(0);
    expect(box.host.started).toHaveLength(2);
    expect(box.row(id)).toMatchObject({ state: 'joining', captureAttempts: 2, startedAtMs: t0EpochMs });
    box.host.last.enter(1, 8_500, t0EpochMs);
    box.host.last.tell(someone('entered', 1, 9_200));
    expect(box.row(id).state).toBe('recording');
    expect(box.store.segments.list(id).map(({ startMs }) => startMs)).toEqual([0, 8_500]);
  });

  it('without progress, again and again, is tried with growing pauses and then ended with what there is', async () => {
    const id = await box.launched();
    box.host.last.enter(0);
    box.host.last.tell(someone('entered', 1));
    for (let death = 1; death < maxBarrenDeaths; death += 1) {
      // The heartbeat's position jumps with the time that passed outside the room: that is no progress.
      box.host.last.beat(death * 60_000);
      box.host.last.beat(death * 60_000 + 2_000);
      box.host.last.exit(70);
      await pauseUntilNext();
    }
    box.host.last.exit(70);
    expect(box.row(id)).toMatchObject({
      state: 'finalizing',
      endReason: 'error',
      failureCode: 'CAPTURE_DIED',
      failureMessage: expect.stringContaining('exit code 70'),
    });
    await box.advance(120_000);
    expect(box.host.started).toHaveLength(maxBarrenDeaths);
  });

  it('pauses 0, 0.5, 1, 2 … 16 s; a process that recorded for a while starts the count anew', async () => {
    const id = await box.launched();
    const pauses: number[] = [];
    const die = async (): Promise<void> => {
      box.host.last.exit(1);
      pauses.push(await pauseUntilNext());
    };
    for (let death = 0; death < 7; death += 1) await die();
    expect(pauses).toEqual([0, 500, 1_000, 2_000, 4_000, 8_000, 16_000]);
    box.host.last.enter(0);
    box.host.last.beat(5_000);
    box.host.last.beat(8_000);
    await die();
    await die();
    expect(pauses.slice(7)).toEqual([0, 0]);
    expect(box.row(id).state).toBe('joining');
  });

  it('without any segment is a failure that the caller is told with its cause', async () => {
    const id = await box.launched();
    for (let death = 1; death < maxBarrenDeaths; death += 1) {
      box.host.last.exit(1);
      await pauseUntilNext();
    }
    box.host.last.exit(1);
    expect(box.row(id)).toMatchObject({
      state: 'notifying',
      outcome: 'failed',
      failureKind: 'recording',
      failureCode: 'CAPTURE_DIED',
      failureMessage: 'the capture process died (exit code 1)',
    });
    expect(box.finished).toEqual([id]);
  });

  it('also of the preparation or of the host itself is tried again', async () => {
    box.prepare = async () => {
      throw new Error('no working ffmpeg was found');
    };
    const id = await box.launched();
    await box.advance(600);
    expect(box.host.started).toHaveLength(0);
    box.prepare = async () => captureJob();
    box.host.failure = new Error('spawn EAGAIN');
    await box.advance(1_000);
    box.host.failure = null;
    await box.advance(4_000);
    expect(box.host.started).toHaveLength(1);
    expect(box.row(id).state).toBe('joining');
  });

  it('by a shutdown that nobody asked for is a death, not the end of the recording', async () => {
    const id = await box.launched();
    box.host.last.enter(0);
    box.host.last.tell(someone('entered', 1), ended({ reason: 'shutdown' }));
    box.host.last.exit(0);
    await box.advance(0);
    expect(box.host.started).toHaveLength(2);
    expect(box.row(id)).toMatchObject({ state: 'joining', endReason: null, timelineMs: 7_300 });
  });

  it('is not lost when the rows about it cannot be written at that moment', async () => {
    const id = await box.launched();
    box.host.last.enter(0);
    const busy = Object.assign(new Error('database is locked'), { code: 'SQLITE_BUSY' });
    const broken = vi.spyOn(box.store.events, 'append').mockImplementation(() => {
      throw busy;
    });
    box.host.last.exit(1);
    await box.advance(5_000);
    expect(box.host.started).toHaveLength(1);
    broken.mockRestore();
    await box.advance(2_000);
    expect(box.host.started).toHaveLength(2);
    box.host.last.enter(1);
    box.host.last.tell(ended());
    const brokenMove = vi.spyOn(box.store, 'transaction').mockImplementation(() => {
      throw busy;
    });
    box.host.last.exit(0);
    await box.advance(5_000);
    expect([box.row(id).state, box.finished]).toEqual(['waiting', []]);
    brokenMove.mockRestore();
    await box.advance(2_000);
    expect([box.row(id).state, box.finished]).toEqual(['finalizing', [id]]);
  });
});

describe('a room that cannot be entered', () => {
  it.each([
    [-3308, [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000, 60_000]],
    [-100018, [1_000]],
    [-3320, []],
    [-99, [1_000, 2_000]],
  ])('%i: is tried again after %j ms, then the caller is told', async (code, pausesMs) => {
    const id = await box.launched();
    const refuse = (): void => {
      box.host.last.tell({ type: 'ready', pid: 1 }, { type: 'enterFailed', code, message: 'the SDK says no' });
      box.host.last.exit(0);
    };
    refuse();
    for (const [index, pauseMs] of pausesMs.entries()) {
      expect(box.row(id)).toMatchObject({
        state: 'joining',
        attempts: index + 1,
        nextAtMs: Date.now() + pauseMs,
        lastError: `ENTER_ROOM_${code}: the SDK says no`,
      });
      await box.advance(pauseMs - 1);
      expect(box.host.started).toHaveLength(index + 1);
      await box.advance(1);
      expect(box.host.started).toHaveLength(index + 2);
      expect(box.row(id).nextAtMs).toBeNull();
      refuse();
    }
    expect(box.row(id)).toMatchObject({
      state: 'notifying',
      outcome: 'failed',
      endReason: 'error',
      failureCode: `ENTER_ROOM_${code}`,
      failureMessage: expect.stringContaining(`(code ${code}: the SDK says no)`),
    });
  });

  it('after something was recorded ends the recording with what there is', async () => {
    const id = await box.launched();
    box.host.last.enter(0);
    box.host.last.exit(1);
    await box.advance(0);
    box.host.last.tell({ type: 'enterFailed', code: -102018, message: 'removed' });
    box.host.last.exit(0);
    expect(box.row(id)).toMatchObject({ state: 'finalizing', endReason: 'error', failureCode: 'ENTER_ROOM_-102018' });
  });

  it('counts its tries anew after the room was entered', async () => {
    const id = await box.launched();
    for (let round = 0; round < 3; round += 1) {
      box.host.last.tell({ type: 'enterFailed', code: -100018, message: 'x' });
      box.host.last.exit(0);
      await box.advance(1_000);
      box.host.last.enter(round);
      box.host.last.exit(1);
      await box.advance(2_000);
    }
    expect(box.row(id).state).toBe('joining');
  });
});
