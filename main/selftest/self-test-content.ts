import { spawn } from 'node:child_process';

/** How a file looks and sounds on average, away from its ends. */
export interface ContentFacts {
  /** 0…255. */
  colour: { red: number; green: number; blue: number };
  pictures: number;
  /** Share of the sound's energy that is the tone asked for; 0…1. */
  toneShare: number;
  /** Root mean square, 1 is full scale. */
  loudness: number;
  /** What the decoder complained about; empty for a sound file. */
  complaints: string;
}

const DECODE_TIMEOUT_MS = 30_000;
/** Pictures are reduced to this before their colour is taken. */
const SMALL = { width: 16, height: 9 };
const SAMPLE_RATE = 16_000;
/** The self-test's file is small; more than this is not it. */
const MOST_BYTES = 32 * 1024 * 1024;

/** Decodes a file from end to end. @throws when that is not possible. */
export async function examineFile(
  ffmpegPath: string,
  file: string,
  toneHz: number,
  signal: AbortSignal,
): Promise<ContentFacts> {
  const scale = `scale=${SMALL.width}:${SMALL.height}`;
  const picture = await decode(ffmpegPath, file, ['-an', '-vf', scale, '-pix_fmt', 'rgb24', '-f', 'rawvideo'], signal);
  const sound = await decode(ffmpegPath, file, ['-vn', '-ac', '1', '-ar', `${SAMPLE_RATE}`, '-f', 's16le'], signal);
  const samples = new Int16Array(sound.bytes.length >> 1);
  for (let index = 0; index < samples.length; index += 1) samples[index] = sound.bytes.readInt16LE(index * 2);
  return {
    colour: meanColour(picture.bytes),
    pictures: Math.floor(picture.bytes.length / (SMALL.width * SMALL.height * 3)),
    ...toneOf(samples, SAMPLE_RATE, toneHz),
    complaints: [picture.complaints, sound.complaints].filter((text) => text !== '').join('; '),
  };
}

/** Mean of the middle half of the pictures. */
function meanColour(rgb: Buffer): ContentFacts['colour'] {
  const pixels = Math.floor(rgb.length / 3);
  const from = Math.floor(pixels / 4);
  const to = Math.floor((pixels * 3) / 4);
  const sums = [0, 0, 0];
  for (let pixel = from; pixel < to; pixel += 1) {
    for (let part = 0; part < 3; part += 1) sums[part] = (sums[part] ?? 0) + (rgb[pixel * 3 + part] ?? 0);
  }
  const [red = 0, green = 0, blue = 0] = sums.map((sum) => Math.round(sum / Math.max(1, to - from)));
  return { red, green, blue };
}

/** How much of the middle half of the sound is one tone (Goertzel), and how loud that half is. */
export function toneOf(
  samples: Int16Array,
  sampleRate: number,
  frequencyHz: number,
): Pick<ContentFacts, 'toneShare' | 'loudness'> {
  const middle = samples.subarray(samples.length >> 2, samples.length - (samples.length >> 2));
  const coefficient = 2 * Math.cos((2 * Math.PI * frequencyHz) / sampleRate);
  let last = 0;
  let beforeLast = 0;
  let energy = 0;
  for (const value of middle) {
    const sample = value / 32_768;
    energy += sample * sample;
    const next = sample + coefficient * last - beforeLast;
    beforeLast = last;
    last = next;
  }
  const power = last * last + beforeLast * beforeLast - coefficient * last * beforeLast;
  const count = middle.length;
  if (count === 0 || energy === 0) return { toneShare: 0, loudness: 0 };
  return { toneShare: Math.min(1, (2 * power) / (count * energy)), loudness: Math.sqrt(energy / count) };
}

function decode(
  ffmpegPath: string,
  file: string,
  output: readonly string[],
  signal: AbortSignal,
): Promise<{ bytes: Buffer; complaints: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(ffmpegPath, ['-v', 'error', '-nostdin', '-i', file, ...output, '-'], {
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: DECODE_TIMEOUT_MS,
      signal,
    });
    const pieces: Buffer[] = [];
    let length = 0;
    let complaints = '';
    child.stdout.on('data', (piece: Buffer) => {
      length += piece.length;
      if (length > MOST_BYTES) child.kill();
      else pieces.push(piece);
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      complaints = (complaints + text).slice(-500);
    });
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0) resolve({ bytes: Buffer.concat(pieces), complaints: complaints.trim() });
      else reject(new Error(`the decoder ended with ${code}: ${complaints.trim()}`));
    });
  });
}
