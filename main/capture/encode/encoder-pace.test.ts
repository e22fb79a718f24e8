import { EventEmitter } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { PassThrough, Writable } from 'node:stream';
import { expect, it } from 'vitest';
import { until } from '../../../test/support/segment-recording.ts';
import { type EncoderChild, SegmentEncoder } from './encoder.ts';

const FPS = 15;
const WIDTH = 320;
const HEIGHT = 180;
/** Large enough to be handed to the pipe one by one. */
const PICTURE = new Uint8Array(WIDTH * HEIGHT * 1.5);

/** An encoder that takes a picture when the test says so, and sound at once. */
class Taker extends EventEmitter {
  readonly pid = 1;
  readonly stdout = new PassThrough();
  readonly stderr = new PassThrough();
  readonly held: (() => void)[] = [];
  readonly stdin = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      if (chunk.length >= PICTURE.length) this.held.push(done);
      else done();
    },
  });
  kill(): boolean {
    this.stdout.end();
    setImmediate(() => this.emit('close', null, 'SIGKILL'));
    return true;
  }
}

it('an encoder that is too slow gets no pictures much older than a second, and no long stretch without any', async () => {
  const directory = await mkdtemp(path.join(tmpdir(), 'encoder-pace-'));
  const child = new Taker();
  let nowMs = 0;
  const encoder = new SegmentEncoder({
    ...{ ffmpegPath: 'none', args: [], file: path.join(directory, 'segment'), killStepMs: 20 },
    tracks: { video: { width: WIDTH, height: HEIGHT, fps: FPS, matrix: 'bt601' }, audio: null },
    listener: { onDied: () => {}, onWriteError: () => {} },
    spawnEncoder: () => child as unknown as EncoderChild,
    nowMs: () => nowMs,
  });
  await until(() => child.stdin.listenerCount('error') > 0);
  const writtenAtMs: number[] = [];
  const waitedMs: number[] = [];
  const written: boolean[] = [];
  // Fifteen pictures a second come, ten are read.
  for (let tick = 0; tick < 450; tick += 1) {
    nowMs = (tick * 1000) / FPS;
    written.push(encoder.writePicture(PICTURE, Math.round((tick * 1e9) / FPS)) === 'written');
    if (written.at(-1)) writtenAtMs.push(nowMs);
    for (let turn = 0; turn < 20 && child.held.length === 0; turn += 1) await new Promise(setImmediate);
    const take = tick % 3 === 0 ? undefined : child.held.shift();
    if (!take) continue;
    take();
    waitedMs.push(nowMs - writtenAtMs[waitedMs.length]!);
  }
  const settledMs = waitedMs.slice(100);
  expect(Math.max(...settledMs)).toBeLessThan(1300);
  expect(Math.min(...settledMs)).toBeGreaterThan(500);
  const skips = written.slice(150).map((isWritten) => (isWritten ? 'w' : 's'));
  expect(skips.join('')).not.toContain('sss');
  await encoder.finish(0);
  await rm(directory, { recursive: true });
});
