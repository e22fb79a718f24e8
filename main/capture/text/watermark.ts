import { readFile, stat } from 'node:fs/promises';
import { createCanvas, type Image, loadImage } from '@napi-rs/canvas';
import type { Overlay } from '../mix/overlay.ts';
import { toOverlay } from './planes.ts';

const MAX_FILE_BYTES = 20 * 1024 ** 2;
const MAX_PIXELS = 40_000_000;

/**
 * Reads a PNG, JPEG or WebP file, transparency kept, and makes it small enough for `maxWidth`×`maxHeight` with its proportions; a
 * smaller image keeps its size but for rounding to even numbers.
 * @throws Error with code WATERMARK_UNUSABLE and a message for the operator when the file is missing, too large or no such image
 */
export async function loadWatermark(
  path: string,
  { maxWidth, maxHeight }: { maxWidth: number; maxHeight: number },
): Promise<Overlay> {
  const image = await decode(path, await readImageFile(path));
  const scale = Math.min(1, maxWidth / image.width, maxHeight / image.height);
  const even = (length: number, most: number) => {
    const largest = Math.max(2, Math.floor(most / 2) * 2);
    return Math.min(largest, Math.max(2, Math.round((length * scale) / 2) * 2));
  };
  const width = even(image.width, maxWidth);
  const height = even(image.height, maxHeight);
  const context = createCanvas(width, height).getContext('2d');
  context.imageSmoothingEnabled = true;
  context.imageSmoothingQuality = 'high';
  context.drawImage(image, 0, 0, width, height);
  return toOverlay(context.getImageData(0, 0, width, height));
}

async function readImageFile(path: string): Promise<Buffer> {
  let bytes: Buffer;
  try {
    const { size } = await stat(path);
    if (size > MAX_FILE_BYTES) throw unusable(path, `has ${size} bytes; at most ${MAX_FILE_BYTES} are taken`);
    bytes = await readFile(path);
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'WATERMARK_UNUSABLE') throw cause;
    throw unusable(path, 'cannot be read', cause);
  }
  if (!isImage(bytes)) throw unusable(path, 'is no PNG, JPEG or WebP file');
  return bytes;
}

async function decode(path: string, bytes: Buffer): Promise<Image> {
  let image: Image;
  try {
    image = await loadImage(bytes);
  } catch (cause) {
    throw unusable(path, 'is damaged', cause);
  }
  const { width, height } = image;
  if (!(width > 0 && height > 0)) throw unusable(path, 'is damaged');
  if (width * height > MAX_PIXELS) throw unusable(path, `has ${width}x${height} pixels, which is too large`);
  return image;
}

/** By the first bytes: the drawing library would also take vector images, which may name other files. */
function isImage(bytes: Buffer): boolean {
  const isPng = bytes.subarray(0, 8).equals(Buffer.from('89504e470d0a1a0a', 'hex'));
  const isJpeg = bytes.subarray(0, 3).equals(Buffer.from('ffd8ff', 'hex'));
  const isWebp = bytes.toString('latin1', 0, 4) === 'RIFF' && bytes.toString('latin1', 8, 12) === 'WEBP';
  return isPng || isJpeg || isWebp;
}

function unusable(path: string, why: string, cause?: unknown): Error {
  return Object.assign(new Error(`The watermark ${path} ${why}.`, { cause }), { code: 'WATERMARK_UNUSABLE' });
}
