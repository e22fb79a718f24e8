import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { ffmpegPath, flashes, mixBetween } from '../../../test/support/flash-and-beep.ts';
import { SMALL_VIDEO, until } from '../../../test/support/segment-recording.ts';
import type { CaptureJob } from '../messages.ts';
import type { EncoderEvents } from '../segment-sequence.ts';
import { openSegmentEncoder } from './segment.ts';

const FIRST = { segment: 0, output: 'mix', startMs: 0 } as const;

let directory: string;
let told: string[];
let events: EncoderEvents;

beforeEach(async () => {
  directory = await mkdtemp(path.join(os.tmpdir(), 'segment-'));
  told = [];
  events = {
    onDied: (description) => told.push(`died: ${description}`),
    onStorageError: (description) => told.push(`storage: ${description}`),
  };
});
afterEach(() => rm(directory, { recursive: true, force: true }));

function job(more: Partial<CaptureJob> = {}): CaptureJob {
  return {
    recordingId: 'r',
    room: { sdkAppId: 1, userId: 'u', userSig: 's', scene: 'live' },
    rooms: { kind: 'trtc' },
    media: { video: true, audio: true },
    outputs: { mix: true, singles: false },
    isReserve: true,
    layout: 'grid',
    dressing: { nameStrip: false, stamp: false, stampTimeZone: null, placeholder: false, watermarkPath: null },
    names: {},
    video: SMALL_VIDEO,
    audio: { aacKbps: 96, mp3Kbps: 64 },
    limits: {
      enterTimeoutMs: 1,
      exitTimeoutMs: 1,
      idleMs: 1,
      maxLengthMs: 1,
      fillGapMs: 1,
      connectionLostMs: 1,
      reenterMs: 1,
    },
    directory,
    ffmpeg: { path: ffmpegPath, hasFpsMode: false },
    hardwareFailure: null,
    nextSegment: 0,
    resume: null,
    slotOwners: [],
    idleSinceEpochMs: null,
    ...more,
  };
}

it('takes pictures at once and tells how much can be read afterwards', async () => {
  const encoder = openSegmentEncoder(job(), { segment: 3, output: 'mix', startMs: 4_000 }, SMALL_VIDEO, events);
  expect(encoder.file).toBe('segment-0003.mix.4000.mp4');
  // Two seconds are what may wait while file and encoder are still being opened.
  Array.from(mixBetween(SMALL_VIDEO, 0, 2000, encoder));
  const { bytes, clean } = await encoder.finish(20_000);
  expect({ clean, bytes }).toEqual({ clean: true, bytes: encoder.bytesWritten });
  expect(await encoder.readableMs()).toBeCloseTo(2000, 3);
  expect(await flashes(path.join(directory, encoder.file))).toEqual([0, 1]);
  expect(told).toEqual([]);
});

it('never touches a file that an earlier process left', async () => {
  await writeFile(path.join(directory, 'segment-0000.mix.0.mp3'), 'x');
  await writeFile(path.join(directory, 'segment-0000-2.mix.0.mp3'), 'x');
  const encoder = openSegmentEncoder(job({ media: { video: false, audio: true } }), FIRST, SMALL_VIDEO, events);
  expect(encoder.file).toBe('segment-0000-3.mix.0.mp3');
  await encoder.finish(20_000);
});

it('tells of a directory that is not there and of a program that is none', async () => {
  const lost = openSegmentEncoder(job({ directory: path.join(directory, 'gone') }), FIRST, SMALL_VIDEO, events);
  await until(() => told.length === 1);
  expect(told[0]).toMatch(/^storage: ENOENT/);
  expect(await lost.finish(1000)).toEqual({ bytes: 0, clean: false });
  expect(await lost.readableMs()).toBe(0);
  const broken = openSegmentEncoder(
    job({ ffmpeg: { path: path.join(directory, 'ffmpeg'), hasFpsMode: false } }),
    FIRST,
    SMALL_VIDEO,
    events,
  );
  await until(() => told.length === 2);
  expect(told[1]).toMatch(/^died: .*ENOENT/);
  expect(await broken.finish(1000)).toEqual({ bytes: 0, clean: false });
});
