import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { CANVAS, captureJob, enteredSession, freezeTime, type SessionRig } from '../../test/support/capture-session.ts';
import { loadKernel } from './mix/kernel/load.ts';

beforeEach(freezeTime);
afterEach(() => vi.useRealTimers());

/** A second of pictures of this canvas, as bytes that an encoder has not read. */
const SECOND_BYTES = (15 * CANVAS.width * CANVAS.height * 3) / 2;

const openedPresets = ({ encoders }: SessionRig) => encoders.map(({ video }) => video.preset);

/** Where each picture and block of an encoder lies on the timeline, in ms. */
function timesOf(rig: SessionRig, kind: 'pictures' | 'sound'): number[] {
  const starts = rig.of('segmentOpened').map(({ startMs }) => startMs);
  return rig.encoders.flatMap((encoder, index) =>
    encoder[kind].map(({ timestampNs }) => Math.round(starts[index]! + timestampNs / 1e6)),
  );
}

describe('an encoder that cannot keep up', () => {
  it('gets lighter presets in new segments, then fewer pictures; sound and time stay whole', async () => {
    const rig = await enteredSession(captureJob());
    rig.join('a');
    await rig.advanceSending(500, { a: 100 });
    for (let second = 0; second < 24; second += 1) {
      for (const encoder of rig.encoders) encoder.backlogBytes = 0;
      rig.encoders.at(-1)!.backlogBytes = SECOND_BYTES;
      await rig.advanceSending(1000, { a: 100 });
    }
    expect(openedPresets(rig)).toEqual(['veryfast', 'superfast', 'ultrafast']);
    expect(rig.encoders.map(({ video }) => video.begunWithPreset)).toEqual([undefined, 'veryfast', 'veryfast']);
    expect(rig.of('relieved').map(({ relief }) => relief && `${relief.preset} ${relief.fps}`)).toEqual([
      'superfast 15',
      'ultrafast 15',
      'ultrafast 7.5',
    ]);
    expect(rig.of('stats').at(-1)?.stats).toMatchObject({
      encoder: 'libx264 ultrafast',
      relief: { preset: 'ultrafast', fps: 7.5, sinceMs: rig.of('relieved')[0]!.atMs },
      picturesSkipped: 0,
    });
    // Whoever was asked to end did so, and nothing is missing between the segments.
    expect(rig.encoders.map(({ finishes }) => finishes.length)).toEqual([1, 1, 0]);
    expect(rig.of('gap')).toEqual([]);
    void rig.session.end('stopped');
    await rig.advance(100);
    const blocks = timesOf(rig, 'sound');
    expect(blocks).toEqual(blocks.map((_, index) => index * 20));
    const ticks = timesOf(rig, 'pictures').map((ms) => Math.round((ms * 15) / 1000));
    const thinFrom = ticks.findIndex((tick, index) => tick !== index);
    const rest = ticks.slice(thinFrom - 1);
    expect(rest).toEqual(rest.map((_, index) => rest[0]! + 2 * index));
    expect(rig.of('segmentClosed').every(({ clean }) => clean)).toBe(true);
  });

  it('gets all back, step by step, when it keeps up again', async () => {
    const rig = await enteredSession(captureJob({}, { idleMs: 3_600_000 }));
    await rig.advance(500);
    rig.encoders[0]!.backlogBytes = SECOND_BYTES;
    await rig.advance(8_000);
    expect(openedPresets(rig)).toEqual(['veryfast', 'superfast']);
    await rig.advance(70_000);
    expect(openedPresets(rig)).toEqual(['veryfast', 'superfast', 'veryfast']);
    expect(rig.of('relieved').at(-1)).toMatchObject({ relief: null });
    expect(rig.of('stats').at(-1)?.stats).toMatchObject({ encoder: 'libx264 veryfast', relief: null });
  });

  it('counts as keeping up while it makes up for what was missed, but not for long', async () => {
    const resume = {
      ...{ t0EpochMs: Date.now() - 50_000, cutMs: 0, timelineMs: 4_000, knownMs: 0 },
      outputs: [{ output: 'mix' as const, timelineMs: 4_000 }],
      absence: 'captureDied' as const,
    };
    const rig = await enteredSession(captureJob({ resume }));
    // More than it may have before it while it makes up for the past.
    rig.encoders[0]!.backlogBytes = 2 * SECOND_BYTES;
    await rig.advance(15_000);
    expect(rig.of('relieved')).toEqual([]);
    await rig.advance(10_000);
    expect(rig.of('relieved')).toHaveLength(1);
  });

  it('of a recording of sound alone is left alone', async () => {
    const rig = await enteredSession(captureJob({ media: { video: false, audio: true } }));
    rig.encoders[0]!.backlogBytes = 1e9;
    await rig.advance(15_000);
    expect(rig.of('relieved')).toEqual([]);
    expect(rig.encoders).toHaveLength(1);
  });
});

describe('files of single users', () => {
  it('are relieved too, also those begun later', async () => {
    const kernels = [await loadKernel(), await loadKernel()];
    const job = captureJob({ outputs: { mix: false, singles: true } });
    const rig = await enteredSession(job, { loadKernel: async () => kernels.pop()! });
    rig.join('a');
    await rig.advanceSending(500, { a: 100 });
    rig.encoders[0]!.backlogBytes = SECOND_BYTES;
    await rig.advanceSending(7_000, { a: 100 });
    expect(openedPresets(rig)).toEqual(['veryfast', 'superfast']);
    rig.join('b');
    await rig.advanceSending(500, { a: 100, b: 50 });
    expect(openedPresets(rig)).toEqual(['veryfast', 'superfast', 'superfast']);
  });
});
