import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { createCanvas } from '@napi-rs/canvas';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseColour } from '../mix/colour.ts';
import { loadWatermark } from './watermark.ts';

let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(path.join(os.tmpdir(), 'watermark-'));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

/** Left third red, middle third blue at half strength, the rest empty. */
function logo(width: number, height: number) {
  const canvas = createCanvas(width, height);
  const context = canvas.getContext('2d');
  context.fillStyle = '#ff0000';
  context.fillRect(0, 0, width / 3, height);
  context.fillStyle = 'rgba(0, 0, 255, 0.5)';
  context.fillRect(width / 3, 0, width / 3, height);
  return canvas;
}

async function file(name: string, bytes: Buffer | string): Promise<string> {
  const target = path.join(directory, name);
  await writeFile(target, bytes);
  return target;
}

const LIMITS = { maxWidth: 120, maxHeight: 60 };

describe('loadWatermark', () => {
  test.each(['image/png', 'image/webp'] as const)(
    '%s keeps colours and transparency when it is made smaller',
    async (type) => {
      const bytes = type === 'image/png' ? logo(360, 120).toBuffer(type) : logo(360, 120).toBuffer(type, 100);
      const mark = await loadWatermark(await file(`logo-${type.slice(6)}`, bytes), LIMITS);
      expect([mark.width, mark.height]).toEqual([120, 40]);
      const [red, blue] = [parseColour('#ff0000'), parseColour('#0000ff')];
      const near = (actual: number[], expected: number[]) => {
        for (const [index, value] of actual.entries())
          expect(Math.abs(value - expected[index]!)).toBeLessThanOrEqual(3);
      };
      const at = (x: number) => {
        const luma = 20 * 120 + x;
        const chroma = 10 * 60 + x / 2;
        const { y, u, v, alphaY, alphaUV } = mark;
        return [y[luma]!, u[chroma]!, v[chroma]!, alphaY[luma]!, alphaUV[chroma]!];
      };
      near(at(20), [red.y, red.u, red.v, 255, 255]);
      near(at(60), [blue.y, blue.u, blue.v, 128, 128]);
      expect(at(100).slice(3)).toEqual([0, 0]);
    },
  );

  test('a JPEG is opaque', async () => {
    const mark = await loadWatermark(await file('logo.jpg', logo(90, 90).toBuffer('image/jpeg')), LIMITS);
    expect([mark.width, mark.height]).toEqual([60, 60]);
    expect(new Set(mark.alphaY)).toEqual(new Set([255]));
  });

  test.each([
    [51, 33, [52, 34]],
    [1, 1, [2, 2]],
    [5000, 3, [120, 2]],
    [119, 59, [120, 60]],
  ] as const)('%ix%i becomes %o: even, never larger than it is nor than allowed', async (width, height, size) => {
    const mark = await loadWatermark(await file(`${width}.png`, logo(width, height).toBuffer('image/png')), LIMITS);
    expect([mark.width, mark.height]).toEqual(size);
  });

  test('says what is wrong with a file', async () => {
    const png = logo(60, 60).toBuffer('image/png');
    const cases = [
      [path.join(directory, 'missing.png'), 'cannot be read'],
      [directory, 'cannot be read'],
      [await file('empty.png', ''), 'is no PNG, JPEG or WebP file'],
      [await file('text.png', 'not an image at all'), 'is no PNG, JPEG or WebP file'],
      [await file('drawing.svg', '<svg xmlns="http://www.w3.org/2000/svg"/>'), 'is no PNG, JPEG or WebP file'],
      [await file('head.png', png.subarray(0, 20)), 'is damaged'],
    ] as const;
    for (const [target, why] of cases) {
      await expect(loadWatermark(target, LIMITS)).rejects.toMatchObject({
        code: 'WATERMARK_UNUSABLE',
        message: `The watermark ${target} ${why}.`,
      });
    }
  });
});
