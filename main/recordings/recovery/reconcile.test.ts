import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  createFinalizeRig,
  type FinalizeRig,
  pictureSegment,
  toneSegment,
} from '../../../test/support/finalize-rig.ts';
import { ffmpegPath } from '../../../test/support/flash-and-beep.ts';
import { toneLevelDb } from '../../../test/support/goertzel.ts';
import { decodeComplaints, decodeSound } from '../../../test/support/media.ts';
import { segmentFileName } from '../../capture/encode/segment-name.ts';
import type { OutputName } from '../../capture/messages.ts';
import type { RecordingRow } from '../../store/rows.ts';
import { realQuarantineFiles } from './quarantine-file.ts';
import { noteUntoldMedia, reconcile } from './reconcile.ts';

const TONES_HZ = [440, 660, 880];
let rig: FinalizeRig;
let tones: Buffer[];

beforeAll(async () => {
  tones = await Promise.all(TONES_HZ.map(toneSegment));
});
beforeEach(() => {
  rig = createFinalizeRig();
});
afterEach(() => rig.close());

const put = (recording: RecordingRow, name: string, content: string | Buffer) =>
  writeFile(path.join(rig.directoryOf(recording.id), name), content);
const events = (recording: RecordingRow, type: string) =>
  rig.store.events.list({ recordingId: recording.id }).flatMap((event) => (event.type === type ? [event.data] : []));
const nameOf = (segment: number, output: OutputName, startMs: number, kind = 'mp3') =>
  segmentFileName({ segment, output, startMs }, kind);
const quarantine = (recording: RecordingRow) => path.join(rig.dataDirectory, 'quarantine', recording.id);

/** The tone heard in half a second of a file. */
async function heard(file: string, fromSeconds: number): Promise<number | undefined> {
  const samples = (await decodeSound(ffmpegPath, file)).subarray(fromSeconds * 48_000, (fromSeconds + 0.5) * 48_000);
  return TONES_HZ.find((hz) => toneLevelDb(samples, 48_000, hz) > -40);
}

describe('a segment whose row was lost', () => {
  it('is in the file, at its place', async () => {
    const recording = await rig.ended([{ output: 'mix', startMs: 0, content: tones[0]! }], { timelineMs: 6_000 });
    await put(recording, nameOf(2, 'mix', 4_000), tones[2]!);
    await put(recording, nameOf(1, 'mix', 2_000), tones[1]!);
    expect((await rig.run(recording)).outcome).toEqual({ kind: 'done' });
    const [file, ...more] = rig.store.files.list(recording.id);
    expect(more).toEqual([]);
    expect(Math.abs(file!.durationMs - 6_000)).toBeLessThan(100);
    expect(await Promise.all([1, 3, 5].map((second) => heard(file!.localPath, second)))).toEqual(TONES_HZ);
    expect(events(recording, 'recovered')).toMatchObject([
      { what: 'segment', segment: 1, output: 'mix', startMs: 2_000, bytes: tones[1]!.length },
      { what: 'segment', segment: 2, output: 'mix', startMs: 4_000 },
    ]);
    expect((await readdir(rig.directoryOf(recording.id))).filter((name) => name.startsWith('segment'))).toEqual([]);
  });

  it('is delivered also when the news of the first sound was lost with the row', async () => {
    const recording = await rig.ended([], { firstMediaAtMs: null, timelineMs: 2_000 });
    await put(recording, nameOf(0, 'mix', 0), tones[1]!);
    expect((await rig.run(recording)).outcome).toEqual({ kind: 'done' });
    expect(await heard(rig.store.files.list(recording.id)[0]!.localPath, 1)).toBe(TONES_HZ[1]);
  });

  it('tells when the recording began when nobody else does, so that nothing is recorded over it', async () => {
    const recording = await rig.ended([], { startedAtMs: null });
    await put(recording, nameOf(0, 'mix', 0), tones[0]!);
    await reconcile({ ...rig, now: Date.now }, recording);
    const startedAtMs = rig.store.recordings.get(recording.id)?.startedAtMs;
    expect(startedAtMs).toBeGreaterThan(recording.createdAtMs - 1_000);
    expect(startedAtMs).toBeLessThan(Date.now() + 1_000);
  });

  it('tells the gap that the process before it could not tell any more', async () => {
    const nowMs = Date.now();
    const recording = await rig.ended([], { startedAtMs: nowMs - 9_000 });
    await put(recording, nameOf(0, 'mix', 2_000), tones[0]!);
    // The file is as old as the machine took for it.
    const tookMs = Date.now() - nowMs;
    await reconcile({ ...rig, now: Date.now }, recording);
    const [gap, ...more] = rig.store.gaps.list(recording.id);
    expect(more).toEqual([]);
    expect(gap).toMatchObject({ atMs: 2_000, reason: 'boxDown', cut: false });
    expect(gap!.durationMs).toBeGreaterThan(6_000);
    expect(gap!.durationMs).toBeLessThan(7_000 + tookMs + 1_000);
    expect(events(recording, 'gap')).toHaveLength(1);
  });

  it('of a user of whom nothing else is known becomes his file', async () => {
    const recording = await rig.ended([{ output: 'main:alice', startMs: 0, content: tones[0]! }], {}, { mode: '00' });
    await put(recording, nameOf(1, 'main:鲍勃', 1_000), tones[1]!);
    await rig.run(recording);
    expect(rig.store.files.list(recording.id)).toMatchObject([
      { userId: 'alice', startOffsetMs: 0 },
      { userId: '鲍勃', startOffsetMs: 1_000 },
    ]);
  });

  it('is found again and again without another event, also when it is empty', async () => {
    const recording = await rig.ended([{ output: 'mix', startMs: 0, content: tones[0]! }]);
    await put(recording, nameOf(1, 'mix', 2_000), '');
    const deps = { ...rig, now: Date.now };
    expect(await reconcile(deps, recording)).toHaveLength(1);
    expect(await reconcile(deps, recording)).toEqual([]);
    expect(events(recording, 'recovered')).toHaveLength(1);
    expect((await rig.run(recording)).outcome).toEqual({ kind: 'done' });
  });
});

