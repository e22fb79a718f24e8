import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { productFfmpeg } from '../../test/support/rig.ts';
import { runSelfTest } from './self-test.ts';
import { CLIP, makeClip } from './self-test-clip.ts';
import { examineFile } from './self-test-content.ts';

// That it passes on a sound box is proven by test/system/live.test.ts; here is what it says of broken ones.

let parent: string;
let directory: string;
let told: string[];
beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'self-test-'));
  directory = join(parent, 'self-test');
  told = [];
});
afterEach(() => rmSync(parent, { recursive: true }));

const onStep = (name: string, state: string, { en }: { en: string }): void => {
  if (state !== 'running') told.push(`${name} ${state}: ${en}`);
};

it('without an encoder says what to install', async () => {
  mkdirSync(directory);
  writeFileSync(join(directory, 'left-by-a-killed-test'), 'x');
  const { signal } = new AbortController();
  expect(await runSelfTest({ directory, ffmpegPath: null, signal, onStep })).toBe(false);
  expect(told).toEqual([
    expect.stringMatching(/^encoder failed: .*FFMPEG_PATH/),
    expect.stringMatching(/^cleanup passed/),
  ]);
  expect(existsSync(directory)).toBe(false);
});

it('that is stopped in the middle stops its box and cleans up', async () => {
  const stop = new AbortController();
  const isWell = await runSelfTest({
    directory,
    ffmpegPath: await productFfmpeg(),
    signal: stop.signal,
    onStep: (name, state, message) => {
      onStep(name, state, message);
      if (name === 'record' && state === 'running') setTimeout(() => stop.abort(), 300);
    },
  });
  expect(isWell).toBe(false);
  expect(told.map((line) => line.split(':')[0])).toEqual([
    'encoder passed',
    'box passed',
    'record failed',
    'cleanup passed',
  ]);
  expect(told[2]).toContain('stopped');
  expect(existsSync(directory)).toBe(false);
}, 120_000);

it('looks and listens: its clip holds colour and tone, and no other', async () => {
  const [ffmpegPath, file, signal] = [await productFfmpeg(), join(parent, 'clip.mkv'), new AbortController().signal];
  await makeClip(ffmpegPath, file, signal);
  const facts = await examineFile(ffmpegPath, file, CLIP.toneHz, signal);
  expect(facts.complaints).toBe('');
  for (const part of ['red', 'green', 'blue'] as const) {
    expect(Math.abs(facts.colour[part] - CLIP.colour[part])).toBeLessThanOrEqual(6);
  }
  expect(facts.toneShare).toBeGreaterThan(0.9);
  expect((await examineFile(ffmpegPath, file, 700, signal)).toneShare).toBeLessThan(0.05);
  await expect(examineFile(ffmpegPath, join(parent, 'missing.mp4'), 1000, signal)).rejects.toThrow('decoder ended');
});
