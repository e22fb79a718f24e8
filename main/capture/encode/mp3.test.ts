import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { ffmpegPath } from '../../../test/support/flash-and-beep.ts';
import { mp3Frames, parseMp3, silentMp3Frame } from './mp3.ts';
import { memoryReader } from './random-access.ts';

const run = promisify(execFile);

async function encode(seconds: number, ...options: string[]): Promise<Buffer> {
  const source = ['-v', 'error', '-f', 'lavfi', '-i', 'sine=r=48000', '-t', `${seconds}`];
  const bare = ['-c:a', 'libmp3lame', '-write_xing', '0', '-id3v2_version', '0', '-f', 'mp3', 'pipe:1'];
  return (await run(ffmpegPath, [...source, ...options, ...bare], { encoding: 'buffer', maxBuffer: 1e8 })).stdout;
}

let file: Buffer;
beforeAll(async () => {
  file = await encode(3, '-b:a', '64k', '-ac', '1');
});

it('walks all frames of a whole file', async () => {
  const summary = await parseMp3(memoryReader(file));
  expect(summary).toMatchObject({ sampleRate: 48_000, validLength: file.length, torn: false });
  expect(summary.frames).toBe(file.length / 192);
  expect(summary.durationMs).toBeCloseTo(summary.frames * 24, 6);
  expect(summary.durationMs).toBeGreaterThan(3023);
  expect(summary.durationMs).toBeLessThan(3100);
});

it('knows padded frames, stereo and the lower rates', async () => {
  for (const options of [
    ['-ar', '44100', '-b:a', '128k', '-ac', '2'],
    ['-ar', '22050', '-b:a', '32k', '-ac', '1'],
    ['-ar', '16000', '-b:a', '24k', '-ac', '1'],
    ['-ar', '48000', '-q:a', '5'],
  ]) {
    const other = await encode(1, ...options);
    expect(await parseMp3(memoryReader(other))).toMatchObject({ validLength: other.length, torn: false });
  }
});

it('is not thrown off by a window that ends within a frame', async () => {
  const long = Buffer.concat(Array.from({ length: 30 }, () => file));
  const summary = await parseMp3(memoryReader(long));
  expect(summary).toMatchObject({ frames: long.length / 192, validLength: long.length, torn: false });
});

describe('damage', () => {
  it('by a cut anywhere costs the frame it hits', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat({ max: file.length }), async (length) => {
        const cut = await parseMp3(memoryReader(file.subarray(0, length)));
        expect(cut.validLength).toBe(length - (length % 192));
        expect(cut.torn).toBe(length % 192 !== 0);
      }),
    );
  });

  it('by zeros to the end leaves at most the frame they begin in', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat({ max: file.length - 400 }), async (from) => {
        const zeroed = Buffer.from(file);
        zeroed.fill(0, from);
        const found = await parseMp3(memoryReader(zeroed));
        expect(found.validLength).toBeLessThanOrEqual(from + 192);
        expect(found.torn).toBe(true);
      }),
    );
  });

  it('of any kind is no reason to fail', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 2000 }), async (bytes) => {
        expect((await parseMp3(memoryReader(bytes))).validLength).toBeLessThanOrEqual(bytes.length);
      }),
    );
  });
});

it('makes frames of silence that a decoder takes without complaint', async () => {
  const frames = [];
  for await (const frame of mp3Frames(memoryReader(file))) frames.push(frame);
  const [first] = frames;
  if (!first) throw new Error('no frame');
  const silence = Buffer.concat(Array.from({ length: 50 }, () => silentMp3Frame(first)));
  const decoder = execFile(ffmpegPath, ['-v', 'error', '-f', 'mp3', '-i', 'pipe:0', '-f', 's16le', 'pipe:1'], {
    encoding: 'buffer',
    maxBuffer: 1e8,
  });
  const output = new Promise<{ pcm: Buffer; errors: string }>((resolve) => {
    const pcm: Buffer[] = [];
    let errors = '';
    decoder.stdout?.on('data', (bytes: Buffer) => pcm.push(bytes));
    decoder.stderr?.on('data', (bytes: Buffer) => {
      errors += bytes.toString();
    });
    decoder.on('close', () => resolve({ pcm: Buffer.concat(pcm), errors }));
  });
  decoder.stdin?.end(silence);
  const { pcm, errors } = await output;
  expect(errors).toBe('');
  expect(pcm.length).toBeGreaterThan(48 * 1152 * 2);
  expect(pcm.every((byte) => byte === 0)).toBe(true);
});
