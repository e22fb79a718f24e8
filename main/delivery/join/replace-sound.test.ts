import { execFile } from 'node:child_process';
import * as fileSystem from 'node:fs/promises';
import { copyFile, type FileHandle, mkdtemp, open, rm, truncate } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ffmpegPath } from '../../../test/support/flash-and-beep.ts';
import { FRAGMENTED_MP4 } from '../../capture/encode/ffmpeg-args.ts';
import { memoryReader } from '../../capture/encode/random-access.ts';
import { finalizeMedia } from '../finalize.ts';
import { readProgressive } from './progressive-reader.ts';
import { readMp3Sound, replaceMp3Sound, replaceMp4Sound } from './replace-sound.ts';
import { VerificationError } from './verify.ts';
import { writePartial } from './write-file.ts';

const run = promisify(execFile);
const metadata = { title: 'a', comment: 'b', creationTime: '2026-01-02T03:04:05Z' };
const signal = new AbortController().signal;
const BARE_MP3 = ['-c:a', 'libmp3lame', '-b:a', '64k', '-write_xing', '0', '-id3v2_version', '0', '-f', 'mp3'];

let directory: string;
const handles: FileHandle[] = [];
beforeAll(async () => {
  directory = await mkdtemp(path.join(os.tmpdir(), 'replace-sound-'));
  const picture = ['-f', 'lavfi', '-i', 'testsrc=s=96x64:r=15'];
  const sound = ['-f', 'lavfi', '-i', 'sine=r=48000'];
  const encode = (name: string, ...args: string[]) =>
    run(ffmpegPath, ['-v', 'error', ...args, path.join(directory, name)]);
  const mp4 = ['-c:a', 'aac', ...FRAGMENTED_MP4];
  await Promise.all([
    encode('seg.mp4', ...picture, ...sound, '-t', '3', '-pix_fmt', 'yuv420p', '-c:v', 'libx264', ...mp4),
    encode('long.m4a', ...sound, '-t', '4', ...mp4),
    encode('seg.mp3', ...sound, '-t', '3', ...BARE_MP3),
    encode('long.mp3', ...sound, '-t', '4', ...BARE_MP3),
  ]);
  for (const kind of ['mp4', 'mp3'] as const) {
    const segments = [{ path: path.join(directory, `seg.${kind}`), startMs: 0 }];
    const output = path.join(directory, `out.${kind}`);
    const has = { hasVideo: kind === 'mp4', hasAudio: true };
    expect(await finalizeMedia({ segments, output, kind, ...has, ffmpegPath, metadata, signal })).toMatchObject({
      kind: 'done',
    });
  }
});
afterAll(async () => {
  await Promise.all(handles.map((handle) => handle.close()));
  await rm(directory, { recursive: true, force: true });
});

async function opened(name: string): Promise<FileHandle> {
  const handle = await open(path.join(directory, name), 'r');
  handles.push(handle);
  return handle;
}

it('sound that is too long is cut at the old end, to the tick', async () => {
  const input = await opened('out.mp4');
  const before = await readProgressive(memoryReader(await input.readFile()));
  const joined = await replaceMp4Sound({ input, sound: await opened('long.m4a'), metadata, chapters: [] });
  expect(joined.durationMs).toBe(3000);
  await writePartial(joined, { output: path.join(directory, 'new.mp4'), fileSystem, signal });
  const after = await readProgressive(memoryReader(await (await opened('new.mp4.partial')).readFile()));
  expect(after.map(({ kind, endPts, sampleCount }) => ({ kind, endPts, sampleCount }))).toEqual(
    before.map(({ kind, endPts, sampleCount }) => ({ kind, endPts, sampleCount })),
  );
});

it('MP3 gets no more frames than it had', async () => {
  const input = await opened('out.mp3');
  const before = await readMp3Sound(input);
  const joined = await replaceMp3Sound({ input, sound: await opened('long.mp3'), metadata, chapters: [] });
  await writePartial(joined, { output: path.join(directory, 'new.mp3'), fileSystem, signal });
  expect(await readMp3Sound(await opened('new.mp3.partial'))).toEqual(before);
  expect(before.durationMs).toBeGreaterThan(3000);
});

it('sound that is torn, or no sound at all, is refused', async () => {
  const torn = path.join(directory, 'torn.m4a');
  await copyFile(path.join(directory, 'long.m4a'), torn);
  await truncate(torn, 30_000);
  for (const name of ['torn.m4a', 'out.mp3']) {
    const replacing = replaceMp4Sound({
      input: await opened('out.mp4'),
      sound: await opened(name),
      metadata,
      chapters: [],
    });
    await expect(replacing).rejects.toThrow(VerificationError);
  }
});
