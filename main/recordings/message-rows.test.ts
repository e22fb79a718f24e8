import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { statsAt } from '../../test/support/fake-host.ts';
import { addRecording } from '../../test/support/new-recording.ts';
import type { CaptureStats, FromCapture } from '../capture/messages.ts';
import type { RecordingRow } from '../store/rows.ts';
import { openStore, type Store } from '../store/store.ts';
import { hardwareFailureOf, MessageRows } from './message-rows.ts';

let directory: string;
let store: Store;
let id: string;
let rows: MessageRows;

beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'message-rows-'));
  store = openStore(directory, { now: Date.now });
  id = addRecording(store).id;
  store.recordings.move(id, 'accepted', 'joining');
  rows = new MessageRows(id, store, Date.now);
});
afterEach(() => {
  store.close();
  rmSync(directory, { recursive: true });
});

const READY: FromCapture = { type: 'ready', pid: 1 };

function beat(timelineMs: number, counted: Partial<CaptureStats>): FromCapture {
  return { type: 'stats', stats: { ...statsAt(timelineMs), ...counted } };
}

function counters(): Pick<RecordingRow, 'picturesSent' | 'picturesSkipped' | 'framesReceived' | 'framesDropped'> {
  const { picturesSent, picturesSkipped, framesReceived, framesDropped } = store.recordings.get(id)!;
  return { picturesSent, picturesSkipped, framesReceived, framesDropped };
}

function ended(timelineMs: number): FromCapture {
  return { type: 'ended', reason: 'stopped', code: null, message: null, timelineMs };
}

const FULL_DISK = Object.assign(new Error('database or disk is full'), { code: 'SQLITE_FULL' });

describe('what is counted', () => {
  it('is asked of the store when there is something to write, not with each heartbeat', () => {
    rows.write(READY);
    rows.write(beat(500, { picturesSent: 7 }));
    const read = vi.spyOn(store.recordings, 'get');
    const write = vi.spyOn(store.recordings, 'update');
    for (let second = 1; second <= 9; second += 1) rows.write(beat(second * 1000, { picturesSent: second * 15 }));
    expect(read).not.toHaveBeenCalled();
    expect(write).not.toHaveBeenCalled();
    rows.write(beat(10_000, { picturesSent: 150 }));
    expect(write).toHaveBeenCalledTimes(1);
    expect(store.recordings.get(id)).toMatchObject({ timelineMs: 10_000, picturesSent: 150 });
    // Another process goes on behind what the row says meanwhile.
    store.recordings.update(id, { timelineMs: 30_000 });
    rows.write(READY);
    rows.write(beat(39_000, { picturesSent: 10 }));
    expect(store.recordings.get(id)?.timelineMs).toBe(30_000);
    rows.write(beat(40_000, { picturesSent: 25 }));
    expect(store.recordings.get(id)).toMatchObject({ timelineMs: 40_000, picturesSent: 175 });
  });

  it('is the sum over processes, each of which counts from 0', () => {
    rows.write(READY);
    rows.write(beat(5_000, { picturesSent: 70, framesReceived: 100 }));
    // Between two rows the newest heartbeat is enough.
    expect(counters().picturesSent).toBe(0);
    rows.write(beat(10_000, { picturesSent: 150, picturesSkipped: 3, framesReceived: 300, framesDropped: 1 }));
    expect(counters()).toEqual({ picturesSent: 150, picturesSkipped: 3, framesReceived: 300, framesDropped: 1 });
    // This process dies without a word; what it told last counts.
    rows.write(beat(12_000, { picturesSent: 180, picturesSkipped: 3, framesReceived: 360, framesDropped: 1 }));
    rows.write(READY);
    rows.write(beat(13_000, { picturesSent: 10, framesReceived: 20 }));
    rows.write(ended(13_500));
    expect(counters()).toEqual({ picturesSent: 190, picturesSkipped: 3, framesReceived: 380, framesDropped: 1 });
    expect(store.recordings.get(id)?.timelineMs).toBe(13_500);
  });

  it('goes on from the row when the box was started again, and is whole after a flush', () => {
    rows.write(beat(10_000, { picturesSent: 100 }));
    const later = new MessageRows(id, store, Date.now);
    later.write(READY);
    later.write(beat(11_000, { picturesSent: 7 }));
    expect(counters().picturesSent).toBe(100);
    later.flush();
    later.flush();
    expect(counters().picturesSent).toBe(107);
    expect(store.recordings.get(id)?.timelineMs).toBe(10_000);
  });

  it('is not lost while the store cannot be written, not even that of a process that is gone by then', () => {
    const update = vi.spyOn(store.recordings, 'update').mockImplementation(() => {
      throw FULL_DISK;
    });
    rows.write(READY);
    expect(() => rows.write(beat(20_000, { picturesSent: 300 }))).toThrow('disk is full');
    expect(() => rows.write(READY)).toThrow('disk is full');
    expect(() => rows.write(beat(40_000, { picturesSent: 200 }))).toThrow('disk is full');
    update.mockRestore();
    rows.write(beat(41_000, { picturesSent: 215 }));
    rows.flush();
    expect(counters().picturesSent).toBe(515);
  });
});

