import { execFile, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { EncoderSetting } from '../../shared/encoders.ts';
import { ffmpegPath } from '../../test/support/flash-and-beep.ts';
import { addRecording, SECRETS } from '../../test/support/new-recording.ts';
import { defaultSettings, withOverrides } from '../settings/settings.ts';
import type { NewRecording, RecordingRow, SegmentRow, StayRow } from '../store/rows.ts';
import { openStore, type Store } from '../store/store.ts';
import { buildJob, type JobInputs, waitForOrphan } from './job.ts';

let directory: string;
let store: Store;
let mp3: Buffer;

beforeAll(async () => {
  const file = path.join(tmpdir(), `job-test-${process.pid}.mp3`);
  const sound = ['-f', 'lavfi', '-i', 'sine=f=440:r=48000:d=2', '-ac', '1', '-b:a', '64k'];
  await promisify(execFile)(ffmpegPath, [
    '-v',
    'error',
    '-y',
    ...sound,
    '-write_xing',
    '0',
    '-id3v2_version',
    '0',
    file,
  ]);
  mp3 = await readFile(file);
  await rm(file);
});
beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'job-'));
  store = openStore(directory, { now: Date.now });
});
afterEach(async () => {
  store.close();
  await rm(directory, { recursive: true });
});

function entered(changes: Partial<NewRecording> = {}): RecordingRow {
  const row = addRecording(store, { mode: '10', ...changes });
  store.recordings.move(row.id, 'accepted', 'joining');
  store.recordings.move(row.id, 'joining', 'waiting', { startedAtMs: 1_700_000_000_000, idleSinceAtMs: 7 });
  return store.recordings.get(row.id)!;
}

function segmentRow(
  segment: number,
  startMs: number,
  { file = `segment-000${segment}.mp3`, output = 'mix' }: Partial<Pick<SegmentRow, 'file' | 'output'>> = {},
): SegmentRow {
  const open = { bytes: null, clean: null, openedAtMs: 0, closedAtMs: null };
  return { recordingId: 'r', segment, output, file, startMs, ...open };
}

function inputs(row: RecordingRow, changes: Partial<JobInputs> = {}): JobInputs {
  return {
    row,
    secrets: SECRETS,
    segments: [],
    stays: [],
    settings: defaultSettings(),
    rooms: { kind: 'trtc' },
    directory,
    absence: 'captureDied',
    ffmpeg: { path: '/ffmpeg', hasFpsMode: true },
    encoder: null,
    hardwareFailure: null,
    ...changes,
  };
}

describe('what encodes the pictures', () => {
  let row: RecordingRow;
  beforeEach(() => {
    row = addRecording(store, { mode: '12' });
  });
  const coderOf = async (encoder: EncoderSetting, changes: Partial<JobInputs>) => {
    const settings = withOverrides(defaultSettings(), { video: { encoder } });
    return (await buildJob(inputs(row, { settings, ...changes }))).video.coder;
  };

  it('is x264 alone by default, and x264 beside hardware where there may be some', async () => {
    expect(await coderOf('software', {})).toBe(undefined);
    expect(await coderOf('auto', {})).toBe('standIn');
    expect(await coderOf('auto', { encoder: 'h264_qsv' })).toBe('h264_qsv');
  });

  it('is never again hardware in a recording that it failed, whatever is set meanwhile', async () => {
    const hardwareFailure = { encoder: 'h264_qsv', sinceMs: 1_000 } as const;
    for (const setting of ['software', 'auto', 'h264_qsv'] as const) {
      expect(await coderOf(setting, { encoder: 'h264_qsv', hardwareFailure })).toBe('standIn');
    }
    const job = await buildJob(inputs(row, { hardwareFailure }));
    expect(job.hardwareFailure).toEqual(hardwareFailure);
  });
});

