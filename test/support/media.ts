import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);
const MAX_OUTPUT_BYTES = 512 * 1024 ** 2;

/** A decoded file: every picture in RGB with its time, and the sound as mono 48 kHz. */
export interface DecodedMedia {
  width: number;
  height: number;
  fps: number;
  /** RGB pictures at a constant rate, `width*height*3` bytes each. */
  pictures: Buffer[];
  sound: Float32Array;
}

export interface Rgb {
  r: number;
  g: number;
  b: number;
}

async function raw(ffmpegPath: string, args: string[]): Promise<Buffer> {
  const { stdout } = await run(ffmpegPath, ['-v', 'error', '-nostdin', ...args], {
    encoding: 'buffer',
    maxBuffer: MAX_OUTPUT_BYTES,
  });
  return stdout;
}

/** Decodes at `fps` pictures a second, each shown picture standing until the next one, sound placed by its time stamps. */
export async function decodeMedia(
  ffmpegPath: string,
  file: string,
  options: { width: number; height: number; fps: number },
): Promise<DecodedMedia> {
  const { width, height, fps } = options;
  const video = await raw(ffmpegPath, [
    ...['-i', file, '-vf', `fps=${fps}:start_time=0`, '-f', 'rawvideo', '-pix_fmt', 'rgb24', 'pipe:1'],
  ]);
  const size = width * height * 3;
  const pictures = Array.from({ length: Math.floor(video.length / size) }, (_, index) =>
    video.subarray(index * size, (index + 1) * size),
  );
  return { width, height, fps, pictures, sound: await decodeSound(ffmpegPath, file) };
}

/** The sound of a file as mono 48 kHz, silence standing in for holes; empty when the file has none. */
export async function decodeSound(ffmpegPath: string, file: string): Promise<Float32Array> {
  const bytes = await raw(ffmpegPath, [
    ...['-i', file, '-vn', '-af', 'aresample=async=1:first_pts=0', '-ac', '1', '-ar', '48000', '-f', 'f32le', 'pipe:1'],
  ]).catch((error: unknown) => {
    if (error instanceof Error && /does not contain any stream/.test(error.message)) return Buffer.alloc(0);
    throw error;
  });
  const copy = new Uint8Array(bytes);
  return new Float32Array(copy.buffer, 0, Math.floor(copy.byteLength / 4));
}

/** What a decoder complains about while it reads the whole file; empty when all is well. */
export async function decodeComplaints(ffmpegPath: string, file: string): Promise<string> {
  const { stderr } = await run(ffmpegPath, ['-v', 'error', '-nostdin', '-i', file, '-f', 'null', '-']);
  return stderr.trim();
}

/** The picture shown at a time of the file. */
export function pictureAt(media: DecodedMedia, seconds: number): Buffer {
  const picture = media.pictures[Math.floor(seconds * media.fps + 1e-6)];
  if (!picture) throw new RangeError(`the file ends before ${seconds} s (${media.pictures.length / media.fps} s)`);
  return picture;
}

/** Mean colour of an area of a picture. */
export function meanColour(
  media: Pick<DecodedMedia, 'width'>,
  picture: Buffer,
  area: { x: number; y: number; width: number; height: number },
): Rgb {
  const sum = { r: 0, g: 0, b: 0 };
  for (let y = area.y; y < area.y + area.height; y += 1) {
    for (let x = area.x; x < area.x + area.width; x += 1) {
      const at = (y * media.width + x) * 3;
      sum.r += picture[at]!;
      sum.g += picture[at + 1]!;
      sum.b += picture[at + 2]!;
    }
  }
  const pixels = area.width * area.height;
  return { r: sum.r / pixels, g: sum.g / pixels, b: sum.b / pixels };
}

/** Mean absolute difference of an area between two pictures, 0…255: above 1 something moved. */
export function motion(
  media: Pick<DecodedMedia, 'width'>,
  a: Buffer,
  b: Buffer,
  area: { x: number; y: number; width: number; height: number },
): number {
  let sum = 0;
  for (let y = area.y; y < area.y + area.height; y += 1) {
    const from = (y * media.width + area.x) * 3;
    for (let at = from; at < from + area.width * 3; at += 1) sum += Math.abs(a[at]! - b[at]!);
  }
  return sum / (area.width * area.height * 3);
}

export function rgbOf(hex: string): Rgb {
  const value = Number.parseInt(hex, 16);
  return { r: value >> 16, g: (value >> 8) & 255, b: value & 255 };
}

/** Largest difference of the three channels. */
export function colourDistance(a: Rgb, b: Rgb): number {
  return Math.max(Math.abs(a.r - b.r), Math.abs(a.g - b.g), Math.abs(a.b - b.b));
}
