import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { beeps, decodeErrors, ffmpegPath, ffprobePath, flashes } from '../../../test/support/flash-and-beep.ts';
import { FFMPEG_BUILDS, openRecorder } from '../../../test/support/segment-recording.ts';
import { finalizeMedia } from '../finalize.ts';
import type { Chapter } from './chapters.ts';
import type { MediaMetadata } from './metadata.ts';

const run = promisify(execFile);
const SYSTEM_FFPROBE = '/usr/bin/ffprobe';
const FFPROBES = [ffprobePath, ...(existsSync(SYSTEM_FFPROBE) ? [SYSTEM_FFPROBE] : [])];
const METADATA: MediaMetadata = {
  title: '会议室“五” — ä',
  artist: 'recorder_1',
  comment: '注释, second part',
  creationTime: '2026-01-02T03:04:05.678Z',
  room: '房间 5',
  boxId: 'box-上海',
  recordingId: '0b8f5d1e-1111-4222-8333-444455556666',
  recorderVersion: 'trtc-recorder-box 9.8.7',
};
const TAGS = {
  title: METADATA.title,
  artist: METADATA.artist,
  comment: METADATA.comment,
  encoder: METADATA.recorderVersion,
  room: METADATA.room,
  box_id: METADATA.boxId,
  recording_id: METADATA.recordingId,
};
const MODES = [
  ['12', 'mp4', ['video', 'audio']],
  ['11', 'mp4', ['video']],
  ['10', 'mp3', ['audio']],
] as const;

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(path.join(os.tmpdir(), 'metadata-'));
  await Promise.all(
    MODES.map(async ([mode]) => {
      const { encoder, feed } = await openRecorder({ file: path.join(directory, mode), mode });
      await feed(0, 3000);
      expect(await encoder.finish(20_000)).toMatchObject({ clean: true });
    }),
  );
});
afterAll(() => rm(directory, { recursive: true, force: true }));

async function finalize(mode: '10' | '11' | '12', chapters: Chapter[], metadata = METADATA): Promise<string> {
  const kind = mode === '10' ? 'mp3' : 'mp4';
  const output = path.join(directory, `out.${kind}`);
  const outcome = await finalizeMedia({
    segments: [{ path: path.join(directory, mode), startMs: 1000 }],
    output,
    kind,
    hasVideo: mode !== '10',
    hasAudio: mode !== '11',
    ffmpegPath,
    metadata,
    chapters,
    signal: new AbortController().signal,
  });
  expect(outcome).toMatchObject({ kind: 'done', startMs: 1000 });
  return output;
}

interface Shown {
  format: { tags: Record<string, string>; duration: string };
  streams: { codec_type: string }[];
  chapters: { start_time: string; end_time: string; tags: { title: string } }[];
}

async function show(ffprobe: string, file: string): Promise<Shown> {
  const args = ['-v', 'error', '-show_format', '-show_streams', '-show_chapters', '-of', 'json', file];
  return JSON.parse((await run(ffprobe, args, { maxBuffer: 1e7 })).stdout);
}

describe.each(MODES)('mode %s', (mode, kind, streamKinds) => {
  it('tells ffprobe what it is, in any script, and its chapters, without another stream for them', async () => {
    const file = await finalize(mode, [
      { startMs: 0, title: 'Start' },
      { startMs: 800, title: 'user_a entered' },
      { startMs: 2500, title: '张三 entered' },
      { startMs: 3200, title: 'gap (encoder died), 1.2 s' },
      { startMs: 4200, title: 'after the end' },
    ]);
    for (const ffprobe of FFPROBES) {
      const { format, streams, chapters } = await show(ffprobe, file);
      expect(streams.map(({ codec_type }) => codec_type)).toEqual(streamKinds);
      expect(format.tags).toMatchObject(TAGS);
      expect(format.tags.date).toContain('2026-01-02T03:04:05');
      expect(chapters.map(({ start_time, tags }) => [Number(start_time), tags.title])).toEqual([
        [0, 'user_a entered'],
        [1.5, '张三 entered'],
        [2.2, 'gap (encoder died), 1.2 s'],
      ]);
      expect(Number(chapters.at(-1)?.end_time)).toBeCloseTo(3, kind === 'mp4' ? 3 : 1);
    }
    for (const build of FFMPEG_BUILDS) expect(await decodeErrors(file, build)).toBe('');
  });

  it('keeps to what its format can count', async () => {
    const many = Array.from({ length: 300 }, (_, index) => ({
      startMs: 1000 + index * 5,
      title: `${index} 会`.repeat(60),
    }));
    const file = await finalize(mode, many);
    for (const ffprobe of FFPROBES) {
      const { chapters } = await show(ffprobe, file);
      expect(chapters).toHaveLength(255);
      expect(chapters.map(({ start_time }) => Math.round(Number(start_time) * 1000))).toEqual(
        many.slice(0, 255).map(({ startMs }) => startMs - 1000),
      );
      for (const [index, { tags }] of chapters.entries()) {
        expect(tags.title.startsWith(`${index} 会${index} 会`)).toBe(true);
        expect(tags.title.endsWith('…')).toBe(true);
        expect(Buffer.byteLength(tags.title)).toBeLessThanOrEqual(kind === 'mp4' ? 255 : 126);
      }
    }
  });

  it('leaves out what is not known', async () => {
    const { title, comment, creationTime } = METADATA;
    const file = await finalize(mode, [], { title, comment, creationTime, room: '' });
    const { format, chapters } = await show(ffprobePath, file);
    expect(chapters).toEqual([]);
    expect(format.tags).toMatchObject({ title, comment });
    for (const name of ['artist', 'encoder', 'room', 'box_id', 'recording_id'])
      expect(format.tags).not.toHaveProperty(name);
  });
});

it('chapters are in the MP4 as Nero writes them, and move no picture or sound', async () => {
  const file = await finalize('12', [{ startMs: 2000, title: '张三' }]);
  const bytes = await readFile(file);
  const nero = bytes.indexOf('chpl');
  const title = Buffer.from('张三');
  expect(bytes.readUInt32BE(nero - 4)).toBe(8 + 4 + 4 + 1 + (8 + 1 + 5) + (8 + 1 + title.length));
  expect(bytes[nero + 12]).toBe(2);
  expect(bytes.readBigUInt64BE(nero + 13)).toBe(0n);
  expect(bytes.toString('utf8', nero + 22, nero + 27)).toBe('Start');
  expect(bytes.readBigUInt64BE(nero + 27)).toBe(10_000_000n);
  expect(bytes.subarray(nero + 36, nero + 36 + title.length)).toEqual(title);

  const { chapters } = await show(ffprobePath, file);
  expect(chapters.map(({ start_time, end_time, tags }) => [Number(start_time), Number(end_time), tags.title])).toEqual([
    [0, 1, 'Start'],
    [1, 3, '张三'],
  ]);
  const whole = [0, 1, 2];
  expect((await flashes(file)).map((second) => Math.round(second * 1000) / 1000)).toEqual(whole);
  expect((await beeps(file)).map((second) => Math.round(second * 1000) / 1000)).toEqual(whole);
});