describe('the job of a first process', () => {
  it('is the request, the settings and an empty past', async () => {
    const settings = defaultSettings();
    const row = addRecording(store, { roomId: null, strRoomId: 'a room', isReserve: true, mode: '12' });
    const job = await buildJob(inputs(row, { settings }));
    expect(job).toMatchObject({
      recordingId: row.id,
      room: {
        sdkAppId: 1_400_000_000,
        strRoomId: 'a room',
        userId: row.userId,
        userSig: SECRETS.userSig,
        scene: 'live',
      },
      rooms: { kind: 'trtc' },
      media: { video: true, audio: true },
      outputs: { mix: true, singles: false },
      isReserve: true,
      layout: 'grid',
      dressing: settings.dressing,
      names: {},
      audio: settings.audio,
      limits: settings.limits,
      nextSegment: 0,
      resume: null,
      slotOwners: [],
      idleSinceEpochMs: null,
    });
    const { layout: _, encoder: __, ...video } = settings.video;
    expect(job.video).toEqual(video);
    expect(job.room.roomId).toBeUndefined();
    expect(JSON.stringify(job)).not.toContain(SECRETS.secretKey);
  });

  it.each([
    ['10', false, { video: false, audio: true }, { mix: true, singles: false }],
    ['11', false, { video: true, audio: false }, { mix: true, singles: false }],
    ['12', true, { video: true, audio: true }, { mix: true, singles: true }],
    ['00', false, { video: false, audio: true }, { mix: false, singles: true }],
    ['01', false, { video: true, audio: false }, { mix: false, singles: true }],
    ['02', false, { video: true, audio: true }, { mix: false, singles: true }],
  ] as const)('in mode %s, AlsoSingle %s, makes %j in %j', async (mode, alsoSingle, media, outputs) => {
    expect(await buildJob(inputs(addRecording(store, { mode, alsoSingle })))).toMatchObject({ media, outputs });
  });

  it('takes layout and names of the request, and the dressing of the box', async () => {
    const settings = withOverrides(defaultSettings(), { video: { layout: 'screen' }, dressing: { nameStrip: true } });
    const names = { alice: '爱丽丝' };
    const own = await buildJob(inputs(addRecording(store, { layout: 'speaker', names }), { settings }));
    expect(own).toMatchObject({ layout: 'speaker', names, dressing: { nameStrip: true, stamp: false } });
    const open = await buildJob(inputs(addRecording(store, { roomId: 2 }), { settings }));
    expect(open).toMatchObject({ layout: 'screen', names: {} });
  });

  it('in a simulated room remembers the room beside the segments', async () => {
    const rooms = { kind: 'simulated', scenarioPath: '/scenario.json' } as const;
    const job = await buildJob(inputs(addRecording(store), { rooms }));
    expect(job.rooms).toEqual({ ...rooms, statePath: path.join(directory, 'simulated-room.json') });
  });
});

describe('the number of the next segment', () => {
  it('is above every row and every file, so that nothing is written over', async () => {
    const row = entered();
    const next = async (): Promise<number> => {
      const segments = [segmentRow(0, 0), segmentRow(1, 5_000)];
      return (await buildJob(inputs(row, { segments }))).nextSegment;
    };
    expect(await next()).toBe(2);
    await writeFile(path.join(directory, 'segment-0007.mp3'), '');
    await writeFile(path.join(directory, 'segment-99.txt.bak'), '');
    await writeFile(path.join(directory, 'other-segment-500.mp3'), '');
    expect(await next()).toBe(8);
    await writeFile(path.join(directory, 'segment-0041-2.main.YQ.1200.mp3'), '');
    expect(await next()).toBe(42);
  });
});