describe('a segment that was known, but not that it holds sound', () => {
  it('is delivered when the box died in the moment of entering', async () => {
    const recording = await rig.ended([], { firstMediaAtMs: null, timelineMs: 2_000 });
    const file = nameOf(0, 'mix', 0);
    await put(recording, file, tones[1]!);
    rig.store.segments.open({ recordingId: recording.id, segment: 0, output: 'mix', file, startMs: 0 });
    await noteUntoldMedia(rig, recording.id);
    expect((await rig.run(recording)).outcome).toEqual({ kind: 'done' });
    expect(await heard(rig.store.files.list(recording.id)[0]!.localPath, 1)).toBe(TONES_HZ[1]);
    expect(events(recording, 'recovered')).toMatchObject([{ what: 'firstMedia', segment: 0 }]);
  });

  it('stays nothing when it was closed in order', async () => {
    const recording = await rig.ended([], { firstMediaAtMs: null, timelineMs: 2_000 });
    const file = nameOf(0, 'mix', 0);
    await put(recording, file, tones[1]!);
    rig.store.segments.open({ recordingId: recording.id, segment: 0, output: 'mix', file, startMs: 0 });
    rig.store.segments.close(recording.id, 0, tones[1]!.length, true);
    await noteUntoldMedia(rig, recording.id);
    expect(rig.store.recordings.get(recording.id)?.firstMediaAtMs).toBeNull();
  });
});

describe('what cannot be understood', () => {
  it('is set aside with its reason; the recording is delivered without it', async () => {
    const recording = await rig.ended([{ output: 'mix', startMs: 0, content: tones[0]! }]);
    await put(recording, 'segment-0001.mp3', tones[1]!);
    await put(recording, 'notes of the operator.txt', 'keep');
    rig.store.segments.open({ recordingId: recording.id, segment: 9, file: 'segment-0009.mp3', startMs: 1e14 });
    expect((await rig.run(recording)).outcome).toEqual({ kind: 'done' });
    expect(Math.abs(rig.store.files.list(recording.id)[0]!.durationMs - 2_000)).toBeLessThan(100);
    expect(await readFile(path.join(quarantine(recording), 'segment-0001.mp3'))).toEqual(tones[1]);
    const note = JSON.parse(await readFile(path.join(quarantine(recording), 'segment-0001.mp3.json'), 'utf8'));
    expect(note).toMatchObject({ recordingId: recording.id, reason: expect.stringContaining('no row knows') });
    expect(rig.store.quarantine.list()).toMatchObject([{ tableName: 'segments', rowKey: `${recording.id} 9` }]);
    expect(events(recording, 'quarantined').map(({ what }) => what)).toEqual(['row', 'file']);
    expect(await readdir(rig.directoryOf(recording.id))).toContain('notes of the operator.txt');
  });

  it('and cannot be moved either stays and holds nobody up', async () => {
    const recording = await rig.ended([{ output: 'mix', startMs: 0, content: tones[0]! }]);
    await put(recording, 'segment-0001.mp3', tones[1]!);
    const rename = () => Promise.reject(Object.assign(new Error('read-only'), { code: 'EROFS' }));
    const quarantineFiles = { ...realQuarantineFiles, rename };
    expect((await rig.run(recording, { quarantineFiles })).outcome).toEqual({ kind: 'done' });
    expect(await readdir(rig.directoryOf(recording.id))).toContain('segment-0001.mp3');
    expect(events(recording, 'quarantined')).toEqual([]);
  });

  it('is nothing in a folder that is not there, or that cannot be read', async () => {
    const recording = await rig.ended([{ output: 'mix', startMs: 0, content: tones[0]! }]);
    const deps = { ...rig, now: Date.now };
    await rm(rig.directoryOf(recording.id), { recursive: true });
    expect(await reconcile(deps, recording)).toEqual([]);
    await mkdir(path.dirname(rig.directoryOf(recording.id)), { recursive: true });
    await writeFile(rig.directoryOf(recording.id), 'no folder');
    await expect(reconcile(deps, recording)).rejects.toMatchObject({ code: 'ENOTDIR' });
  });
});

describe('zeros where the power failed', () => {
  it.each(['mp3', 'mp4'] as const)('at the end of an %s segment are cut off, and the file decodes', async (kind) => {
    const content = kind === 'mp3' ? tones[0]! : await pictureSegment('red', '64x48', 440);
    for (const share of [0.4, 0.75, 0.9]) {
      const zeroed = Buffer.from(content).fill(0, Math.floor(content.length * share));
      const segments = [{ output: 'mix', startMs: 0, content: zeroed }] as const;
      const recording = await rig.ended(segments, {}, { mode: kind === 'mp3' ? '10' : '12' });
      const { outcome } = await rig.run(recording);
      if (kind === 'mp4' && share === 0.4 && outcome.kind === 'failed') {
        expect(outcome.code).toBe('SEGMENTS_UNREADABLE');
        continue;
      }
      expect(outcome).toEqual({ kind: 'done' });
      const [file] = rig.store.files.list(recording.id);
      expect(file!.durationMs).toBeGreaterThan(2_000 * share - 600);
      expect(file!.durationMs).toBeLessThan(2_000 * share + 600);
      expect(await decodeComplaints(ffmpegPath, file!.localPath)).toBe('');
      rig.store.recordings.move(recording.id, 'finalizing', 'uploading');
    }
  });
});
