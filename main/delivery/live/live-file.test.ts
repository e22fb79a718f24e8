import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import * as fileSystem from 'node:fs/promises';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodeErrors, ffmpegPath, ffprobePath } from '../../../test/support/flash-and-beep.ts';
import { FRAGMENTED_MP4 } from '../../capture/encode/ffmpeg-args.ts';
import { crc64 } from '../crc64.ts';
import { finalizeMedia } from '../finalize.ts';
import { GrowingMp4 } from './growing-mp4.ts';
import { type BeginMedia, LiveFile, QUIET_LOOKS } from './live-file.ts';
import { LiveProblem } from './live-media.ts';
import { LiveMp4 } from './live-mp4.ts';

const run = promisify(execFile);
const METADATA = { title: 'a', comment: 'b', creationTime: '2026-01-02T03:04:05Z' };
const CHAPTERS = [
  { startMs: 500, title: 'Start' },
  { startMs: 2000, title: 'bob entered' },
];
const SMALL_BOXES = { smallest: 64 * 1024, largest: 100 * 1024 };
const beginMp4: BeginMedia = (file, files) => LiveMp4.create(file, files, SMALL_BOXES);
const signal = new AbortController().signal;

let directory: string;
let long: Buffer;
let other: Buffer;
beforeAll(async () => {
  directory = await mkdtemp(path.join(os.tmpdir(), 'live-file-'));
  [long, other] = await Promise.all([encoded(24, '-bf', '0'), encoded(3, '-bf', '3')]);
});
afterAll(() => rm(directory, { recursive: true, force: true }));

/** Pictures with noise, so that fragments are not tiny, and a tone; in fragments as a capture process makes them. */
async function encoded(seconds: number, ...coder: string[]): Promise<Buffer> {
  const picture = ['-f', 'lavfi', '-i', 'testsrc=s=96x64:r=15,noise=alls=20', '-f', 'lavfi', '-i', 'sine=r=48000'];
  const args = ['-v', 'error', ...picture, '-t', `${seconds}`, '-pix_fmt', 'yuv420p', '-c:v', 'libx264', '-g', '30'];
  const { stdout } = await run(
    ffmpegPath,
    [...args, '-preset', 'ultrafast', ...coder, '-c:a', 'aac', '-ac', '1', ...FRAGMENTED_MP4, 'pipe:1'],
    { encoding: 'buffer', maxBuffer: 1e8 },
  );
  return stdout;
}

/** Every packet's time, length and kind, and every stream's facts, as ffprobe reads them. */
async function packetsOf(file: string): Promise<string> {
  const entries =
    'packet=stream_index,pts,dts,duration,size,flags,data_hash:stream=duration,nb_frames,start_time:chapter';
  const args = [
    '-v',
    'error',
    '-show_entries',
    entries,
    '-show_data_hash',
    'MD5',
    '-show_chapters',
    '-of',
    'csv',
    file,
  ];
  const { stdout } = await run(ffprobePath, args, { maxBuffer: 1e8 });
  const [packets, rest] = [[] as string[], [] as string[]];
  for (const line of stdout.trim().split('\n')) (line.startsWith('packet') ? packets : rest).push(line);
  return [...packets.toSorted(), ...rest].join('\n');
}

interface Piece {
  bytes: Buffer;
  startMs: number;
  /** Shares of the bytes that are there at each look. */
  looks: readonly number[];
}

/** Lets segments grow one after another, with a look at each step, and finishes. */
async function grown(name: string, pieces: readonly Piece[]) {
  const output = path.join(directory, `${name}.mp4`);
  const live = await LiveFile.create(path.join(directory, `${name}.working`), fileSystem, beginMp4);
  try {
    return await grownInto(live, output, name, pieces);
  } finally {
    await live.discard();
  }
}