describe('where the timeline goes on', () => {
  let rooms = 0;
  async function resumeMs(segments: SegmentRow[]): Promise<number | undefined> {
    rooms += 1;
    const job = await buildJob(inputs(entered({ roomId: rooms }), { segments }));
    expect(job.resume?.t0EpochMs).toBe(1_700_000_000_000);
    expect(job.idleSinceEpochMs).toBe(7);
    return job.resume?.timelineMs;
  }
  const put = (name: string, bytes: Buffer): Promise<void> => writeFile(path.join(directory, name), bytes);

  it('is the end of what can be read of the last segment', async () => {
    await put('segment-0000.mp3', mp3);
    await put('segment-0001.mp3', mp3);
    const wholeMs = (await resumeMs([segmentRow(0, 0), segmentRow(1, 10_000)]))!;
    expect(wholeMs).toBeGreaterThan(11_900);
    expect(wholeMs).toBeLessThan(12_100);
    await truncate(path.join(directory, 'segment-0001.mp3'), Math.floor(mp3.length / 2) + 5);
    const tornMs = (await resumeMs([segmentRow(0, 0), segmentRow(1, 10_000)]))!;
    expect(tornMs).toBeGreaterThan(10_850);
    expect(tornMs).toBeLessThan(11_000);
  });

  it('passes over segments that are missing, empty or rubbish', async () => {
    await put('segment-0000.mp3', mp3);
    await put('segment-0002.mp3', Buffer.alloc(0));
    await put('segment-0003.mp3', Buffer.alloc(5_000));
    const segments = [segmentRow(0, 4_000), segmentRow(1, 7_000), segmentRow(2, 8_000), segmentRow(3, 9_000)];
    expect(Math.abs((await resumeMs(segments))! - 6_000)).toBeLessThan(100);
  });

  it('is known of each output, and of the recording as the furthest of them', async () => {
    for (const number of [0, 1, 2]) await put(`segment-000${number}.mp3`, mp3);
    const segments = [
      segmentRow(0, 0, { output: 'main:a' }),
      segmentRow(1, 5_000, { output: 'main:b' }),
      segmentRow(2, 3_000, { output: 'main:a' }),
      segmentRow(3, 9_000, { output: 'main:c' }),
    ];
    const { resume } = await buildJob(inputs(entered({ mode: '00', roomId: 900 }), { segments }));
    expect(resume?.outputs.map(({ output }) => output)).toEqual(['main:a', 'main:b']);
    const [a = 0, b = 0] = resume?.outputs.map(({ timelineMs }) => timelineMs) ?? [];
    expect(Math.abs(a - 5_000)).toBeLessThan(100);
    expect(Math.abs(b - 7_000)).toBeLessThan(100);
    expect(resume?.timelineMs).toBe(b);
  });

  it('is told with what the rows know: how far it came, what was left out, and why nobody recorded', async () => {
    await put('segment-0000.mp3', mp3);
    const row = { ...entered({ roomId: 901 }), timelineMs: 2_700, cutMs: 90_000 };
    const { resume } = await buildJob(inputs(row, { segments: [segmentRow(0, 0)], absence: 'boxDown' }));
    expect(resume).toMatchObject({ cutMs: 90_000, knownMs: 2_700, absence: 'boxDown' });
    expect(Math.abs(resume!.timelineMs - 2_000)).toBeLessThan(100);
  });

  it('is not before the present while nobody was there: nothing is missing then', async () => {
    await put('segment-0000.mp3', mp3);
    const row = { ...entered({ mode: '00', roomId: 902 }), timelineMs: 600_000 };
    const closed = { ...segmentRow(0, 0, { output: 'main:a' }), clean: true, closedAtMs: 5 };
    expect((await buildJob(inputs(row, { segments: [closed] }))).resume?.timelineMs).toBe(600_000);
    const open = { ...closed, closedAtMs: null };
    const { resume } = await buildJob(inputs(row, { segments: [open] }));
    expect(Math.abs(resume!.timelineMs - 2_000)).toBeLessThan(100);
  });

  it('is the beginning when nothing was recorded yet', async () => {
    expect(await resumeMs([])).toBe(0);
    expect(await resumeMs([segmentRow(0, 0)])).toBe(0);
  });

  it('does not follow a path out of the directory', async () => {
    await put('segment-0000.mp3', mp3);
    const elsewhere = segmentRow(0, 1_000, { file: '../../elsewhere/segment-0000.mp3' });
    expect(Math.abs((await resumeMs([elsewhere]))! - 3_000)).toBeLessThan(100);
  });
});

describe('slots of an earlier process', () => {
  const stay = (userId: string, slot: number | null): StayRow => ({
    recordingId: 'r',
    userId,
    enteredAtMs: 0,
    leftAtMs: null,
    slot,
  });

  it('are kept with IsReserve, the newest owner last, and not without', async () => {
    const stays = [stay('a', 0), stay('b', 2), stay('c', null), stay('a', 0)];
    expect((await buildJob(inputs(entered({ isReserve: true }), { stays }))).slotOwners).toEqual(['a', null, 'b']);
    expect((await buildJob(inputs(entered({ roomId: 2 }), { stays }))).slotOwners).toEqual([]);
  });
});

describe('a process of an earlier box', () => {
  const child = spawn(process.execPath, ['-e', 'setTimeout(() => {}, 60_000)'], { stdio: 'ignore' });
  afterAll(() => child.kill('SIGKILL'));

  it('is waited for until it is gone, or until the deadline', async () => {
    await writeFile(path.join(directory, 'capture.pid'), String(child.pid));
    expect(await waitForOrphan(directory, 150)).toBe('stillThere');
    const waiting = waitForOrphan(directory, 10_000);
    child.kill('SIGKILL');
    expect(await waiting).toBe('gone');
  });

  it.each(['', 'rubbish', '-1', '0', '1.5'])('is none when the file says "%s"', async (text) => {
    expect(await waitForOrphan(directory, 1_000)).toBe('gone');
    await writeFile(path.join(directory, 'capture.pid'), text);
    expect(await waitForOrphan(directory, 1_000)).toBe('gone');
  });
});
