import { readFile, rm, truncate, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createFinalizeRig, type FinalizeRig, toneSegment } from '../../../test/support/finalize-rig.ts';
import { addRecording } from '../../../test/support/new-recording.ts';
import { silentLogger } from '../../logging.ts';
import type { RecordingRow } from '../../store/rows.ts';
import { recoverAtStart } from './recover.ts';

const YEAR_MS = 365 * 86_400_000;
let rig: FinalizeRig;
let mp3: Buffer;
let nowMs: number;

beforeAll(async () => {
  mp3 = await toneSegment(440);
});
beforeEach(() => {
  rig = createFinalizeRig();
  nowMs = Date.now();
});
afterEach(() => rig.close());

const recover = (disk: 'present' | 'away' = 'present') =>
  recoverAtStart({ ...rig, now: () => nowMs, log: silentLogger() }, disk);
const row = (id: string): RecordingRow => rig.store.recordings.get(id)!;
const events = (id: string, type: string) =>
  rig.store.events.list({ recordingId: id }).flatMap((event) => (event.type === type ? [event.data] : []));

/** A recording whose file is finished and waits for its upload. */
async function finished(): Promise<{ id: string; file: string; whole: Buffer }> {
  const recording = await rig.ended([{ output: 'mix', startMs: 0, content: mp3 }]);
  expect((await rig.run(recording)).outcome).toEqual({ kind: 'done' });
  rig.store.recordings.move(recording.id, 'finalizing', 'uploading');
  const file = rig.store.files.list(recording.id)[0]!.localPath;
  return { id: recording.id, file, whole: await readFile(file) };
}

/** Puts the segment back, as when its removal was interrupted. */
async function withSegment({ id }: { id: string }): Promise<void> {
  await writeFile(path.join(rig.directoryOf(id), 'segment-0000.mp3'), mp3);
}

describe('a finished file that waits for its upload', () => {
  it('is left alone when it is whole', async () => {
    const { id } = await finished();
    expect(await recover()).toEqual({ clockBehindMs: 0, timesReset: 0, remade: 0, lost: 0 });
    expect(row(id).state).toBe('uploading');
  });

  it.each<[string, (file: string) => Promise<void>]>([
    ['missing', (file) => rm(file)],
    ['too short', (file) => truncate(file, 2_000)],
  ])('is made again from its segments when it is %s', async (_, spoil) => {
    const recording = await finished();
    await withSegment(recording);
    await spoil(recording.file);
    expect(await recover()).toMatchObject({ remade: 1 });
    expect(row(recording.id).state).toBe('finalizing');
    expect((await rig.run(row(recording.id))).outcome).toEqual({ kind: 'done' });
    expect(await readFile(recording.file)).toEqual(recording.whole);
    expect(events(recording.id, 'recovered')).toMatchObject([{ what: 'file', file: 0 }]);
  });

  it('that is too short without segments is never taken for the whole one, and stays where it is', async () => {
    const { id, file } = await finished();
    await truncate(file, 2_000);
    expect(await recover()).toMatchObject({ lost: 1 });
    expect(rig.store.files.list(id)).toMatchObject([
      { state: 'failed', failureCode: 'FILE_DAMAGED', message: expect.stringContaining('2000 instead of') },
    ]);
    expect(row(id).state).toBe('uploading');
    expect((await readFile(file)).length).toBe(2_000);
  });

  it('is not looked for while the disk, or its folder, is away', async () => {
    const recording = await finished();
    await rm(recording.file);
    await withSegment(recording);
    expect(await recover('away')).toMatchObject({ remade: 0 });
    await rm(rig.directoryOf(recording.id), { recursive: true });
    expect(await recover()).toMatchObject({ remade: 0, lost: 0 });
    expect(row(recording.id).state).toBe('uploading');
    expect(rig.store.files.list(recording.id)).toMatchObject([{ state: 'local' }]);
  });
});

describe('a clock that jumped', () => {
  it('a next try set for a far future is due now; one that is planned stays', async () => {
    const ids = [1, 2].map((roomId) => addRecording(rig.store, { roomId }).id);
    for (const id of ids) rig.store.recordings.move(id, 'accepted', 'finalizing');
    const [far, near] = ids as [string, string];
    rig.store.recordings.update(far, { nextAtMs: nowMs + 20 * YEAR_MS });
    rig.store.recordings.update(near, { nextAtMs: nowMs + 3_600_000 });
    expect(await recover()).toMatchObject({ timesReset: 1 });
    expect([row(far).nextAtMs, row(near).nextAtMs]).toEqual([null, nowMs + 3_600_000]);
    expect(events(far, 'recovered')).toEqual([{ what: 'time', nextAtMs: nowMs + 20 * YEAR_MS }]);
    expect(await recover()).toMatchObject({ timesReset: 0 });
  });

  it('backwards is noted', async () => {
    addRecording(rig.store);
    nowMs -= 5 * 3_600_000;
    const { clockBehindMs } = await recover();
    expect(clockBehindMs).toBeGreaterThan(4.9 * 3_600_000);
    const noted = rig.store.events.list().filter(({ type }) => type === 'clockBehind');
    expect(noted.map(({ data }) => data)).toEqual([{ behindMs: clockBehindMs }]);
  });
});
