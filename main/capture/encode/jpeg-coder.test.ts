import { afterEach, describe, expect, it, vi } from 'vitest';
import { productFfmpeg } from '../../../test/support/rig.ts';
import { createJpegCoder } from './jpeg-coder.ts';

const SIZE = { width: 64, height: 36 };
const PIXELS = SIZE.width * SIZE.height;

function grey(luma: number): Uint8Array {
  return new Uint8Array((PIXELS * 3) / 2).fill(128).fill(luma, 0, PIXELS);
}

/** Width and height as the picture's own header tells them. */
function sizeOf(jpeg: Uint8Array): { width: number; height: number } {
  const bytes = Buffer.from(jpeg);
  const frame = bytes.indexOf(Buffer.from([0xff, 0xc0]));
  return { height: bytes.readUInt16BE(frame + 5), width: bytes.readUInt16BE(frame + 7) };
}

afterEach(() => {
  vi.useRealTimers();
});

describe('the coder', () => {
  it('makes one whole picture of each that goes in, at once, also when it is drawn on meanwhile', async () => {
    const ffmpeg = await productFfmpeg();
    // Its deadline never comes: at the lowest priority even the start of ffmpeg takes seconds on a busy machine.
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const coder = createJpegCoder(ffmpeg, SIZE);
    const made: Uint8Array[] = [];
    for (const luma of [16, 128, 235]) {
      const picture = grey(luma);
      const coded = coder.encode(picture);
      picture.fill(0);
      made.push((await coded)!);
    }
    coder.close();
    expect(made.map(sizeOf)).toEqual([SIZE, SIZE, SIZE]);
    for (const jpeg of made) {
      expect([...jpeg.subarray(0, 2), ...jpeg.subarray(-2)]).toEqual([0xff, 0xd8, 0xff, 0xd9]);
    }
    expect(new Set(made.map((jpeg) => Buffer.from(jpeg).toString('base64'))).size).toBe(3);
    expect(await coder.encode(grey(16))).toBeNull();
  });

  it('makes nothing when it cannot be started, and nothing more after that', async () => {
    const coder = createJpegCoder('/nowhere/ffmpeg', SIZE);
    expect(await coder.encode(grey(16))).toBeNull();
    expect(await coder.encode(grey(16))).toBeNull();
    coder.close();
  });
});
