import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { captureJob, createSession, enteredSession, freezeTime } from '../../test/support/capture-session.ts';
import type { JpegCoder } from './encode/jpeg-coder.ts';
import { previewSize } from './live-picture.ts';
import type { PlaneKernel } from './mix/kernel/kernel.ts';
import { loadKernel as loadRealKernel } from './mix/kernel/load.ts';

/** Read before time stands still: files are read in real time. */
let kernels: PlaneKernel[];
const loadKernel = async (): Promise<PlaneKernel> => kernels.pop()!;

beforeEach(async () => {
  kernels = await Promise.all(Array.from({ length: 6 }, () => loadRealKernel()));
  freezeTime();
});
afterEach(() => {
  vi.useRealTimers();
});

type Rig = Awaited<ReturnType<typeof enteredSession>>;

/** What the stand-in coder tells of each picture: luma of the middle, half of width and height. */
const seen = (rig: Rig) => rig.of('picture').map(({ jpeg }) => [...Buffer.from(jpeg, 'base64')]);

describe('a watched recording', () => {
  it('shows its canvas at once and each second, and stops when nobody looks any more', async () => {
    const rig = await enteredSession(captureJob(), { loadKernel });
    rig.join('a');
    await rig.advanceSending(1_000, { a: 200 });
    rig.session.watch(5_000);
    await rig.advanceSending(8_000, { a: 200 });
    expect(seen(rig)).toEqual(Array.from({ length: 5 }, () => [200, 32, 18]));
    rig.session.watch(5_000);
    await rig.advanceSending(500, { a: 100 });
    expect(seen(rig)).toHaveLength(6);
  });

  it('shows users beside each other where no mix is made', async () => {
    const rig = await enteredSession(captureJob({ outputs: { mix: false, singles: true } }), { loadKernel });
    rig.join('a');
    rig.join('b');
    await rig.advanceSending(1_500, { a: 90, b: 210 });
    rig.session.watch(5_000);
    await rig.advanceSending(100, { a: 90, b: 210 });
    // Side by side: the middle is the first column of the second one.
    expect(seen(rig)[0]?.[0]).toBe(210);
  });

  it('makes one picture at a time, and another coder when one failed', async () => {
    const coders: { asked: number; closed: boolean; answer: (jpeg: Uint8Array | null) => void }[] = [];
    const openJpegCoder = (): JpegCoder => {
      const coder = { asked: 0, closed: false, answer: (_jpeg: Uint8Array | null) => {} };
      coders.push(coder);
      return {
        encode: () => {
          coder.asked += 1;
          return new Promise((resolve) => {
            coder.answer = resolve;
          });
        },
        close: () => {
          coder.closed = true;
        },
      };
    };
    const rig = await enteredSession(captureJob(), { openJpegCoder, loadKernel });
    rig.session.watch(20_000);
    await rig.advance(5_000);
    expect(coders.map(({ asked }) => asked)).toEqual([1]);
    coders[0]?.answer(null);
    await rig.advance(2_000);
    expect(coders.map(({ asked, closed }) => [asked, closed])).toEqual([
      [1, true],
      [1, false],
    ]);
    await rig.session.end('stopped');
    await rig.advance(0);
    expect(coders[1]?.closed).toBe(true);
  });

  it('shows nothing before the room is entered, after the end, and when it is of sound alone', async () => {
    const early = createSession(captureJob());
    await early.session.start();
    early.session.watch(5_000);
    await early.advance(2_000);
    const sound = await enteredSession(captureJob({ media: { video: false, audio: true } }));
    sound.session.watch(5_000);
    await sound.advance(2_000);
    const over = await enteredSession(captureJob(), { loadKernel });
    await over.session.end('stopped');
    over.session.watch(5_000);
    await over.advance(2_000);
    expect([early, sound, over].flatMap((rig) => seen(rig))).toEqual([]);
  });
});

it.each([
  [1280, 720, 480, 270],
  [320, 180, 320, 180],
  [720, 1280, 480, 854],
  [1918, 1078, 480, 270],
])('the preview of %sx%s is %sx%s', (width, height, smallWidth, smallHeight) => {
  expect(previewSize({ width, height })).toEqual({ width: smallWidth, height: smallHeight });
});
