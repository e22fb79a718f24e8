import { existsSync, mkdtempSync, readdirSync, rmSync, utimesSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { silentLogger } from '../logging.ts';
import { PreviewError, type PreviewMaker } from './preview-ffmpeg.ts';
import { createPreviews, type PreviewOf, type Previews, type PreviewsOptions } from './previews.ts';

let root: string;
let directory: string;
/** Sources of what was begun, with what lets each end. */
let begun: { source: string; end: (error?: Error) => void; signal: AbortSignal }[];
let kept: Previews | null;

beforeEach(() => {
  root = mkdtempSync(path.join(tmpdir(), 'previews-'));
  directory = path.join(root, 'cache', 'previews');
  begun = [];
  kept = null;
});
afterEach(async () => {
  await kept?.stop();
  rmSync(root, { recursive: true });
});

/** A maker that works on until the test lets it end, or its signal aborts. */
function working<Result>(source: string, signal: AbortSignal, result: Result): Promise<Result> {
  return new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    begun.push({ source, signal, end: (error) => (error ? reject(error) : resolve(result)) });
  });
}

const maker: PreviewMaker = {
  thumbnail: (source, signal) => working(source.path, signal, Buffer.from(`picture of ${source.path}`)),
  waveform: ({ path: source, durationMs }, signal) => working(source, signal, { durationMs, peaks: [0, 0.5, 1] }),
};

function previews(options: Partial<PreviewsOptions> = {}): Previews {
  kept = createPreviews({ directory, maker, log: silentLogger(), ...options });
  return kept;
}

const of = (recordingId: string, changes: Partial<PreviewOf> = {}) => ({
  ...{ recordingId, index: 0, version: 'abcd', durationMs: 1000 },
  ...changes,
});

async function nextBegun(count: number): Promise<void> {
  await expect.poll(() => begun.length).toBe(count);
}

describe('a preview', () => {
  it('is made once, whoever asks at the same time or later, also in the next life of the box', async () => {
    const first = previews();
    const asked = Array.from({ length: 5 }, () => first.thumbnail(of('r'), '/film'));
    await nextBegun(1);
    begun[0]?.end();
    const answers = await Promise.all(asked);
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
    const [answer] = answers;
    expect(answer?.kind === 'ready' && existsSync(answer.preview)).toBe(true);
    expect(await previews().thumbnail(of('r'), '/film')).toEqual(answer);
    expect(begun).toHaveLength(1);
  });

  it('of another content is another one', async () => {
    const some = previews();
    const answers = ['one', 'two'].map((version) => some.waveform(of('r', { version }), '/film'));
    await nextBegun(1);
    begun[0]?.end();
    await nextBegun(2);
    begun[1]?.end();
    expect(await Promise.all(answers)).toEqual(
      Array.from({ length: 2 }, () => ({ kind: 'ready', preview: { durationMs: 1000, peaks: [0, 0.5, 1] } })),
    );
  });

  it('waits for those before it, but a picture not for a waveform', async () => {
    const some = previews();
    const waiting = [some.waveform(of('a'), '/a'), some.waveform(of('b'), '/b'), some.thumbnail(of('c'), '/c')];
    await nextBegun(2);
    // Either waveform may be the first: both look for what is kept before they queue.
    expect(begun.map(({ source }) => (source === '/c' ? 'picture' : 'waveform')).sort()).toEqual([
      'picture',
      'waveform',
    ]);
    for (const one of begun) one.end();
    await nextBegun(3);
    begun[2]?.end();
    expect((await Promise.all(waiting)).map(({ kind }) => kind)).toEqual(['ready', 'ready', 'ready']);
  });

  it('that takes long is answered with "later" and made all the same', async () => {
    const hurried = previews({ waitMs: 5 });
    expect(await hurried.waveform(of('r'), '/film')).toEqual({ kind: 'later' });
    expect(await hurried.waveform(of('r'), '/film')).toEqual({ kind: 'later' });
    expect(begun).toHaveLength(1);
    begun[0]?.end();
    await expect.poll(async () => (await hurried.waveform(of('r'), '/film')).kind).toBe('ready');
    expect(begun).toHaveLength(1);
  });

  it('that cannot be made leaves nothing and does not stop the next', async () => {
    const some = previews();
    const broken = some.thumbnail(of('r'), '/broken');
    await nextBegun(1);
    begun[0]?.end(new PreviewError('no picture'));
    expect(await broken).toEqual({ kind: 'failed' });
    expect(existsSync(directory) ? readdirSync(directory) : []).toEqual([]);
    const next = some.thumbnail(of('s'), '/film');
    await nextBegun(2);
    begun[1]?.end();
    expect((await next).kind).toBe('ready');
  });

  it('has a deadline, and ends with the box', async () => {
    expect(await previews({ makeWithinMs: 5 }).thumbnail(of('r'), '/hangs')).toEqual({ kind: 'failed' });
    const ending = previews();
    const asked = ending.thumbnail(of('r'), '/film');
    await nextBegun(2);
    await ending.stop();
    expect(begun[1]?.signal.aborted).toBe(true);
    expect(await asked).toEqual({ kind: 'failed' });
  });

  it('of a file that is gone is what was made before', async () => {
    const some = previews();
    expect(await some.thumbnail(of('r'), null)).toEqual({ kind: 'failed' });
    const made = some.thumbnail(of('r'), '/film');
    await nextBegun(1);
    begun[0]?.end();
    expect(await some.thumbnail(of('r'), null)).toEqual(await made);
    expect(await previews({ maker: null }).thumbnail(of('r'), '/film')).toEqual(await made);
    expect(await previews({ maker: null }).waveform(of('r'), '/film')).toEqual({ kind: 'failed' });
  });
});

it('those of one recording are forgotten; of too many the oldest go', async () => {
  const quick: PreviewMaker = { ...maker, thumbnail: async () => Buffer.from('x') };
  const few = previews({ maker: quick, maxKept: 3 });
  for (const id of ['a', 'ab', 'c']) await few.thumbnail(of(id), '/film');
  await few.forget('a');
  expect(readdirSync(directory).sort()).toEqual(['ab.0.abcd.jpg', 'c.0.abcd.jpg']);
  // Those made within a tick of the file system's clock are as old as each other.
  for (const name of readdirSync(directory)) utimesSync(path.join(directory, name), 1, 1);
  for (const id of ['d', 'e', 'f', 'g']) await few.thumbnail(of(id), '/film');
  expect(readdirSync(directory).length).toBeLessThanOrEqual(5);
  expect(readdirSync(directory)).toContain('g.0.abcd.jpg');
  expect(readdirSync(directory)).not.toContain('ab.0.abcd.jpg');
  await few.forget('not there');
});
