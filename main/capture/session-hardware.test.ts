import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { captureJob, enteredSession, freezeTime, type SessionRig } from '../../test/support/capture-session.ts';
import type { CaptureJob } from './messages.ts';
import { loadKernel } from './mix/kernel/load.ts';

beforeEach(freezeTime);
afterEach(() => vi.useRealTimers());

const CANVAS = { width: 320, height: 180 };
/** A second of pictures of this canvas, as bytes that an encoder has not read. */
const SECOND_BYTES = (15 * CANVAS.width * CANVAS.height * 3) / 2;

function hardwareJob(changes: Partial<CaptureJob> = {}): CaptureJob {
  const job = captureJob(changes, { idleMs: 3_600_000 });
  return { ...job, video: { ...job.video, ...CANVAS, coder: 'h264_nvenc' } };
}

const codersOf = ({ encoders }: SessionRig) => encoders.map(({ video }) => video.coder);

describe('an encoder of graphics hardware', () => {
  it('that dies is followed by x264, at once and for good; it is told once', async () => {
    const rig = await enteredSession(hardwareJob());
    rig.join('a');
    await rig.advanceSending(2_000, { a: 100 });
    expect(rig.of('stats').at(-1)?.stats).toMatchObject({ encoder: 'h264_nvenc', hardwareFailure: null });
    rig.encoders[0]!.die(1_500, 'ended with exit code 1 | the device is gone');
    await rig.advanceSending(1_000, { a: 100 });
    expect(codersOf(rig)).toEqual(['h264_nvenc', 'standIn']);
    const failure = { encoder: 'h264_nvenc', sinceMs: 2_000 };
    expect(rig.of('hardwareFailed')).toEqual([
      { type: 'hardwareFailed', failure, description: 'ended with exit code 1 | the device is gone' },
    ]);
    expect(rig.of('gap')).toMatchObject([{ gap: { atMs: 1_500, reason: 'encoderDied' } }]);
    expect(rig.of('segmentOpened')[1]!.startMs).toBe(1_600);
    expect(rig.of('stats').at(-1)?.stats).toMatchObject({ encoder: 'libx264 veryfast', hardwareFailure: failure });
    rig.encoders[1]!.die(1_000);
    await rig.advanceSending(1_000, { a: 100 });
    expect(codersOf(rig)).toEqual(['h264_nvenc', 'standIn', 'standIn']);
    expect(rig.of('hardwareFailed')).toHaveLength(1);
  });

  it('that never starts costs the recording nothing but a first empty segment', async () => {
    const rig = await enteredSession(hardwareJob());
    rig.encoders[0]!.die(0);
    await rig.advance(500);
    expect(codersOf(rig)).toEqual(['h264_nvenc', 'standIn']);
    expect(rig.of('segmentOpened').map(({ startMs }) => startMs)).toEqual([0, 0]);
    expect(rig.of('ended')).toEqual([]);
  });

  it('is not tried again by a later process of the recording, which goes on telling of it', async () => {
    const hardwareFailure = { encoder: 'h264_nvenc', sinceMs: 4_000 } as const;
    const job = hardwareJob({ hardwareFailure });
    const rig = await enteredSession({ ...job, video: { ...job.video, coder: 'standIn' } });
    await rig.advance(1_500);
    expect(codersOf(rig)).toEqual(['standIn']);
    expect(rig.of('stats').at(-1)?.stats).toMatchObject({ encoder: 'libx264 veryfast', hardwareFailure });
  });

  it('is not for small pictures; where it dies in one file of a user the others stay, and what begins later is x264’s', async () => {
    const kernel = await loadKernel();
    const job = hardwareJob({ outputs: { mix: false, singles: true } });
    const rig = await enteredSession(job, { loadKernel: async () => kernel });
    rig.join('a');
    rig.join('b');
    await rig.advanceSending(200, { a: 100 });
    await rig.advance(2_500);
    expect(codersOf(rig)).toEqual(['standIn', 'h264_nvenc']);
    rig.join('c');
    await rig.advance(2_500);
    rig.encoders[1]!.die(2_000);
    await rig.advance(500);
    rig.join('d');
    await rig.advance(2_500);
    expect(codersOf(rig)).toEqual(['standIn', 'h264_nvenc', 'h264_nvenc', 'standIn', 'standIn']);
    expect(rig.encoders.map(({ finishes }) => finishes.length)).toEqual([0, 1, 0, 0, 0]);
  });

  it('that cannot keep up gets fewer pictures and no other preset; x264 after it begins with all of them', async () => {
    const rig = await enteredSession(hardwareJob());
    rig.join('a');
    await rig.advanceSending(500, { a: 100 });
    rig.encoders[0]!.backlogBytes = SECOND_BYTES;
    await rig.advanceSending(8_000, { a: 100 });
    expect(codersOf(rig)).toEqual(['h264_nvenc']);
    expect(rig.of('relieved')).toMatchObject([{ relief: { preset: null, fps: 7.5 } }]);
    rig.encoders[0]!.die(7_000);
    await rig.advanceSending(2_500, { a: 100 });
    expect(rig.of('relieved').map(({ relief }) => relief?.fps ?? null)).toEqual([7.5, null]);
    expect(rig.of('stats').at(-1)?.stats).toMatchObject({ encoder: 'libx264 veryfast', relief: null });
    for (let second = 0; second < 10; second += 1) {
      rig.encoders.at(-1)!.backlogBytes = SECOND_BYTES;
      await rig.advanceSending(1_000, { a: 100 });
    }
    expect(rig.of('relieved').at(-1)).toMatchObject({ relief: { preset: 'superfast', fps: 15 } });
    expect(rig.encoders.at(-1)!.video).toMatchObject({
      coder: 'standIn',
      preset: 'superfast',
      begunWithPreset: 'veryfast',
    });
  });
});
