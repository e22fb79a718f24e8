import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { toneLevelDb } from '../support/goertzel.ts';
import { decodeSound } from '../support/media.ts';
import { randomFrom } from '../support/simulated-senders.ts';

/**
 * A participant whose content says when it was sent: every picture carries its number as stripes, and the sound climbs one step of a
 * staircase of tones every half second. What a recording lost can then be read from its file alone.
 */

const run = promisify(execFile);

export const WIDTH = 320;
export const HEIGHT = 180;
export const FPS = 15;
export const STEP_SECONDS = 0.5;
/** Longer than any room of the fault suite, so that no number comes twice. */
const CLIP_SECONDS = 16;
const BITS = 10;
const STRIPE_WIDTH = WIDTH / BITS;
const BAND_HEIGHT = HEIGHT / 3;
const BLACK = 16;
const WHITE = 235;
const SAMPLE_RATE = 48_000;
const AMPLITUDE = 12_000;
const LOWEST_HZ = 500;
const HZ_PER_STEP = 110;
const WINDOW_SECONDS = 0.1;
const HEARD_DB = -40;

const toneHz = (step: number) => LOWEST_HZ + step * HZ_PER_STEP;

export interface CountedClip {
  /** Headerless I420 pictures, which cost the simulated room no decoding. */
  pictures: string;
  sound: string;
}

/**
 * Upper band: the number's bits as black and white stripes; middle band: the same turned over, so that a blended or empty picture is no
 * number at all; lower band and colours: noise of `noiseLevels` levels, which decides how large the recording gets.
 */
export async function makeCountedClip(directory: string, noiseLevels: number): Promise<CountedClip> {
  const frameBytes = (WIDTH * HEIGHT * 3) / 2;
  const pictures = Buffer.alloc(frameBytes * CLIP_SECONDS * FPS, 128);
  const random = randomFrom(1);
  for (let number = 0; number < CLIP_SECONDS * FPS; number += 1) {
    const luma = pictures.subarray(number * frameBytes, number * frameBytes + WIDTH * HEIGHT);
    const chroma = pictures.subarray(number * frameBytes + WIDTH * HEIGHT, (number + 1) * frameBytes);
    for (let at = 0; at < chroma.length; at += 1) chroma[at] = 128 + Math.floor((random() - 0.5) * noiseLevels);
    for (let y = 0; y < HEIGHT; y += 1) {
      const band = Math.floor(y / BAND_HEIGHT);
      for (let x = 0; x < WIDTH; x += 1) {
        const isSet = ((number >> Math.floor(x / STRIPE_WIDTH)) & 1) === 1;
        const noise = 128 + Math.floor((random() - 0.5) * noiseLevels);
        luma[y * WIDTH + x] = band === 2 ? noise : isSet === (band === 0) ? WHITE : BLACK;
      }
    }
  }
  const clip = { pictures: path.join(directory, 'counted.i420'), sound: path.join(directory, 'staircase.wav') };
  await writeFile(clip.pictures, pictures);
  await writeFile(clip.sound, staircase());
  return clip;
}

function staircase(): Buffer {
  const count = CLIP_SECONDS * SAMPLE_RATE;
  const header = Buffer.alloc(44);
  header.write('RIFF', 0, 'latin1');
  header.writeUInt32LE(36 + count * 2, 4);
  header.write('WAVEfmt ', 8, 'latin1');
  header.writeUInt32LE(16, 16);
  header.writeUInt16LE(1, 20);
  header.writeUInt16LE(1, 22);
  header.writeUInt32LE(SAMPLE_RATE, 24);
  header.writeUInt32LE(SAMPLE_RATE * 2, 28);
  header.writeUInt16LE(2, 32);
  header.writeUInt16LE(16, 34);
  header.write('data', 36, 'latin1');
  header.writeUInt32LE(count * 2, 40);
  const samples = Int16Array.from({ length: count }, (_, index) => {
    const step = Math.floor(index / (STEP_SECONDS * SAMPLE_RATE));
    return Math.round(AMPLITUDE * Math.sin((2 * Math.PI * toneHz(step) * index) / SAMPLE_RATE));
  });
  return Buffer.concat([header, Buffer.from(samples.buffer)]);
}

/** What a recording shows and sounds like, in its own time. */
export interface CountedContent {
  /** Number on the picture of each 1/15 s of the file; null where there is none. */
  numbers: (number | null)[];
  /** Step of the staircase heard in each 0.1 s of the file; null for silence and for anything else. */
  steps: (number | null)[];
}

/** Reads a recording of one participant who sends the clip. */
export async function readCounted(ffmpegPath: string, file: string): Promise<CountedContent> {
  const args = ['-v', 'error', '-nostdin', '-i', file, '-vf', `fps=${FPS}:start_time=0`];
  const { stdout } = await run(ffmpegPath, [...args, '-f', 'rawvideo', '-pix_fmt', 'gray', 'pipe:1'], {
    encoding: 'buffer',
    maxBuffer: 512 * 1024 ** 2,
  });
  const pictureBytes = WIDTH * HEIGHT;
  const numbers = Array.from({ length: Math.floor(stdout.length / pictureBytes) }, (_, index) =>
    numberOn(stdout.subarray(index * pictureBytes, (index + 1) * pictureBytes)),
  );
  const sound = await decodeSound(ffmpegPath, file);
  const window = WINDOW_SECONDS * SAMPLE_RATE;
  const steps = Array.from({ length: Math.floor(sound.length / window) }, (_, index) =>
    stepIn(sound.subarray(index * window, (index + 1) * window)),
  );
  return { numbers, steps };
}

function numberOn(luma: Buffer): number | null {
  let number = 0;
  for (let bit = 0; bit < BITS; bit += 1) {
    const x = Math.round((bit + 0.5) * STRIPE_WIDTH);
    const upper = luma[Math.round(BAND_HEIGHT / 2) * WIDTH + x]!;
    const middle = luma[Math.round(BAND_HEIGHT * 1.5) * WIDTH + x]!;
    if (Math.abs(upper - middle) < 100) return null;
    if (upper > middle) number |= 1 << bit;
  }
  return number;
}

function stepIn(sound: Float32Array): number | null {
  let best: number | null = null;
  let bestDb = HEARD_DB;
  for (let step = 0; step < CLIP_SECONDS / STEP_SECONDS; step += 1) {
    const db = toneLevelDb(sound, SAMPLE_RATE, toneHz(step));
    if (db > bestDb) [best, bestDb] = [step, db];
  }
  return best;
}
