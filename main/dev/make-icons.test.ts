import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { type Canvas, createCanvas, loadImage } from '@napi-rs/canvas';
import { describe, expect, it } from 'vitest';
import { ROOT } from '../../test/support/source-tree.ts';
import { iconFileOf, iconStyleOf } from '../tray/icon-files.ts';
import { ICON_STATES } from '../tray/status.ts';
import { iconFiles } from './make-icons.ts';

const DIRECTORY = path.join(ROOT, 'resources/icons');

function pixelsOf(canvas: Canvas): Uint8ClampedArray {
  return canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
}

async function keptPixels(name: string): Promise<{ widthPx: number; heightPx: number; pixels: Uint8ClampedArray }> {
  const image = await loadImage(readFileSync(path.join(DIRECTORY, name)));
  const canvas = createCanvas(image.width, image.height);
  canvas.getContext('2d').drawImage(image, 0, 0);
  return { widthPx: image.width, heightPx: image.height, pixels: pixelsOf(canvas) };
}

/** Mean difference of two pictures, 0…255. */
function differenceOf(one: Uint8ClampedArray, other: Uint8ClampedArray): number {
  return one.reduce((sum, value, index) => sum + Math.abs(value - (other[index] ?? 0)), 0) / one.length;
}

/** How much of each pixel is covered, without its colour. */
function shapeOf(pixels: Uint8ClampedArray): Uint8ClampedArray {
  return pixels.filter((_, index) => index % 4 === 3);
}

describe('the icons in the repository', () => {
  it('are those that are drawn, and no others', () => {
    const kept = readdirSync(DIRECTORY, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.png'));
    expect(kept.map((name) => name.replaceAll('\\', '/')).sort()).toEqual(
      iconFiles()
        .map(({ name }) => name)
        .sort(),
    );
  });

  it('have their sizes and show what is drawn now', async () => {
    for (const { name, sizePx, draw } of iconFiles()) {
      const { widthPx, heightPx, pixels } = await keptPixels(name);
      expect([widthPx, heightPx], name).toEqual([sizePx, sizePx]);
      // Other machines smooth edges a little differently.
      if (sizePx <= 128) expect(differenceOf(pixels, pixelsOf(draw())), name).toBeLessThan(2);
    }
  });

  it('hold what the packages ask for', () => {
    const names = iconFiles().map(({ name, sizePx }) => `${name} ${sizePx}`);
    expect(names).toEqual(expect.arrayContaining(['icon.png 1024', 'icon-mac.png 1024', 'linux/16x16.png 16']));
    expect(names).toEqual(expect.arrayContaining(['linux/512x512.png 512']));
    for (const platform of ['darwin', 'win32', 'linux'])
      for (const state of ICON_STATES)
        for (const [scale, ending] of [
          [1, '.png'],
          [2, '@2x.png'],
        ] as const) {
          const file = iconFileOf(state, iconStyleOf(platform), scale);
          expect(file).toMatch(new RegExp(`${platform === 'darwin' ? 'Template' : '[a-z]'}${ending}$`));
          expect(names.some((name) => name.startsWith(`tray/${file} `))).toBe(true);
        }
  });

  it('of macOS are shapes in black', async () => {
    for (const state of ICON_STATES) {
      const { pixels } = await keptPixels(`tray/${iconFileOf(state, 'template', 2)}`);
      expect(
        pixels.some((value, index) => index % 4 < 3 && value > 0),
        state,
      ).toBe(false);
      expect(
        pixels.some((value, index) => index % 4 === 3 && value === 255),
        state,
      ).toBe(true);
    }
  });

  it('differ by their shape alone at their smallest', async () => {
    const shapes = await Promise.all(
      ICON_STATES.map(async (state) => shapeOf((await keptPixels(`tray/${iconFileOf(state, 'taskbar')}`)).pixels)),
    );
    for (const [index, one] of shapes.entries())
      for (const other of shapes.slice(index + 1)) expect(differenceOf(one, other)).toBeGreaterThan(25);
  });
});
