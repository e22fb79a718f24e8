import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { EndReason } from '../../shared/recording.ts';
import {
  blocksOf,
  captureJob,
  createSession,
  ended,
  enteredSession,
  freezeTime,
  lumaOf,
  resumeAt,
  type SessionRig,
  T0_EPOCH_MS,
  ticksOf,
} from '../../test/support/capture-session.ts';
import type { Room } from './room/room.ts';

beforeEach(freezeTime);
afterEach(() => {
  vi.useRealTimers();
});

describe('entering', () => {
  it('is given up after the deadline, and the room is left all the same', async () => {
    const rig = createSession(captureJob());
    await rig.session.start();
    await rig.advance(9_999);
    expect(rig.sent).toEqual([]);
    await rig.advance(1);
    await rig.session.finished;
    expect(rig.of('enterFailed')).toMatchObject([{ code: -3308 }]);
    expect(rig.of('ended')).toEqual([]);
    expect(rig.room.calls).toEqual(['enter', 'exit', 'dispose']);
    rig.session.onEntered(1);
    expect(rig.of('entered')).toEqual([]);
  });

  it('refused by the SDK is told with its code and text', async () => {
    const rig = createSession(captureJob());
    await rig.session.start();
    rig.session.onEnterFailed(-100018, 'sig expired');
    await rig.session.finished;
    expect(rig.sent).toEqual([{ type: 'enterFailed', code: -100018, message: 'sig expired' }]);
  });

  it('tells where the recording begins, and opens its first segment there', async () => {
    const rig = await enteredSession(captureJob({ nextSegment: 4 }));
    expect(rig.sent).toEqual([
      { type: 'entered', t0EpochMs: T0_EPOCH_MS, tookMs: 120, simulated: true, sdkVersion: '13.3.801', resumed: null },
      { type: 'segmentOpened', segment: 4, output: 'mix', file: 'segment-4.mp4', startMs: 0 },
    ]);
  });

  it('does not happen any more when the recording was ended while the room was being opened', async () => {
    const opening = Promise.withResolvers<void>();
    const rig: SessionRig = createSession(
      captureJob({
        resume: resumeAt(7_000, { t0EpochMs: T0_EPOCH_MS - 9_000 }),
      }),
      {
        openRoom: async (): Promise<Room> => {
          await opening.promise;
          return rig.room;
        },
      },
    );
    const starting = rig.session.start();
    await rig.advance(10);
    await rig.session.end('stopped');
    opening.resolve();
    await starting;
    await rig.advance(20_000);
    expect(rig.room.calls).toEqual(['dispose']);
    expect(rig.sent).toEqual([{ type: 'ended', reason: 'stopped', code: null, message: null, timelineMs: 7_000 }]);
  });

  it('takes in users and their streams whichever of them is announced first, even before the answer', async () => {
    const rig = createSession(captureJob({}, { idleMs: 8_000 }));
    await rig.session.start();
    rig.session.onVideoAvailable('early', 'main', true);
    rig.session.onUserEntered('early');
    await rig.advance(500);
    rig.session.onEntered(500);
    await rig.advanceSending(1_000, { early: 200 });
    expect(rig.room.subscribed).toContain('main:early');
    expect(rig.of('participant')).toMatchObject([{ change: 'entered', userId: 'early', atMs: 0, slot: 0, anchors: 1 }]);
    expect(lumaOf(rig.encoders[0], -1)).toBe(200);
    await rig.advance(10_000);
    expect(rig.of('ended')).toEqual([]);
  });
});

