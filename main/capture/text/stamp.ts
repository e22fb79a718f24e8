import { createCanvas } from '@napi-rs/canvas';
import { emptyOverlay, type Overlay } from '../mix/overlay.ts';
import type { FontShelf } from './fonts.ts';
import { toOverlay } from './planes.ts';
import { BASELINE, cleanLine, graphemesOf } from './text-line.ts';

/** Font size in parts of the height of a stamp; the rest is for the outline. */
const STAMP_FONT_SHARE = 0.72;
/** Width of the dark outline to either side of a stroke, in parts of the font size. */
const OUTLINE_SHARE = 0.09;
/** Room for the digits and signs of several heights. */
const MAX_GLYPHS = 256;

/**
 * Sets date-time stamps from glyphs that are drawn once. A stamp changes every second for as long as a recording lasts, and drawing
 * text anew each time would cost more than mixing the pictures does.
 */
export class StampSetter {
  readonly #fonts: FontShelf;
  readonly #glyphs = new Map<string, Overlay>();

  constructor(fonts: FontShelf) {
    this.#fonts = fonts;
  }

  /** White digits with a dark outline, readable on any picture. `height` is even; the width follows from the text. */
  set(text: string, height: number): Overlay {
    const glyphs = graphemesOf(cleanLine(text)).map((sign) => this.#glyph(sign, height));
    return joined(glyphs, height);
  }

  #glyph(sign: string, height: number): Overlay {
    const key = `${height} ${sign}`;
    const known = this.#glyphs.get(key);
    if (known !== undefined) return known;
    if (this.#glyphs.size >= MAX_GLYPHS) this.#glyphs.clear();
    const glyph = drawGlyph(sign, height, this.#fonts.familiesFor(sign));
    this.#glyphs.set(key, glyph);
    return glyph;
  }
}

function drawGlyph(sign: string, height: number, families: string): Overlay {
  const size = height * STAMP_FONT_SHARE;
  const outline = Math.max(1, size * OUTLINE_SHARE);
  const font = `600 ${size}px ${families}`;
  const ruler = createCanvas(2, 2).getContext('2d');
  ruler.font = font;
  const width = Math.max(2, Math.round((ruler.measureText(sign).width + outline) / 2) * 2);
  const context = createCanvas(width, height).getContext('2d');
  context.font = font;
  context.textAlign = 'center';
  context.lineJoin = 'round';
  context.lineWidth = 2 * outline;
  context.strokeStyle = '#000000';
  context.fillStyle = '#ffffff';
  const baseline = height / 2 + size * BASELINE;
  context.strokeText(sign, width / 2, baseline);
  context.fillText(sign, width / 2, baseline);
  return toOverlay(context.getImageData(0, 0, width, height));
}

/** Overlays of one height side by side. */
function joined(parts: readonly Overlay[], height: number): Overlay {
  const width = parts.reduce((sum, part) => sum + part.width, 0);
  const whole = emptyOverlay(width, height);
  let x = 0;
  for (const part of parts) {
    for (let row = 0; row < height; row++) {
      const from = row * part.width;
      const to = row * width + x;
      whole.y.set(part.y.subarray(from, from + part.width), to);
      whole.alphaY.set(part.alphaY.subarray(from, from + part.width), to);
    }
    for (let row = 0; row < height / 2; row++) {
      const from = (row * part.width) / 2;
      const to = (row * width + x) / 2;
      whole.u.set(part.u.subarray(from, from + part.width / 2), to);
      whole.v.set(part.v.subarray(from, from + part.width / 2), to);
      whole.alphaUV.set(part.alphaUV.subarray(from, from + part.width / 2), to);
    }
    x += part.width;
  }
  return whole;
}
