import { expect, it } from 'vitest';
import { productFfmpeg } from '../../test/support/rig.ts';
import { inspectFfmpeg } from '../capture/encode/ffmpeg.ts';
import { checkEncoders } from './check-encoders.ts';
import type { RunTimed } from './encoder-trial.ts';
import { createRunTimed } from './run-timed.ts';

const SETTINGS = { width: 640, height: 360, preset: 'ultrafast', crf: 23, fps: 15, maxRateKbps: 900, gopSeconds: 2 };

it("the product's ffmpeg makes pictures and sound, faster than nothing at all", async () => {
  const facts = await inspectFfmpeg(await productFfmpeg());
  const run = createRunTimed(new AbortController().signal);
  const encoders = new Set(['libx264', 'aac', 'libmp3lame']);
  const found = await checkEncoders(
    { ...facts, encoders },
    SETTINGS,
    null,
    // However long a busy machine takes.
    (file, args) => run(file, args, 50_000),
  );
  expect(found.map(({ name, works, used }) => `${name} ${works} ${used}`)).toEqual([
    'libx264 true true',
    'aac true true',
    'libmp3lame true true',
  ]);
  for (const { speed } of found) expect(speed).toBeGreaterThan(0);
});

it('says of each why it does not work, and asks only those of the hardware that the build has', async () => {
  const asked: string[] = [];
  const run: RunTimed = async (_file, args) => {
    const name = args[args.indexOf('-c:v') + 1] ?? '';
    asked.push(args.includes('-c:v') ? name : 'sound');
    if (name === 'h264_nvenc') return { kind: 'failed', said: '[h264_nvenc @ 0x1] Cannot load libcuda.so.1\nmore' };
    if (name === 'h264_qsv') return { kind: 'late' };
    return { kind: 'done', tookMs: 500 };
  };
  const encoders = new Set(['libx264', 'aac', 'h264_nvenc', 'h264_qsv']);
  const found = await checkEncoders({ path: 'ffmpeg', encoders }, SETTINGS, null, run);
  expect(asked).toEqual(['libx264', 'sound', 'h264_nvenc', 'h264_qsv']);
  expect(found.map(({ name, works, speed, message }) => [name, works, speed, message.en])).toEqual([
    ['libx264', true, 2, 'Works.'],
    ['aac', true, 2, 'Works.'],
    ['libmp3lame', false, null, 'This ffmpeg does not have it.'],
    ['h264_nvenc', false, null, 'Does not work on this machine: Cannot load libcuda.so.1'],
    ['h264_qsv', false, null, 'Did not end within 8 s.'],
  ]);
});

it('says which of them recordings get', async () => {
  const run: RunTimed = async () => ({ kind: 'done', tookMs: 500 });
  const encoders = new Set(['libx264', 'aac', 'libmp3lame', 'h264_nvenc', 'h264_vaapi']);
  const usedWith = async (chosen: 'h264_vaapi' | null) => {
    const found = await checkEncoders({ path: 'ffmpeg', encoders }, SETTINGS, chosen, run);
    return found.filter(({ used }) => used).map(({ name }) => name);
  };
  expect(await usedWith(null)).toEqual(['libx264', 'aac', 'libmp3lame']);
  expect(await usedWith('h264_vaapi')).toEqual(['aac', 'libmp3lame', 'h264_vaapi']);
});

it('a program that does not end is ended, one that is not there is told of, and a stopping box waits for none', async () => {
  const run = createRunTimed(new AbortController().signal);
  expect(await run(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], 200)).toEqual({ kind: 'late' });
  expect(await run('/nowhere/ffmpeg', [], 30_000)).toMatchObject({
    kind: 'failed',
    said: expect.stringContaining('ENOENT'),
  });
  expect(await run(process.execPath, ['-e', 'console.error("why"); process.exit(1)'], 30_000)).toMatchObject({
    ...{ kind: 'failed', said: 'why\n' },
  });
  const stopping = new AbortController();
  const ended = createRunTimed(stopping.signal)(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], 10_000);
  stopping.abort();
  await expect(ended).rejects.toThrow();
});
