import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseColour } from '../mix/colour.ts';
import { type RgbaImage, toFrame, toOverlay } from './planes.ts';

type Pixel = readonly [red: number, green: number, blue: number, alpha: number];

function image(width: number, height: number, pixel: (x: number, y: number) => Pixel): RgbaImage {
  const data = new Uint8Array(width * height * 4);
  for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) data.set(pixel(x, y), (y * width + x) * 4);
  return { data, width, height };
}

const component = fc.nat(255);

describe('drawn images in the colour space of the canvas', () => {
  test('one colour is the colour that the canvas knows under its name', () => {
    fc.assert(
      fc.property(component, component, component, (red, green, blue) => {
        const name = `#${[red, green, blue].map((value) => value.toString(16).padStart(2, '0')).join('')}`;
        const { y, u, v } = parseColour(name);
        const { data, width, height } = toFrame(image(4, 2, () => [red, green, blue, 255]));
        expect([width, height, ...data]).toEqual([4, 2, ...Array(8).fill(y), u, u, v, v]);
      }),
    );
  });

  test('chroma is level with the left luma sample of its pair and in the middle of its two rows', () => {
    const across = toOverlay(image(32, 4, (x) => [8 * x, 0, 0, 255]));
    const down = toOverlay(image(4, 32, (_, y) => [8 * y, 0, 0, 255]));
    for (let n = 1; n < 16; n++) {
      expect(across.v[n]).toBe(parseColour(`#${(16 * n).toString(16).padStart(2, '0')}0000`).v);
      expect(down.v[2 * n]).toBe(parseColour(`#${(16 * n + 4).toString(16).padStart(2, '0')}0000`).v);
    }
  });

  test('transparent pixels lend no colour to their neighbours', () => {
    const { v, u, y, alphaY, alphaUV } = toOverlay(image(8, 2, (x) => (x < 4 ? [255, 0, 0, 255] : [0, 255, 0, 0])));
    const red = parseColour('#ff0000');
    expect([...alphaY.subarray(0, 8)]).toEqual([255, 255, 255, 255, 0, 0, 0, 0]);
    expect([...alphaUV]).toEqual([255, 255, 64, 0]);
    expect([y[3], u[1], v[1], u[2], v[2]]).toEqual([red.y, red.u, red.v, red.u, red.v]);
  });
});