describe('the end', () => {
  it.each<[EndReason, (rig: SessionRig) => void]>([
    ['dissolved', (rig: SessionRig) => rig.session.onExited('dissolved')],
    ['kicked', (rig: SessionRig) => rig.session.onExited('kicked')],
    ['stopped', (rig: SessionRig) => void rig.session.end('stopped')],
    ['disk', (rig: SessionRig) => rig.encoders[0]!.failStorage('ENOSPC')],
  ])('%s: with the exact length, however long the encoder takes to finish', async (reason, cause) => {
    const rig = await enteredSession(captureJob());
    rig.join('a');
    rig.encoders[0]!.finishMs = 17_000;
    await rig.advanceSending(7_300, { a: 200 });
    cause(rig);
    rig.session.onUserLeft('a');
    await rig.advance(16_000);
    expect(rig.of('ended')).toEqual([]);
    // The heartbeats go on, or the box would take the process for dead.
    expect(rig.of('stats').length).toBeGreaterThanOrEqual(7 + 15);
    expect(await ended(rig)).toMatchObject({ reason, timelineMs: 7_300 });
    expect(rig.of('stats').at(-1)?.stats.timelineMs).toBe(7_300);
    expect(rig.of('segmentClosed')).toHaveLength(1);
    if (reason === 'disk') return;
    expect(rig.encoders[0]?.pictures).toHaveLength(ticksOf(7_300));
    expect(rig.encoders[0]?.sound).toHaveLength(blocksOf(7_300));
  });

  it('is told once, whoever wants it after the first', async () => {
    const rig = await enteredSession(captureJob());
    await rig.advance(1_000);
    void rig.session.end('stopped');
    rig.session.onExited('dissolved');
    rig.session.onEnterFailed(-1, 'late');
    void rig.session.end('shutdown');
    expect(await ended(rig)).toMatchObject({ reason: 'stopped', timelineMs: 1_000 });
    expect(rig.of('enterFailed')).toEqual([]);
  });

  it('comes at the maximum length, to the picture', async () => {
    const rig = await enteredSession(captureJob({}, { maxLengthMs: 5_000 }));
    await rig.advance(6_000);
    expect(await ended(rig)).toMatchObject({ reason: 'maxLength', timelineMs: 5_000 });
    expect(rig.encoders[0]?.pictures).toHaveLength(75);
    expect(rig.encoders[0]?.sound).toHaveLength(250);
  });

  it('comes although the room cannot be left in order', async () => {
    const rig = await enteredSession(captureJob());
    rig.room.exitAnswer = new Error('native trouble');
    void rig.session.end('stopped');
    await rig.session.finished;
    expect(rig.of('ended')).toHaveLength(1);
    expect(rig.of('log')).toMatchObject([{ level: 'warn', data: { error: 'native trouble' } }]);
  });

  it('comes with a reason when encoders die without having written anything', async () => {
    const rig = await enteredSession(captureJob());
    for (let death = 0; death < 3; death += 1) {
      await rig.advance(1_000);
      rig.encoders.at(-1)!.die(0, 'Unknown encoder');
      await rig.advance(20);
    }
    await ended(rig);
    expect(rig.of('ended')).toMatchObject([{ reason: 'error', message: expect.stringContaining('Unknown encoder') }]);
  });
});

async function expectIdleAt(rig: SessionRig, atMs: number): Promise<void> {
  const { reason, timelineMs } = await ended(rig);
  expect(reason).toBe('idle');
  expect(timelineMs).toBeGreaterThanOrEqual(atMs);
  // It is looked at every 10 ms.
  // The limit is looked at with every picture, or every tenth of a second without pictures.
  expect(timelineMs).toBeLessThanOrEqual(atMs + 110);
}

describe('a room without anchors', () => {
  it('ends the recording after the idle limit; the wall clock has no say in it', async () => {
    const rig = await enteredSession(captureJob());
    await rig.advance(5_000);
    rig.wallOffsetMs = 3_600_000;
    await rig.advance(14_900);
    expect(rig.of('ended')).toEqual([]);
    rig.wallOffsetMs = -3_600_000;
    await rig.advance(200);
    await expectIdleAt(rig, 20_000);
  });

  it('counts from when the last one left, and anew after every entering', async () => {
    const rig = await enteredSession(captureJob());
    rig.join('a');
    rig.join('b');
    await rig.advance(30_000);
    rig.session.onUserLeft('a');
    await rig.advance(10_000);
    rig.session.onUserLeft('b');
    await rig.advance(15_000);
    rig.join('c');
    await rig.advance(25_000);
    rig.session.onUserLeft('c');
    await rig.advance(19_900);
    expect(rig.of('ended')).toEqual([]);
    await expectIdleAt(rig, 100_000);
  });

  it('counts on from an earlier process, but gives users the time to be announced', async () => {
    const job = captureJob({
      resume: resumeAt(50_000, { t0EpochMs: T0_EPOCH_MS - 60_000 }),
      idleSinceEpochMs: T0_EPOCH_MS - 40_000,
    });
    const rig = await enteredSession(job);
    await rig.advance(4_900);
    expect(rig.of('ended')).toEqual([]);
    await expectIdleAt(rig, 65_000);
    const busy = await enteredSession(job);
    await busy.advance(4_000);
    busy.join('a');
    await busy.advance(60_000);
    expect(busy.of('ended')).toEqual([]);
  });
});
