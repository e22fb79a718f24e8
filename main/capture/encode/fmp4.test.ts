import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { ffmpegPath } from '../../../test/support/flash-and-beep.ts';
import { FRAGMENTED_MP4 } from './ffmpeg-args.ts';
import { type Fmp4Summary, parseFmp4 } from './fmp4.ts';
import { aheadReader, memoryReader } from './random-access.ts';

const run = promisify(execFile);

async function encode(...video: string[]): Promise<Buffer> {
  const sources = ['-f', 'lavfi', '-i', 'testsrc=s=96x64:r=15', '-f', 'lavfi', '-i', 'sine=r=48000'];
  const args = ['-v', 'error', ...sources, '-t', '3', '-pix_fmt', 'yuv420p', ...video, '-c:a', 'aac', '-ac', '1'];
  const { stdout } = await run(ffmpegPath, [...args, ...FRAGMENTED_MP4, 'pipe:1'], {
    encoding: 'buffer',
    maxBuffer: 1e8,
  });
  return stdout;
}

function parse(bytes: Uint8Array): Promise<Fmp4Summary> {
  return parseFmp4(memoryReader(bytes));
}

function track(summary: Fmp4Summary, kind: 'video' | 'audio') {
  const found = summary.tracks.find((one) => one.kind === kind);
  if (!found) throw new Error(`no ${kind}`);
  const seconds = (ticks: number): number => ticks / found.timescale;
  return { ...found, seconds };
}

let file: Buffer;
let whole: Fmp4Summary;

beforeAll(async () => {
  file = await encode('-c:v', 'libx264', '-preset', 'ultrafast', '-bf', '0', '-g', '15');
  whole = await parse(file);
});

describe('a whole segment', () => {
  it('is the same by a reader that uses its memory again, fragment for fragment', async () => {
    const { size, read } = memoryReader(file);
    const handle = {
      stat: async () => ({ size }),
      read: async (target: Buffer, at: number, length: number, position: number) => {
        return { bytesRead: (await read(position, length)).copy(target, at), buffer: target };
      },
    };
    const taken: number[] = [];
    const reader = await aheadReader(handle as unknown as Parameters<typeof aheadReader>[0], 20_000);
    const summary = await parseFmp4(reader, ({ offset }, { validLength }) => {
      expect(validLength).toBeGreaterThan(offset);
      taken.push(offset);
    });
    expect(summary).toEqual(whole);
    expect(taken).toEqual(whole.fragments.map(({ offset }) => offset));
  });

  it('is described to the tick', () => {
    const video = track(whole, 'video');
    const audio = track(whole, 'audio');
    expect(video).toMatchObject({ sampleCount: 45, firstPts: 0, firstDts: 0, width: 96, height: 64 });
    expect(video.seconds(video.endPts)).toBe(3);
    expect(audio).toMatchObject({ firstPts: -1024, timescale: 48_000, channels: 1, sampleRate: 48_000 });
    expect(audio.seconds(audio.endPts)).toBe(3);
  });

  it('is not torn, its index at the end included', () => {
    expect(whole.torn).toBe(false);
    expect(whole.validLength).toBeLessThan(file.length);
    expect(file.toString('latin1', whole.validLength + 4, whole.validLength + 8)).toBe('mfra');
    const ends = whole.fragments.map(({ offset, length }) => offset + length);
    expect([whole.initLength, ...ends.slice(0, -1)]).toEqual(whole.fragments.map(({ offset }) => offset));
  });

  it('with reordered pictures starts at 0 as presented, before it as decoded', async () => {
    const summary = await parse(await encode('-c:v', 'libx264', '-preset', 'veryfast', '-bf', '2'));
    const video = track(summary, 'video');
    expect(video.firstPts).toBe(0);
    expect(video.firstDts).toBeLessThan(0);
    expect(video.seconds(video.endPts)).toBe(3);
  });
});

describe('decoder configurations', () => {
  it('are equal for two runs of one encoder, whatever the content', async () => {
    const again = await encode('-vf', 'negate', '-c:v', 'libx264', '-preset', 'ultrafast', '-bf', '0', '-g', '15');
    const hashes = (summary: Fmp4Summary): string[] => summary.tracks.map(({ configHash }) => configHash);
    expect(hashes(await parse(again))).toEqual(hashes(whole));
  });

  it('differ when the encoder does', async () => {
    const other = await parse(await encode('-c:v', 'libx264', '-preset', 'veryfast', '-g', '15'));
    expect(track(other, 'video').configHash).not.toBe(track(whole, 'video').configHash);
    expect(track(other, 'audio').configHash).toBe(track(whole, 'audio').configHash);
  });
});

describe('damage', () => {
  it('by a cut anywhere costs at most the fragment it hits', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat({ max: file.length }), async (length) => {
        const cut = await parse(file.subarray(0, length));
        const complete = whole.fragments.filter(({ offset, length: bytes }) => offset + bytes <= length);
        expect(cut.validLength).toBeLessThanOrEqual(length);
        expect(cut.fragments).toEqual(length < whole.initLength ? [] : complete);
        expect(cut.torn).toBe(cut.validLength < length && length < file.length);
      }),
      { numRuns: 200 },
    );
  });

  it('by zeros from anywhere to the end is not taken for media', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat({ max: whole.validLength - 64 }), async (from) => {
        const zeroed = Buffer.from(file);
        zeroed.fill(0, from);
        const found = await parse(zeroed);
        // A zeroed stretch shorter than the check sees may hide in the last sample it touches. The header's end may be zeroed unseen,
        // because it ends in fields that may be zero: then there is a header and nothing else.
        expect(found.validLength).toBeLessThanOrEqual(Math.max(from + 64, whole.initLength));
        if (from < whole.initLength) expect(found.fragments).toEqual([]);
        expect(found.torn).toBe(true);
      }),
      { numRuns: 100 },
    );
  });

  it('by changed bytes never makes it fail or read beyond the end', async () => {
    const change = fc.record({ at: fc.nat({ max: file.length - 1 }), value: fc.nat({ max: 255 }) });
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 20 }), async (changes) => {
        const changed = Buffer.from(file);
        for (const { at, value } of changes) changed[at] = value;
        expect((await parse(changed)).validLength).toBeLessThanOrEqual(changed.length);
      }),
      { numRuns: 200 },
    );
  });

  it.each([
    ['nothing', Buffer.alloc(0)],
    ['zeros', Buffer.alloc(4096)],
    ['text', Buffer.from('this is no movie at all, although it is long enough to be one')],
  ])('%s is no segment', async (_, bytes) => {
    expect(await parse(bytes)).toMatchObject({ initLength: 0, validLength: 0, tracks: [], torn: bytes.length > 0 });
  });

  it('of any kind is no reason to fail', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async (bytes) => {
        const tail = Buffer.concat([file.subarray(0, whole.validLength), bytes]);
        expect((await parse(tail)).validLength).toBe(whole.validLength);
      }),
      { numRuns: 100 },
    );
  });
});
