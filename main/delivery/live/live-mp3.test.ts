import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import * as fileSystem from 'node:fs/promises';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { countedAsync, failOnce, systemError } from '../../../test/support/failing-calls.ts';
import { decodeErrors, ffmpegPath, ffprobePath } from '../../../test/support/flash-and-beep.ts';
import { soundSegment } from '../../../test/support/sound-segment.ts';
import { id3Length } from '../../capture/encode/mp3.ts';
import { crc64 } from '../crc64.ts';
import { type FinalizeFileSystem, finalizeMedia } from '../finalize.ts';
import { LiveFile } from './live-file.ts';
import { LiveMp3 } from './live-mp3.ts';

const run = promisify(execFile);
const METADATA = { title: 'a', comment: 'b', creationTime: '2026-01-02T03:04:05Z' };
const CHAPTERS = [
  { startMs: 500, title: 'Start' },
  { startMs: 4000, title: 'bob entered' },
];
const LONG_SECONDS = 24;
const MOST_OVERLAP_MS = 9000;
const signal = new AbortController().signal;

let directory: string;
let long: Buffer;
let lowerRate: Buffer;
beforeAll(async () => {
  directory = await mkdtemp(path.join(os.tmpdir(), 'live-mp3-'));
  [long, lowerRate] = await Promise.all([soundSegment(LONG_SECONDS, 64), soundSegment(2, 32, '-ar', '24000')]);
});
afterAll(() => rm(directory, { recursive: true, force: true }));

interface Piece {
  bytes: Buffer;
  startMs: number;
  /** Shares of the bytes that are there at each look. */
  looks: readonly number[];
}

/** Lets segments grow one after another, with a look at each step, and finishes. */
async function grown(
  name: string,
  pieces: readonly Piece[],
  { chapters = CHAPTERS, metadata = METADATA, files = fileSystem as FinalizeFileSystem } = {},
) {
  const output = path.join(directory, `${name}.mp3`);
  const live = await LiveFile.create(path.join(directory, `${name}.working`), files, LiveMp3.create);
  const segments: { path: string; startMs: number; isEnded: boolean }[] = [];
  const sent: Buffer[] = [];
  try {
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
    const finished = await live.finish({ segments, output, metadata, chapters, signal });
    return { finished, output, segments, sent };
  } finally {
    await live.discard();
  }
}

async function ordinary(name: string, segments: readonly { path: string; startMs: number }[]) {
  const output = path.join(directory, `${name}-ordinary.mp3`);
  const outcome = await finalizeMedia({
    ...{ segments, output, kind: 'mp3', hasVideo: false, hasAudio: true, ffmpegPath: null, metadata: METADATA, signal },
    chapters: CHAPTERS,
  });
  return { output, outcome };
}

/** What the tag says, without the zeros that fill it up, and all that comes after it. */
function partsOf(file: Buffer): { tag: Buffer; media: Buffer } {
  const length = id3Length(file);
  const tag = file.subarray(10, length);
  const end = tag.findLastIndex((byte) => byte !== 0) + 1;
  return { tag: tag.subarray(0, end), media: file.subarray(length) };
}