describe('what the SDK warns of', () => {
  const warning = (count: number, text = 'weak network'): FromCapture => {
    return { type: 'sdkProblem', level: 'warning', code: 1101, text, count, atMs: 5 };
  };

  it('is one row per code with how often it came, over all processes', () => {
    rows.write(READY);
    for (const count of [1, 2, 4, 8]) rows.write(warning(count));
    rows.write({ type: 'sdkProblem', level: 'error', code: 1101, text: 'other', count: 1, atMs: 6 });
    rows.write(READY);
    rows.write(warning(1));
    rows.write(warning(2, 'very weak network'));
    expect(store.sdkProblems.list(id)).toEqual([
      { recordingId: id, level: 'warning', code: 1101, text: 'very weak network', count: 10 },
      { recordingId: id, level: 'error', code: 1101, text: 'other', count: 1 },
    ]);
    const events = store.events.list({ recordingId: id }).filter(({ type }) => type === 'sdkProblem');
    expect(events).toHaveLength(7);
    expect(events[2]?.data).toMatchObject({ code: 1101, count: 2 });
  });
});

describe('a segment', () => {
  it('is noted with the output that it belongs to', () => {
    rows.write({ type: 'segmentOpened', segment: 0, output: 'mix', file: 'segment-0000.mp4', startMs: 0 });
    rows.write({ type: 'segmentOpened', segment: 1, output: 'sub:alice', file: 'segment-0001.mp4', startMs: 1_200 });
    rows.write({ type: 'segmentClosed', segment: 1, bytes: 9, clean: true });
    expect(store.segments.list(id)).toMatchObject([
      { segment: 0, output: 'mix', bytes: null },
      { segment: 1, output: 'sub:alice', startMs: 1_200, bytes: 9, clean: true },
    ]);
  });
});

describe('whoever is not there any more when another process comes into the room', () => {
  const entered = (resumed: { cutMs: number; lastSeenMs: number } | null): FromCapture => ({
    type: 'entered',
    ...{ t0EpochMs: 1_000, tookMs: 1, simulated: true, sdkVersion: 'x', resumed },
  });
  const someone = (userId: string, atMs: number): FromCapture => ({
    type: 'participant',
    ...{ change: 'entered', userId, atMs, slot: 0, anchors: 1 },
  });
  const stays = () => store.stays.list(id).map(({ userId, leftAtMs }) => [userId, leftAtMs]);
  const restart = (): void => {
    rows.write(READY);
    store.recordings.move(id, store.recordings.get(id)!.state as 'recording', 'joining');
  };

  beforeEach(() => {
    for (const message of [READY, entered(null), someone('a', 100), someone('b', 200), beat(3_000, {})])
      rows.write(message);
    restart();
  });

  it('left when the earlier process last saw him; who was announced stays', () => {
    rows.write(entered({ cutMs: 60_000, lastSeenMs: 3_400 }));
    expect(store.recordings.get(id)).toMatchObject({ cutMs: 60_000, startedAtMs: 1_000 });
    rows.write(beat(9_000, {}));
    rows.write(someone('b', 9_500));
    rows.write(beat(13_900, {}));
    expect(stays()).toEqual([
      ['a', null],
      ['b', null],
    ]);
    rows.write(beat(14_000, {}));
    expect(stays()).toEqual([
      ['a', 3_400],
      ['b', null],
    ]);
    const left = store.events.list({ recordingId: id }).filter(({ type }) => type === 'participant.left');
    expect(left.map(({ data }) => data)).toEqual([{ userId: 'a', atMs: 3_400, slot: null, unseen: true }]);
    rows.write(someone('a', 20_000));
    rows.write(beat(40_000, {}));
    expect(stays()).toEqual([
      ['a', 3_400],
      ['b', null],
      ['a', null],
    ]);
  });

  it('left then also when that process, too, dies before the time is up', () => {
    rows.write(entered({ cutMs: 0, lastSeenMs: 3_400 }));
    rows.write(someone('b', 6_000));
    rows.write(beat(7_000, {}));
    restart();
    rows.write(entered({ cutMs: 0, lastSeenMs: 7_500 }));
    rows.write(beat(9_000, {}));
    rows.write(beat(14_000, {}));
    expect(stays()).toEqual([
      ['a', 3_400],
      ['b', 7_500],
    ]);
  });
});

it('how a hardware encoder failed is found again, however much happened before and since', () => {
  const failure = { encoder: 'h264_qsv', sinceMs: 5_000 } as const;
  expect(hardwareFailureOf(store, id)).toBe(null);
  const gap = { atMs: 0, durationMs: 1, reason: 'encoderDied' as const, cut: false };
  const fill = () => store.transaction(() => Array.from({ length: 1100 }, () => store.events.append('gap', id, gap)));
  fill();
  expect(hardwareFailureOf(store, id)).toBe(null);
  rows.write({ type: 'hardwareFailed', failure, description: 'gone' });
  fill();
  expect(hardwareFailureOf(store, id)).toEqual(failure);
  expect(hardwareFailureOf(store, 'another')).toBe(null);
});