async function grownInto(live: LiveFile, output: string, name: string, pieces: readonly Piece[]) {
  const segments: { path: string; startMs: number; isEnded: boolean }[] = [];
  const sent: Buffer[] = [];
  for (const [index, { bytes, startMs, looks }] of pieces.entries()) {
    const segment = { path: path.join(directory, `${name}-${index}`), startMs, isEnded: false };
    segments.push(segment);
    for (const share of [...looks.toSorted((a, b) => a - b), 1]) {
      await writeFile(segment.path, bytes.subarray(0, Math.floor(bytes.length * share)));
      segment.isEnded = share === 1;
      await live.advance(segments, signal);
      sent.push((await readFile(live.path)).subarray(0, live.bytes));
    }
  }
  const finished = await live.finish({ segments, output, metadata: METADATA, chapters: CHAPTERS, signal });
  return { finished, output, segments, sent };
}

async function ordinary(name: string, segments: readonly { path: string; startMs: number }[]) {
  const output = path.join(directory, `${name}-ordinary.mp4`);
  const outcome = await finalizeMedia({
    ...{ segments, output, kind: 'mp4', hasVideo: true, hasAudio: true, ffmpegPath, metadata: METADATA, signal },
    chapters: CHAPTERS,
  });
  if (outcome.kind !== 'done') throw new Error(outcome.kind);
  return { output, outcome };
}

describe('a file that is made while its segments grow', () => {
  it('holds what the ordinary one holds, and what was sent of it did not change but for one header', async () => {
    const share = fc.double({ min: 0, max: 1, noNaN: true });
    const piece = fc.record({
      length: fc.double({ min: 0.05, max: 1, noNaN: true }),
      gapMs: fc.integer({ min: -300, max: 4000 }),
      looks: fc.array(share, { maxLength: 5 }),
    });
    let cases = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { minLength: 1, maxLength: 3 }), async (plan) => {
        const name = `case-${cases++}`;
        let atMs = 500;
        const pieces = plan.map(({ length, gapMs, looks }) => {
          const bytes = long.subarray(0, Math.floor(long.length * length));
          const startMs = Math.max(0, atMs);
          atMs = startMs + 24_000 * length + gapMs;
          return { bytes, startMs, looks };
        });
        const { finished, output, segments, sent } = await grown(name, pieces);
        const { output: expected, outcome } = await ordinary(name, segments);
        const whole = await readFile(output);
        expect(await packetsOf(output)).toBe(await packetsOf(expected));
        expect(finished).toMatchObject({
          durationMs: outcome.durationMs,
          startMs: outcome.startMs,
          repaired: outcome.repaired,
        });
        expect(finished?.hashes).toEqual({
          sha256: createHash('sha256').update(whole).digest('hex'),
          crc64: crc64(whole),
          bytes: whole.length,
        });
        const { offset, length } = finished!.changed;
        for (const bytes of sent) {
          const now = Buffer.from(whole.subarray(0, bytes.length));
          if (offset < bytes.length) bytes.copy(now, offset, offset, offset + length);
          expect(now.equals(bytes)).toBe(true);
        }
      }),
      { numRuns: 6 },
    );
  });

  it('decodes without complaint, from its beginning and from its middle', async () => {
    const { output, finished } = await grown('decoded', [
      { bytes: long, startMs: 0, looks: [0.3, 0.6] },
      { bytes: long, startMs: 26_000, looks: [0.5] },
    ]);
    expect(await decodeErrors(output)).toBe('');
    const { stderr } = await run(ffmpegPath, ['-v', 'error', '-ss', '30', '-i', output, '-f', 'null', '-']);
    expect(stderr).toBe('');
    expect(finished?.repaired.filledAudioMs).toBeGreaterThan(1900);
  });

  it('leaves the ordinary way what it cannot do: other encoders, a late cut, other segments', async () => {
    const unlike = grown('unlike', [
      { bytes: long, startMs: 0, looks: [] },
      { bytes: other, startMs: 24_000, looks: [] },
    ]);
    await expect(unlike).rejects.toThrow('segments of different encoders');
    const early = grown('early', [
      { bytes: long, startMs: 0, looks: [] },
      { bytes: long, startMs: 4_000, looks: [] },
    ]);
    await expect(early).rejects.toThrow('begins before the end');
    const live = await LiveFile.create(path.join(directory, 'order.working'), fileSystem, beginMp4);
    await live.advance([{ path: path.join(directory, 'a'), startMs: 5, isEnded: true }], signal);
    await expect(
      live.advance([{ path: path.join(directory, 'b'), startMs: 0, isEnded: true }], signal),
    ).rejects.toThrow(LiveProblem);
    await live.discard();
    expect(await fileSystem.readdir(directory)).not.toContain('order.working');
  });

  it('waits for the next segment only as long as the one before it may still grow', async () => {
    const live = await LiveFile.create(path.join(directory, 'killed.working'), fileSystem, beginMp4);
    const first = { path: path.join(directory, 'killed-0'), startMs: 0, isEnded: false };
    const second = { path: path.join(directory, 'killed-1'), startMs: 24_000, isEnded: false };
    await writeFile(first.path, long.subarray(0, long.length - 3000));
    await live.advance([first], signal);
    const before = live.bytes;
    await writeFile(second.path, long);
    for (let look = 1; look < QUIET_LOOKS; look += 1) await live.advance([first, second], signal);
    expect(live.bytes).toBe(before);
    await live.advance([first, second], signal);
    expect(live.bytes).toBeGreaterThan(before + 0.9 * long.length);
    // What comes to a segment after that is not in the file.
    await writeFile(first.path, long);
    const plan = { segments: [first, second], output: path.join(directory, 'killed.mp4'), metadata: METADATA, signal };
    await expect(live.finish({ ...plan, chapters: [] })).rejects.toThrow('grew after its end');
    await live.discard();
  });

  it('takes nothing with damage in it', async () => {
    const damaged = Buffer.from(long);
    damaged.fill(0, Math.floor(long.length * 0.7), Math.floor(long.length * 0.7) + 4096);
    const { output, finished, segments } = await grown('damaged', [{ bytes: damaged, startMs: 0, looks: [0.5] }]);
    expect(finished?.repaired.tornSegments).toEqual([path.basename(segments[0]!.path)]);
    expect(finished?.durationMs).toBeLessThan(0.8 * 24_000);
    expect(await decodeErrors(output)).toBe('');
  });
});

