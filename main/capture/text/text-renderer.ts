import { createCanvas, type SKRSContext2D } from '@napi-rs/canvas';
import { lumaOf, parseColour } from '../mix/colour.ts';
import type { Overlay } from '../mix/overlay.ts';
import type { I420Frame } from '../mix/types.ts';
import { FontShelf } from './fonts.ts';
import { toFrame } from './planes.ts';
import { StampSetter } from './stamp.ts';
import { BASELINE, cleanLine, directionOf, ellipsize } from './text-line.ts';
import { loadWatermark } from './watermark.ts';

/** Sizes are even, in pixels; colours are `#rrggbb`. */
export interface StripRequest {
  text: string;
  width: number;
  height: number;
  background: string;
  colour: string;
}

/** Sizes are even, in pixels; colours are `#rrggbb`. */
export interface TileRequest {
  /** The name in the middle; may be empty. */
  text: string;
  /** One to three signs for the disc above the name; without them it shows the outline of a person. */
  initials?: string;
  width: number;
  height: number;
  background: string;
}

/**
 * Draws what stands beside and over the pictures, in the canvas's colour space. Any text may be given: what no font has comes out as
 * that font's box. To be called when something changes, never per picture; `renderStamp` is made for every second.
 */
export interface TextRenderer {
  /** A name strip: opaque, the text at the left, shortened with an ellipsis when it is too long. */
  renderStrip(request: StripRequest): I420Frame;
  /** The tile that stands for a participant without a picture. */
  renderTile(request: TileRequest): I420Frame;
  /** A line of white signs with a dark outline, `height` pixels high (even), as wide as it needs to be. */
  renderStamp(request: { text: string; height: number }): Overlay;
  /** An image from a file, see `loadWatermark`. */
  loadWatermark(path: string, limits: { maxWidth: number; maxHeight: number }): Promise<Overlay>;
}

/** Font size and padding in parts of a strip's height. */
const STRIP_FONT_SHARE = 0.58;
const STRIP_PADDING_SHARE = 0.3;
/** Diameter of a tile's disc and size of its name in parts of the tile's shorter side. */
const DISC_SHARE = 0.42;
const NAME_SHARE = 0.085;
/** Font size of initials in parts of their disc. */
const INITIALS_SHARE = 0.4;
const SMALLEST_FONT = 11;

/** Makes a renderer. Fonts are read when they are first needed. */
export function createTextRenderer(fonts: FontShelf = new FontShelf()): TextRenderer {
  const stamps = new StampSetter(fonts);
  return {
    renderStrip: (request) => renderStrip(request, fonts),
    renderTile: (request) => renderTile(request, fonts),
    renderStamp({ text, height }) {
      requireEven(2, height);
      return stamps.set(text, height);
    },
    loadWatermark,
  };
}

function renderStrip({ text, width, height, background, colour }: StripRequest, fonts: FontShelf): I420Frame {
  const context = plainCanvas(width, height, background);
  parseColour(colour);
  context.fillStyle = colour;
  const padding = height * STRIP_PADDING_SHARE;
  const size = height * STRIP_FONT_SHARE;
  const maxWidth = width - 2 * padding;
  drawLine(context, fonts, { text, size, x: padding, middle: height / 2, maxWidth, align: 'left' });
  return toFrame(context.getImageData(0, 0, width, height));
}

function renderTile({ text, initials = '', width, height, background }: TileRequest, fonts: FontShelf): I420Frame {
  const context = plainCanvas(width, height, background);
  const shorter = Math.min(width, height);
  const diameter = shorter * DISC_SHARE;
  const nameSize = Math.max(SMALLEST_FONT, shorter * NAME_SHARE);
  const hasName = cleanLine(text) !== '';
  const x = width / 2;
  const y = height / 2 - (hasName ? nameSize : 0);
  const ink = inkOn(background);
  context.fillStyle = `rgba(${ink}, 0.16)`;
  fillDisc(context, x, y, diameter);
  context.fillStyle = `rgba(${ink}, 0.85)`;
  if (cleanLine(initials) === '') {
    drawPerson(context, x, y, diameter);
  } else {
    const size = diameter * INITIALS_SHARE;
    drawLine(context, fonts, { text: initials, size, x, middle: y, maxWidth: diameter * 0.85, align: 'center' });
  }
  if (hasName) {
    const middle = y + diameter / 2 + nameSize * 1.3;
    drawLine(context, fonts, { text, size: nameSize, x, middle, maxWidth: width * 0.9, align: 'center' });
  }
  return toFrame(context.getImageData(0, 0, width, height));
}

function fillDisc(context: SKRSContext2D, x: number, y: number, diameter: number): void {
  context.beginPath();
  context.arc(x, y, diameter / 2, 0, 2 * Math.PI);
  context.fill();
}

/** Head and shoulders, cut off by the disc they stand in. */
function drawPerson(context: SKRSContext2D, x: number, y: number, diameter: number): void {
  context.save();
  context.beginPath();
  context.arc(x, y, diameter / 2, 0, 2 * Math.PI);
  context.clip();
  fillDisc(context, x, y - diameter * 0.1, diameter * 0.34);
  context.beginPath();
  context.ellipse(x, y + diameter * 0.42, diameter * 0.31, diameter * 0.27, 0, 0, 2 * Math.PI);
  context.fill();
  context.restore();
}

interface Line {
  text: string;
  /** Font size in pixels. */
  size: number;
  x: number;
  /** Vertical middle of the line. */
  middle: number;
  maxWidth: number;
  align: 'left' | 'center';
}

function drawLine(context: SKRSContext2D, fonts: FontShelf, line: Line): void {
  const text = cleanLine(line.text);
  context.font = `400 ${line.size}px ${fonts.familiesFor(`${text}…`)}`;
  context.direction = directionOf(text);
  context.textAlign = line.align;
  context.fillText(ellipsize(context, text, line.maxWidth), line.x, line.middle + line.size * BASELINE);
}

/** A canvas of one colour. @throws TypeError for another notation of colours, RangeError for odd sizes */
function plainCanvas(width: number, height: number, background: string): SKRSContext2D {
  requireEven(width, height);
  parseColour(background);
  const context = createCanvas(width, height).getContext('2d');
  context.fillStyle = background;
  context.fillRect(0, 0, width, height);
  return context;
}

function requireEven(width: number, height: number): void {
  if (!Number.isInteger(width / 2) || !Number.isInteger(height / 2) || width < 2 || height < 2) {
    throw new RangeError(`a drawing needs an even size, got ${width}x${height}`);
  }
}

/** Components of the colour that can be read on a background. */
function inkOn(background: string): string {
  return parseColour(background).y > lumaOf(140, 140, 140) ? '0, 0, 0' : '255, 255, 255';
}
