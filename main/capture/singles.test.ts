import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  CANVAS,
  captureJob,
  ended,
  enteredSession,
  freezeTime,
  isLoud,
  lumaOf,
  picture,
  type SessionRig,
  tone,
} from '../../test/support/capture-session.ts';
import type { CaptureJob } from './messages.ts';
import type { PlaneKernel } from './mix/kernel/kernel.ts';
import { loadKernel } from './mix/kernel/load.ts';
import { singleSize } from './singles.ts';

let kernels: PlaneKernel[];

beforeEach(async () => {
  // Loaded ahead: frozen time does not wait for the disk.
  kernels = await Promise.all(Array.from({ length: 12 }, () => loadKernel()));
  freezeTime();
});
afterEach(() => {
  vi.useRealTimers();
});

function entered(changes: Partial<CaptureJob> = {}): Promise<SessionRig> {
  const job = captureJob({ outputs: { mix: false, singles: true }, ...changes });
  return enteredSession(job, { loadKernel: async () => kernels.pop()! });
}

function files(rig: SessionRig): { output: string; segment: number; startMs: number }[] {
  return rig.of('segmentOpened').map(({ output, segment, startMs }) => ({ output, segment, startMs }));
}

describe('files of single users', () => {
  it('begin with their user, share the timeline and end with the room', async () => {
    const rig = await entered();
    rig.join('a');
    await rig.advanceSending(1_000, { a: 60 });
    rig.join('b');
    await rig.advanceSending(2_000, { a: 60, b: 200 });
    void rig.session.end('dissolved');
    expect(await ended(rig)).toMatchObject({ timelineMs: 3_000 });
    expect(files(rig)).toEqual([
      { output: 'main:a', segment: 0, startMs: 0 },
      { output: 'main:b', segment: 1, startMs: 1_000 },
    ]);
    const [a, b] = rig.encoders;
    expect([a?.pictures.length, a?.sound.length]).toEqual([45, 150]);
    expect([b?.pictures.length, b?.sound.length]).toEqual([30, 100]);
    expect([lumaOf(a, -1), lumaOf(b, -1)]).toEqual([60, 200]);
    expect(rig.of('segmentClosed').map(({ clean }) => clean)).toEqual([true, true]);
  });

  it('pause while their user is away and go on under the same name, at the same size', async () => {
    const rig = await entered();
    rig.join('a');
    await rig.advanceSending(1_000, { a: 60 });
    rig.session.onUserLeft('a');
    await rig.advance(1_000);
    expect(rig.of('segmentClosed')).toHaveLength(1);
    rig.join('a');
    rig.session.onVideo('a', 'main', { ...picture(90), data: new Uint8Array(32 * 18 * 1.5), width: 32, height: 18 }, 0);
    await rig.advanceSending(1_000, { a: 90 });
    void rig.session.end('stopped');
    await ended(rig);
    expect(files(rig)).toEqual([
      { output: 'main:a', segment: 0, startMs: 0 },
      { output: 'main:a', segment: 1, startMs: 2_000 },
    ]);
    expect(rig.encoders.map(({ video }) => [video.width, video.height])).toEqual([
      [CANVAS.width, CANVAS.height],
      [CANVAS.width, CANVAS.height],
    ]);
  });

  it('of a user with sound only hold it from the beginning, on an empty canvas', async () => {
    const rig = await entered();
    rig.session.onUserEntered('a');
    for (let at = 0; at < 4_000; at += 20) {
      rig.session.onAudio('a', tone());
      await rig.advance(20);
    }
    void rig.session.end('stopped');
    await ended(rig);
    expect(files(rig)).toEqual([{ output: 'main:a', segment: 0, startMs: 0 }]);
    const [encoder] = rig.encoders;
    expect(encoder?.sound).toHaveLength(200);
    expect(encoder?.sound.slice(2, -2).every(({ pcm }) => isLoud(pcm))).toBe(true);
    expect(encoder?.video).toMatchObject({ width: 640, height: 360 });
  });

  it('of a screen are apart from the camera and carry the voice of its owner', async () => {
    const rig = await entered();
    rig.join('a');
    await rig.advanceSending(1_000, { a: 60 });
    rig.session.onVideoAvailable('a', 'sub', true);
    rig.session.onVideo('a', 'sub', picture(180), 0);
    await rig.advanceSending(1_000, { a: 60 });
    rig.session.onVideoAvailable('a', 'sub', false);
    await rig.advanceSending(1_000, { a: 60 });
    void rig.session.end('stopped');
    await ended(rig);
    expect(files(rig).map(({ output }) => output)).toEqual(['main:a', 'sub:a']);
    const screen = rig.encoders[1];
    expect(screen?.pictures).toHaveLength(15);
    expect(lumaOf(screen, -1)).toBe(180);
    expect(screen?.sound.slice(5, 40).every(({ pcm }) => isLoud(pcm))).toBe(true);
  });

  it('obey the rule of six: the seventh gets his file when a slot falls free', async () => {
    const rig = await entered({ media: { video: false, audio: true } });
    for (const user of ['a', 'b', 'c', 'd', 'e', 'f', 'g']) rig.session.onUserEntered(user);
    await rig.advance(1_000);
    expect(files(rig)).toHaveLength(6);
    rig.session.onUserLeft('b');
    await rig.advance(1_000);
    void rig.session.end('stopped');
    await ended(rig);
    expect(files(rig).at(-1)).toEqual({ output: 'main:g', segment: 6, startMs: 1_000 });
  });

  it('are made beside the mix from the same session', async () => {
    const rig = await entered({ outputs: { mix: true, singles: true } });
    rig.join('a');
    await rig.advanceSending(1_000, { a: 60 });
    void rig.session.end('stopped');
    await ended(rig);
    expect(files(rig).map(({ output, segment }) => [output, segment])).toEqual([
      ['mix', 0],
      ['main:a', 1],
    ]);
    expect(rig.encoders.map(({ pictures, sound }) => [pictures.length, sound.length])).toEqual([
      [15, 50],
      [15, 50],
    ]);
  });

  it('do not end the mix when one of them cannot be made', async () => {
    const rig = await entered({ outputs: { mix: true, singles: true } });
    rig.join('a');
    await rig.advanceSending(500, { a: 60 });
    for (let death = 1; death <= 3; death += 1) {
      rig.encoders.findLast(({ segment }) => segment > 0)!.die(0);
      await rig.advanceSending(200, { a: 60 });
    }
    await rig.advanceSending(1_000, { a: 60 });
    expect(rig.of('ended')).toEqual([]);
    void rig.session.end('stopped');
    expect(await ended(rig)).toMatchObject({ reason: 'stopped' });
    expect(rig.encoders[0]?.pictures.length).toBe(32);
  });
});

it('the size of a single is even, upright, in shape and within the size of the mix', () => {
  const side = fc.integer({ min: 8, max: 2048 }).map((half) => half * 2);
  fc.assert(
    fc.property(
      side,
      side,
      fc.constantFrom(0 as const, 1 as const, 2 as const, 3 as const),
      (width, height, rotation) => {
        const size = singleSize({ data: new Uint8Array(0), width, height, rotation }, { width: 1280, height: 720 });
        expect(size.width % 2).toBe(0);
        expect(size.height % 2).toBe(0);
        if (Math.min(size.width, size.height) > 16) expect(size.width * size.height).toBeLessThanOrEqual(1280 * 720);
        if (width * height <= 1280 * 720) {
          expect([size.width, size.height]).toEqual(rotation % 2 === 1 ? [height, width] : [width, height]);
        }
      },
    ),
  );
});
