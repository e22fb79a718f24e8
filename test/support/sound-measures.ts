import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { aacArgs } from '../../main/capture/encode/ffmpeg-args.ts';
import { decodeSound } from './media.ts';

const run = promisify(execFile);
const RATE = 48_000;
const HIGH_TAPS = 127;

/** A high pass that lets through what is above `fromHz` and keeps out what is 1 kHz below it by more than 70 dB. */
function highPass(fromHz: number): Float64Array {
  const middle = (HIGH_TAPS - 1) / 2;
  const cutoff = (fromHz - 400) / RATE;
  return Float64Array.from({ length: HIGH_TAPS }, (_, tap) => {
    const n = tap - middle;
    const low = n === 0 ? 2 * cutoff : Math.sin(2 * Math.PI * cutoff * n) / (Math.PI * n);
    const place = (2 * Math.PI * tap) / (HIGH_TAPS - 1);
    const window = 0.42 - 0.5 * Math.cos(place) + 0.08 * Math.cos(2 * place);
    return (n === 0 ? 1 : 0) - low * window;
  });
}

/**
 * Loudest 10 ms of what lies above `fromHz`, in dB below full scale (root mean square). A click is a moment of loud high sound; a tone
 * below has none.
 */
export function loudestHighDb(samples: Int16Array, fromHz = 8000): number {
  const taps = highPass(fromHz);
  const window = RATE / 100;
  let loudest = 0;
  let energy = 0;
  let inWindow = 0;
  for (let at = 0; at + HIGH_TAPS <= samples.length; at++) {
    let value = 0;
    for (let tap = 0; tap < HIGH_TAPS; tap++) value += taps[tap]! * samples[at + tap]!;
    energy += value * value;
    if (++inWindow === window) {
      loudest = Math.max(loudest, energy / window);
      energy = 0;
      inWindow = 0;
    }
  }
  return 10 * Math.log10(Math.max(1e-12, loudest) / 32_768 ** 2);
}

/** Level of the samples in dB below full scale (root mean square). */
export function levelDb(samples: Int16Array | Float32Array): number {
  const scale = samples instanceof Int16Array ? 32_768 : 1;
  let energy = 0;
  for (let index = 0; index < samples.length; index++) energy += samples[index]! ** 2;
  return 10 * Math.log10(Math.max(1e-20, energy / samples.length / scale ** 2));
}

/** What a recording's sound becomes by the coder of its file and a decoder. */
export async function codeAndDecode(
  ffmpegPath: string,
  samples: Int16Array,
  coder: 'aac' | 'mp3',
): Promise<Float32Array> {
  const directory = await mkdtemp(path.join(tmpdir(), 'sound-'));
  try {
    const raw = path.join(directory, 'mix.s16');
    const file = path.join(directory, coder === 'aac' ? 'mix.mp4' : 'mix.mp3');
    await writeFile(raw, new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength));
    const args = coder === 'aac' ? aacArgs(96) : ['-c:a', 'libmp3lame', '-b:a', '64k'];
    await run(ffmpegPath, [
      '-v',
      'error',
      '-nostdin',
      '-f',
      's16le',
      '-ar',
      `${RATE}`,
      '-ac',
      '1',
      '-i',
      raw,
      ...args,
      file,
    ]);
    return await decodeSound(ffmpegPath, file);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