it('media boxes follow one another without a hole, whatever is put into them', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 60_000 }), { maxLength: 30 }), async (sizes) => {
      const file = path.join(directory, 'boxes');
      const growing = await GrowingMp4.create(file, fileSystem, SMALL_BOXES);
      const places: number[] = [];
      for (const [index, size] of sizes.entries()) places.push(await growing.append(Buffer.alloc(size, index + 1)));
      const index = Buffer.from('the index');
      const hashes = await growing.finish(index, signal);
      await growing.close();
      const bytes = await readFile(file);
      expect(hashes).toEqual({
        sha256: createHash('sha256').update(bytes).digest('hex'),
        crc64: crc64(bytes),
        bytes: bytes.length,
      });
      let at = bytes.readUInt32BE(0);
      const media: [number, number][] = [];
      while (bytes.toString('latin1', at + 4, at + 8) === 'mdat') {
        media.push([at + 8, at + bytes.readUInt32BE(at)]);
        at += bytes.readUInt32BE(at);
      }
      expect(bytes.subarray(at)).toEqual(index);
      for (const [number, size] of sizes.entries()) {
        const place = places[number]!;
        expect(bytes.subarray(place, place + size).every((byte) => byte === number + 1)).toBe(true);
        expect(media.some(([from, to]) => place >= from && place + size <= to)).toBe(true);
      }
    }),
    { numRuns: 30 },
  );
});
