import { execFile } from 'node:child_process';
import { mkdtemp, open, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ffmpegPath, ffprobePath, lumas } from '../../../test/support/flash-and-beep.ts';
import { FFMPEG_BUILDS } from '../../../test/support/segment-recording.ts';
import { FRAGMENTED_MP4 } from '../../capture/encode/ffmpeg-args.ts';
import { parseFmp4 } from '../../capture/encode/fmp4.ts';
import { fileReader, memoryReader } from '../../capture/encode/random-access.ts';
import { joinMp4, type Mp4Segment } from './join-mp4.ts';
import { ProgressiveMp4 } from './progressive-mp4.ts';
import { readProgressive } from './progressive-reader.ts';
import { verifyMp4 } from './verify.ts';

const run = promisify(execFile);
const METADATA = { title: 'a', comment: 'b', creationTime: '2026-01-02T03:04:05Z' };
const CHAPTERS = [
  { startMs: 0, title: 'first' },
  { startMs: 1500, title: 'second' },
];
let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(path.join(os.tmpdir(), 'progressive-'));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

/** Three seconds that get brighter with time, in fragments. */
async function segment(...coder: string[]): Promise<{ bytes: Buffer; segment: Mp4Segment }> {
  const picture = `nullsrc=s=96x64:r=15,geq=lum='40+4*N':cb=128:cr=128`;
  const sources = ['-f', 'lavfi', '-i', picture, '-f', 'lavfi', '-i', 'sine=r=48000'];
  const args = ['-v', 'error', ...sources, '-t', '3', '-pix_fmt', 'yuv420p', '-c:v', 'libx264', '-g', '15', ...coder];
  const { stdout } = await run(ffmpegPath, [...args, '-c:a', 'aac', '-ac', '1', ...FRAGMENTED_MP4, 'pipe:1'], {
    encoding: 'buffer',
    maxBuffer: 1e8,
  });
  const reader = memoryReader(stdout);
  return { bytes: stdout, segment: { reader, summary: await parseFmp4(reader), startMs: 0 } };
}

it.each(['0', '3'])('tells what was written, with %s reordered pictures in a row', async (reordered) => {
  const { bytes, segment: only } = await segment('-bf', reordered);
  const joined = await joinMp4([only], METADATA, CHAPTERS);
  const media = joined.ranges.map((range) =>
    'bytes' in range ? range.bytes : bytes.subarray(range.offset, range.offset + range.length),
  );
  const file = Buffer.concat([joined.head(), ...media]);
  await verifyMp4(memoryReader(file), joined.file.sampleCounts);
  const tracks = await readProgressive(memoryReader(file));
  expect(tracks.map(({ kind }) => kind)).toEqual(['video', 'audio']);

  const output = path.join(directory, 'whole.mp4');
  const handle = await open(output, 'w');
  await handle.write(file);
  await handle.close();
  const { stdout } = await run(ffprobePath, ['-v', 'error', '-show_packets', '-of', 'json', output], {
    maxBuffer: 1e7,
  });
  const packets: Record<'pts' | 'dts' | 'duration' | 'size' | 'pos' | 'stream_index' | 'flags', string>[] =
    JSON.parse(stdout).packets;
  for (const [index, track] of tracks.entries()) {
    const shown = packets.filter(({ stream_index }) => Number(stream_index) === index);
    expect(track.sampleCount).toBe(shown.length);
    expect(
      [...track.samples()].map((sample) => ({
        pts: sample.dts + sample.compositionOffset,
        dts: sample.dts,
        size: sample.size,
        pos: sample.offset,
        isSync: sample.isSync,
      })),
    ).toEqual(
      shown.map(({ pts, dts, size, pos, flags }) => ({
        pts: Number(pts),
        dts: Number(dts),
        size: Number(size),
        pos: Number(pos),
        isSync: flags.startsWith('K'),
      })),
    );
  }
  await expect(readProgressive(memoryReader(file.subarray(0, 300)))).rejects.toThrow('No index');
});

it('a file of more than 4 GB plays to its end, and is read back', async () => {
  const { bytes, segment: only } = await segment('-bf', '0');
  const [video, audio] = only.summary.tracks;
  if (!video || !audio) throw new Error('two tracks are needed');
  const plain = await joinMp4([only], METADATA);
  const media = Buffer.concat(
    plain.ranges.map((range) =>
      'bytes' in range ? range.bytes : bytes.subarray(range.offset, range.offset + range.length),
    ),
  );
  const whole = await readProgressive(memoryReader(Buffer.concat([plain.head(), media])));
  const pictures = [...(whole[0]?.samples() ?? [])];
  const headLength = plain.head().length;

  // A second of pictures, then sound of three samples that nobody plays and that takes 4.8 GB on no disk, then the other pictures.
  const file = new ProgressiveMp4([video, audio]);
  const fillerBytes = 1_600_000_000;
  const placed: { at: number; bytes: Buffer }[] = [];
  for (const [index, picture] of pictures.entries()) {
    if (index === 15) {
      for (const dts of [4, 5, 6].map((second) => second * audio.timescale)) {
        file.addSample(1, { dts, compositionOffset: 0, duration: 1024, size: fillerBytes, isSync: true });
      }
    }
    const at = picture.offset - headLength;
    placed.push({ at: file.mediaBytes, bytes: media.subarray(at, at + picture.size) });
    file.addSample(0, picture);
  }
  const head = file.head(METADATA, CHAPTERS);
  expect(head.includes('co64')).toBe(true);
  expect(head.includes('stco')).toBe(false);
  const output = path.join(directory, 'large.mp4');
  const handle = await open(output, 'w+');
  try {
    await handle.write(head, 0, head.length, 0);
    for (const { at, bytes: picture } of placed) await handle.write(picture, 0, picture.length, head.length + at);
    const reader = await fileReader(handle);
    expect(reader.size).toBe(head.length + file.mediaBytes);
    expect(reader.size).toBeGreaterThan(4.8e9);
    await verifyMp4(reader, [45, 3]);
    const tracks = await readProgressive(reader);
    expect([...(tracks[0]?.samples() ?? [])].map(({ offset }) => offset - head.length)).toEqual(
      placed.map(({ at }) => at),
    );
    expect([...(tracks[1]?.samples() ?? [])].map(({ size }) => size)).toEqual([fillerBytes, fillerBytes, fillerBytes]);
  } finally {
    await handle.close();
  }
  for (const build of FFMPEG_BUILDS) {
    const shown = await lumas(output, build);
    expect(shown).toHaveLength(45);
    for (const [index, { luma }] of shown.entries()) expect(Math.abs(luma - (40 + 4 * index))).toBeLessThan(3);
  }
});
