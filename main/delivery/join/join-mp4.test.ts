import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { beforeAll, expect, it } from 'vitest';
import { ffmpegPath } from '../../../test/support/flash-and-beep.ts';
import { FRAGMENTED_MP4 } from '../../capture/encode/ffmpeg-args.ts';
import { parseFmp4 } from '../../capture/encode/fmp4.ts';
import { memoryReader } from '../../capture/encode/random-access.ts';
import { canJoin, type JoinedMp4, joinMp4, type Mp4Segment, SingleJoin } from './join-mp4.ts';
import { verifyMp4 } from './verify.ts';

const run = promisify(execFile);
const METADATA = { title: 'a', comment: 'b', creationTime: '2026-01-02T03:04:05Z' };

async function encode(...coder: string[]): Promise<Buffer> {
  const sources = ['-f', 'lavfi', '-i', 'testsrc=s=96x64:r=15', '-f', 'lavfi', '-i', 'sine=r=48000'];
  const args = ['-v', 'error', ...sources, '-t', '3', '-pix_fmt', 'yuv420p', '-c:v', 'libx264', ...coder];
  const { stdout } = await run(ffmpegPath, [...args, '-c:a', 'aac', '-ac', '1', ...FRAGMENTED_MP4, 'pipe:1'], {
    encoding: 'buffer',
    maxBuffer: 1e8,
  });
  return stdout;
}

async function segmentOf(bytes: Buffer, startMs: number): Promise<Mp4Segment> {
  const reader = memoryReader(bytes);
  return { reader, summary: await parseFmp4(reader), startMs };
}

async function fileOf(joined: JoinedMp4, segments: Mp4Segment[]): Promise<Buffer> {
  const parts = [joined.head()];
  for (const range of joined.ranges) {
    parts.push(
      'bytes' in range
        ? range.bytes
        : ((await segments[range.segment]?.reader.read(range.offset, range.length)) ?? Buffer.alloc(0)),
    );
  }
  return Buffer.concat(parts);
}

let plain: Buffer;
let reordered: Buffer;
beforeAll(async () => {
  [plain, reordered] = await Promise.all([encode('-preset', 'ultrafast', '-bf', '0'), encode('-bf', '3')]);
});

it('cut anywhere and placed anywhere, segments make a consistent file that ends with the last of them', async () => {
  const piece = fc.record({
    share: fc.double({ min: 0, max: 1, noNaN: true }),
    gapMs: fc.integer({ min: -1500, max: 4000 }),
  });
  await fc.assert(
    fc.asyncProperty(fc.boolean(), fc.array(piece, { minLength: 1, maxLength: 4 }), async (isReordered, pieces) => {
      const bytes = isReordered ? reordered : plain;
      let atMs = 500;
      const segments: Mp4Segment[] = [];
      for (const { share, gapMs } of pieces) {
        const segment = await segmentOf(bytes.subarray(0, Math.floor(bytes.length * share)), Math.max(0, atMs));
        if (segment.summary.fragments.length === 0) continue;
        segments.push(segment);
        atMs += 3000 + gapMs;
      }
      segments.sort((a, b) => a.startMs - b.startMs);
      const [first] = segments;
      if (!first) return;
      const joined = await joinMp4(segments, METADATA);
      const file = await fileOf(joined, segments);
      expect(file.length).toBe(joined.head().length + joined.file.mediaBytes);
      await verifyMp4(
        memoryReader(file),
        [0, 1].map((track) => joined.file.sampleCount(track)),
      );
      const endMs = Math.max(
        ...segments.flatMap((segment) =>
          segment.summary.tracks
            .filter((track) => track.sampleCount > 0)
            .map((track) => segment.startMs - first.startMs + (track.endPts / track.timescale) * 1000),
        ),
      );
      // An earlier segment may reach beyond the end of a later, shorter one; then it was cut for it.
      expect(joined.file.durationMs).toBeLessThan(endMs + 70);
    }),
    { numRuns: 60 },
  );
});

it('segments of different encoders are not joined', async () => {
  const segments = [await segmentOf(plain, 0), await segmentOf(reordered, 3000)];
  expect(canJoin(segments)).toBe(false);
  expect(canJoin([await segmentOf(plain, 0), await segmentOf(plain, 3000)])).toBe(true);
  expect(canJoin([])).toBe(false);
});

it('segments of encoders that number their headers apart are joined as they are; a decoder takes them one after the other', async () => {
  const [first, second] = await Promise.all([
    encode('-preset', 'ultrafast', '-bf', '0', '-x264-params', 'cabac=0:ref=3'),
    encode('-preset', 'veryfast', '-bf', '0', '-x264-params', 'sps-id=1'),
  ]);
  const segments = [await segmentOf(first, 0), await segmentOf(second, 3000), await segmentOf(first, 6000)];
  expect(canJoin(segments)).toBe(true);
  const joined = await joinMp4(segments, METADATA);
  const directory = await mkdtemp(path.join(tmpdir(), 'recorder-join-'));
  try {
    const file = path.join(directory, 'joined.mp4');
    await writeFile(file, await fileOf(joined, segments));
    const args = ['-v', 'warning', '-i', file, '-map', '0:v', '-f', 'framemd5', '-'];
    const { stdout, stderr } = await run(ffmpegPath, args);
    expect(stderr).toBe('');
    const pictures = (md5: string) =>
      md5
        .split('\n')
        .filter((line) => line.startsWith('0,'))
        .map((line) => line.split(',').at(-1));
    const alone = await Promise.all(
      [first, second].map(async (bytes, index) => {
        const own = path.join(directory, `${index}.mp4`);
        await writeFile(own, bytes);
        return pictures(
          (await run(ffmpegPath, ['-v', 'error', '-i', own, '-map', '0:v', '-f', 'framemd5', '-'])).stdout,
        );
      }),
    );
    expect(pictures(stdout)).toEqual([...alone[0]!, ...alone[1]!, ...alone[0]!]);
  } finally {
    await rm(directory, { recursive: true });
  }
});

it('a file that was changed on its way is noticed', async () => {
  const segments = [await segmentOf(plain, 0)];
  const joined = await joinMp4(segments, METADATA);
  const counts = [0, 1].map((track) => joined.file.sampleCount(track));
  const file = await fileOf(joined, segments);
  await verifyMp4(memoryReader(file), counts);
  await expect(verifyMp4(memoryReader(file.subarray(0, -1)), counts)).rejects.toThrow('breaks off');
  await expect(verifyMp4(memoryReader(file), [counts[0] ?? 0, 1])).rejects.toThrow('samples');
  await expect(verifyMp4(memoryReader(plain), counts)).rejects.toThrow('consists of');
});

it('a single segment makes the same file when it is joined while it is read', async () => {
  await fc.assert(
    fc.asyncProperty(fc.boolean(), fc.double({ min: 0, max: 1, noNaN: true }), async (isReordered, share) => {
      const bytes = isReordered ? reordered : plain;
      const segment = await segmentOf(bytes.subarray(0, Math.floor(bytes.length * share)), 700);
      const chapters = [{ startMs: 1200, title: 'later' }];
      const single = new SingleJoin(700);
      await parseFmp4(segment.reader, (fragment, summary) => single.take(fragment, summary));
      const joined = single.joined(METADATA, chapters);
      if (segment.summary.fragments.length === 0) {
        expect(joined).toBeNull();
        return;
      }
      const expected = await joinMp4([segment], METADATA, chapters);
      expect(joined?.head()).toEqual(expected.head());
      expect(joined?.ranges).toEqual(expected.ranges);
    }),
    { numRuns: 30 },
  );
});