describe('a file of sound alone that is made while its segments grow', () => {
  it('is the ordinary one but for room in its tag, and what was sent of it did not change but for the head', async () => {
    const share = fc.integer({ min: 0, max: 1000 }).map((thousandths) => thousandths / 1000);
    const piece = fc.record({
      length: share,
      gapMs: fc.integer({ min: -MOST_OVERLAP_MS, max: 6000 }),
      looks: fc.array(share, { maxLength: 5 }),
      damageAt: fc.oneof({ weight: 4, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: share }),
    });
    let cases = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { minLength: 1, maxLength: 4 }), async (plan) => {
        const name = `case-${cases++}`;
        let startMs = 500;
        const pieces = plan.map(({ length, gapMs, looks, damageAt }) => {
          const bytes = Buffer.from(long.subarray(0, Math.floor(long.length * length)));
          if (damageAt !== null) bytes.fill(0, Math.floor(damageAt * bytes.length));
          const piece = { bytes, startMs, looks };
          startMs = Math.max(startMs, startMs + LONG_SECONDS * 1000 * length + gapMs);
          return piece;
        });
        const { finished, output, segments, sent } = await grown(name, pieces);
        const { output: expected, outcome } = await ordinary(name, segments);
        if (outcome.kind !== 'done') {
          expect({ finished, outcome }).toMatchObject({ finished: null, outcome: { code: 'NO_MEDIA' } });
          return;
        }
        const whole = await readFile(output);
        const [is, shouldBe] = [partsOf(whole), partsOf(await readFile(expected))];
        expect(is.tag.equals(shouldBe.tag)).toBe(true);
        expect(is.media.equals(shouldBe.media)).toBe(true);
        const { durationMs, startMs: beginsAtMs, repaired } = outcome;
        expect(finished).toMatchObject({ durationMs, startMs: beginsAtMs, repaired });
        expect(finished?.hashes).toEqual({
          sha256: createHash('sha256').update(whole).digest('hex'),
          crc64: crc64(whole),
          bytes: whole.length,
        });
        const headEnd = finished!.changed.offset + finished!.changed.length;
        expect(finished!.changed.offset).toBe(0);
        for (const bytes of sent) {
          expect(whole.subarray(headEnd, bytes.length).equals(bytes.subarray(headEnd))).toBe(true);
        }
      }),
      { numRuns: 20 },
    );
  });

  it('tells players how long it is, and is found its way in', async () => {
    const { output, finished, sent } = await grown('played', [
      { bytes: long, startMs: 500, looks: [0.3, 0.6] },
      { bytes: long, startMs: 27_000, looks: [0.5] },
    ]);
    const entries = 'format=duration,start_time:stream=codec_name,channels:format_tags=title:chapter=start_time';
    const { stdout } = await run(ffprobePath, ['-v', 'error', '-show_entries', entries, '-of', 'json', output]);
    const seen = JSON.parse(stdout);
    expect(Math.abs(Number(seen.format.duration) * 1000 - finished!.durationMs)).toBeLessThan(30);
    expect(finished!.durationMs).toBeGreaterThan(50_400);
    expect(seen).toMatchObject({ format: { tags: { title: 'a' } }, streams: [{ codec_name: 'mp3', channels: 1 }] });
    expect(seen.chapters).toHaveLength(2);
    expect(await decodeErrors(output)).toBe('');
    // The second segment's tone has 200 + 2 · 20 · 10 Hz in its tenth second; before it is the hole. A decoder needs some frames to find in.
    const soundAt = async (seconds: number): Promise<Int16Array> => {
      const args = ['-v', 'error', '-ss', `${seconds}`, '-i', output, '-t', '0.6', '-f', 's16le', '-ac', '1', 'pipe:1'];
      const { stdout } = await run(ffmpegPath, args, { encoding: 'buffer' });
      return new Int16Array(stdout.buffer, stdout.byteOffset, stdout.length >> 1).subarray(4800);
    };
    const tone = await soundAt(26.5 + 9.65);
    const crossings = tone.filter((sample, index) => sample >= 0 && (tone[index - 1] ?? 0) < 0).length;
    expect(Math.abs(crossings * 2 - 600)).toBeLessThan(30);
    expect(Math.max(...(await soundAt(25.2)).map(Math.abs))).toBeLessThan(10);
    // The newest ten seconds wait for what may come after them, and nothing else does.
    expect(sent.at(-1)!.length).toBeGreaterThan((await readFile(output)).length - 90_000);
  });

  it('leaves the ordinary way what it cannot do: another rate, a late cut, more to say than there is room for', async () => {
    const [first, later] = [
      { bytes: long, startMs: 0, looks: [] },
      { bytes: lowerRate, startMs: 24_000, looks: [] },
    ];
    await expect(grown('unlike', [first, later])).rejects.toThrow('segments of different encoders');
    await expect(grown('late', [first, { ...first, startMs: 13_000 }])).rejects.toThrow('begins before the end');
    const wordy = { ...METADATA, comment: 'x'.repeat(70_000) };
    await expect(grown('wordy', [first], { metadata: wordy })).rejects.toThrow('more to say');
    expect((await fileSystem.readdir(directory)).filter((name) => name.endsWith('.working'))).toEqual([]);
  });

  it('ends a segment where another stream begins, wherever it was when it was looked at', async () => {
    const bytes = Buffer.concat([long.subarray(0, 500 * 192), lowerRate]);
    const looks = [(500 * 192 + 10) / bytes.length];
    const { finished, segments } = await grown('mixed', [{ bytes, startMs: 0, looks }]);
    const { outcome } = await ordinary('mixed', segments);
    expect(outcome).toMatchObject({ kind: 'done', repaired: { tornSegments: ['mixed-0'] } });
    expect(outcome).toMatchObject({ durationMs: finished?.durationMs, repaired: finished?.repaired });
  });

  it('tells of whatever the disk refuses, at any call, and can be made anew then', async () => {
    const pieces = [
      { bytes: long, startMs: 0, looks: [0.5] },
      { bytes: long, startMs: 20_000, looks: [] },
    ];
    const { output: undisturbed } = await grown('undisturbed', pieces);
    const expected = await readFile(undisturbed);
    const isRefused = async (failAt: number): Promise<boolean> => {
      const counter = failOnce(failAt, (call) => systemError('ENOSPC', call));
      try {
        const { output } = await grown('refused', pieces, { files: countedAsync(fileSystem, counter) });
        expect((await readFile(output)).equals(expected)).toBe(true);
      } catch (error) {
        expect(error).toMatchObject({ code: 'ENOSPC' });
        // Whoever could not sync the folder has the whole file all the same.
        const left = await readFile(path.join(directory, 'refused.mp3')).catch(() => null);
        expect(left === null || left.equals(expected)).toBe(true);
      }
      expect(await fileSystem.readdir(directory)).not.toContain('refused.working');
      await rm(path.join(directory, 'refused.mp3'), { force: true });
      return counter.failed !== null;
    };
    let calls = 1;
    while (await isRefused(calls)) calls += 1;
    expect(calls).toBeGreaterThan(25);
  });

  it('has room for as many and as long chapters as a file can have', async () => {
    const chapters = Array.from({ length: 400 }, (_, at) => ({ startMs: at * 50, title: '录'.repeat(200) }));
    const { output, finished } = await grown('full', [{ bytes: long, startMs: 0, looks: [] }], { chapters });
    expect(finished).not.toBeNull();
    const { stdout } = await run(ffprobePath, ['-v', 'error', '-show_chapters', '-of', 'json', output]);
    expect(JSON.parse(stdout).chapters).toHaveLength(255);
  });
});
