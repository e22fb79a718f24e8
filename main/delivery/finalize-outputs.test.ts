import { execFile } from 'node:child_process';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createFinalizeRig, type FinalizeRig, pictureSegment, toneSegment } from '../../test/support/finalize-rig.ts';
import { ffmpegPath, ffprobePath, probe } from '../../test/support/flash-and-beep.ts';
import { toneLevelDb } from '../../test/support/goertzel.ts';
import { decodeSound } from '../../test/support/media.ts';
import { defaultSettings, withOverrides } from '../settings/settings.ts';
import type { FileRow, RecordingRow } from '../store/rows.ts';
import type { Store } from '../store/store.ts';
import { hashFile } from './hash-file.ts';
import { measureLoudness } from './loudness-ffmpeg.ts';

const TONES_HZ = { mix: 440, alice: 660, bob: 880 };

let rig: FinalizeRig;
let store: Store;
let sound: Record<keyof typeof TONES_HZ, Buffer>;

beforeAll(async () => {
  const [mix, alice, bob] = await Promise.all(Object.values(TONES_HZ).map(toneSegment));
  sound = { mix: mix!, alice: alice!, bob: bob! };
});
beforeEach(() => {
  rig = createFinalizeRig();
  store = rig.store;
});
afterEach(() => rig.close());

/** Bob comes first, alice is away between 3.5 and 5 s; rows in the order in which their encoders were opened. */
async function mixAndSingles(): Promise<RecordingRow> {
  const segments = [
    { output: 'main:bob', startMs: 500, content: sound.bob },
    { output: 'mix', startMs: 0, content: sound.mix },
    { output: 'main:alice', startMs: 1_500, content: sound.alice },
    { output: 'main:alice', startMs: 5_000, content: sound.alice },
    { output: 'main:carol', startMs: 6_000, content: Buffer.from('nothing that was ever a sound') },
    { output: 'mix', startMs: 2_000, content: sound.mix },
  ] as const;
  return await rig.ended(segments, { timelineMs: 7_000 }, { mode: '10', alsoSingle: true });
}

async function loudestTone(file: string, fromSeconds: number): Promise<string | undefined> {
  const samples = (await decodeSound(ffmpegPath, file)).subarray(fromSeconds * 48_000, (fromSeconds + 0.5) * 48_000);
  const levels = Object.entries(TONES_HZ).map(([name, hz]) => ({ name, db: toneLevelDb(samples, 48_000, hz) }));
  levels.sort((a, b) => b.db - a.db);
  return levels[0] && levels[0].db > -40 ? levels[0].name : undefined;
}

async function chaptersIn(file: string): Promise<[number, string][]> {
  const args = ['-v', 'error', '-show_chapters', '-of', 'json', file];
  const { chapters } = JSON.parse((await promisify(execFile)(ffprobePath, args)).stdout) as {
    chapters: { start_time: string; tags: { title: string } }[];
  };
  return chapters.map(({ start_time, tags }) => [Number(start_time), tags.title]);
}

const summary = ({ fileIndex, stream, userId, startOffsetMs, state }: FileRow): unknown[] => [
  ...[fileIndex, stream, userId, startOffsetMs, state],
];

/** What has to be there in the end, however often the box died on the way. */
async function expectAllThere(recording: RecordingRow): Promise<void> {
  const files = store.files.list(recording.id);
  expect(files.map(summary)).toEqual([
    [0, 'mix', 'user_55952145', 0, 'local'],
    [1, 'main', 'bob', 500, 'local'],
    [2, 'main', 'alice', 1_500, 'local'],
  ]);
  const names = files.map(({ localPath }) => path.basename(localPath));
  const unreadable = 'segment-0004.mp3';
  expect((await readdir(rig.directoryOf(recording.id))).sort()).toEqual(
    [...names, `${names[0]}.json`, unreadable].sort(),
  );
  for (const { localPath, bytes, sha256, crc64 } of files) {
    expect(await hashFile(localPath)).toEqual({ bytes, sha256, crc64 });
  }
}

describe('several outputs', () => {
  it('become one file each: the mix first, users in the order of their coming, an output without media left out', async () => {
    const recording = await mixAndSingles();
    const { outcome, progress } = await rig.run(recording);
    expect(outcome).toEqual({ kind: 'done' });
    await expectAllThere(recording);
    const [mix, bob, alice] = store.files.list(recording.id);
    expect(path.basename(alice!.localPath)).toMatch(/^1400000000_43474_alice_main_20260102T030405Z_.{8}\.mp3$/);
    expect(alice?.objectKey).toBe(`trtc/${path.basename(alice!.localPath)}`);
    expect(Math.abs(mix!.durationMs - 4_000)).toBeLessThan(100);
    expect(Math.abs(bob!.durationMs - 2_000)).toBeLessThan(100);
    // The hole between alice's two stays is in her file as silence.
    expect(Math.abs(alice!.durationMs - 5_500)).toBeLessThan(100);
    expect(await loudestTone(mix!.localPath, 3)).toBe('mix');
    expect(await loudestTone(bob!.localPath, 1)).toBe('bob');
    expect(await Promise.all([1, 2.6, 4.5].map((seconds) => loudestTone(alice!.localPath, seconds)))).toEqual([
      ...['alice', undefined, 'alice'],
    ]);
    const events = store.events.list({ recordingId: recording.id });
    expect(events.filter(({ type }) => type === 'outputLeftOut').map(({ data }) => data)).toEqual([
      { output: 'main:carol', segments: 1 },
    ]);
    const done = progress.map(({ doneBytes }) => doneBytes);
    expect(done).toEqual(done.toSorted((a, b) => a - b));
    expect(progress.at(-1)?.doneBytes).toBe(progress.at(-1)?.totalBytes);
  });

  it('are described by one manifest', async () => {
    const recording = await mixAndSingles();
    store.sdkProblems.add({ recordingId: recording.id, level: 'warning', code: 1101, text: 'weak', count: 3 });
    store.recordings.update(recording.id, { picturesSent: 7, framesDropped: 2 });
    await rig.run(store.recordings.get(recording.id)!);
    const [mix] = store.files.list(recording.id);
    expect(JSON.parse(await readFile(`${mix!.localPath}.json`, 'utf8'))).toMatchObject({
      boxId: store.boxId,
      recorderVersion: '9.8.7',
      request: { AlsoSingle: true },
      counters: { picturesSent: 7, picturesSkipped: 0, framesReceived: 0, framesDropped: 2 },
      warnings: [{ level: 'warning', code: 1101, text: 'weak', count: 3 }],
      segments: Array.from({ length: 6 }, (_, segment) => ({ segment })),
      files: [
        { stream: 'mix', startOffsetMs: 0 },
        { stream: 'main', userId: 'bob', startOffsetMs: 500 },
        { stream: 'main', userId: 'alice', startOffsetMs: 1_500 },
      ],
    });
  });

  it('with nothing readable in any of them are a failure, and everything stays', async () => {
    const recording = await mixAndSingles();
    const directory = rig.directoryOf(recording.id);
    for (const name of await readdir(directory)) await writeFile(path.join(directory, name), Buffer.alloc(1_000));
    expect((await rig.run(recording)).outcome).toMatchObject({ kind: 'failed', code: 'SEGMENTS_UNREADABLE' });
    expect(await readdir(directory)).toHaveLength(6);
    expect(store.files.list(recording.id)).toEqual([]);
  });
});

describe('a box that dies', () => {
  /** Dies at the `fatal`th write to the store, before it, or right after it was synced. */
  function dyingStore(fatal: number, when: 'before' | 'after'): { store: Store; died: () => boolean } {
    let writes = 0;
    const mortal = <Args extends unknown[], Result>(write: (...args: Args) => Result) => {
      return (...args: Args): Result => {
        if (writes === fatal) throw new Error('power cut');
        if (when === 'before' && writes + 1 === fatal) writes += 1;
        if (writes === fatal) throw new Error('power cut');
        const result = write(...args);
        writes += 1;
        if (writes === fatal) throw new Error('power cut');
        return result;
      };
    };
    const dying: Store = {
      ...store,
      transaction: mortal(store.transaction) as Store['transaction'],
      events: { ...store.events, append: mortal(store.events.append) },
      files: { ...store.files, put: mortal(store.files.put) },
    };
    return { store: dying, died: () => writes >= fatal };
  }

  it.each(['before', 'after'] as const)('%s any write to its store ends with the same files', async (when) => {
    const settings = withOverrides(defaultSettings(), { manifest: { upload: true } });
    let deaths = 0;
    for (let fatal = 1; ; fatal += 1) {
      const recording = await mixAndSingles();
      const dying = dyingStore(fatal, when);
      const first = await rig.run(recording, { store: dying.store, settings }).catch((error: Error) => error.message);
      const again = await rig.run(recording, { settings });
      expect(again.outcome).toEqual({ kind: 'done' });
      await expectAllThere(recording);
      const manifest = store.files.manifest(recording.id);
      expect(manifest).toMatchObject({ fileIndex: 3, state: 'local', ...(await hashFile(manifest!.localPath)) });
      // Nobody records the room twice at the same time; the next round needs it.
      store.recordings.move(recording.id, 'finalizing', 'uploading');
      if (!dying.died()) break;
      expect(first).not.toMatchObject({ outcome: { kind: 'done' } });
      deaths += 1;
    }
    expect(deaths).toBeGreaterThanOrEqual(4);
  });

  it('or is stopped at any moment goes on where it was', async () => {
    const recording = await mixAndSingles();
    const seen: number[] = [];
    for (let stop = 1; stop < 40; stop += 3) {
      const abort = new AbortController();
      let reports = 0;
      const onReport = (): void => {
        reports += 1;
        if (reports === stop) abort.abort();
      };
      const { outcome } = await rig.run(recording, { signal: abort.signal, onReport });
      seen.push(store.files.list(recording.id).length);
      if (outcome.kind === 'done') break;
      expect(outcome).toMatchObject({ kind: 'retryAt', code: 'ABORTED' });
    }
    expect(seen).toEqual(seen.toSorted((a, b) => a - b));
    await expectAllThere(recording);
  });
});

describe('a user with a camera and a screen', () => {
  it('gets a file of each, which say whose they are', async () => {
    const [camera, screen] = await Promise.all([
      pictureSegment('red', '64x48', 660),
      pictureSegment('blue', '96x64', 660),
    ]);
    const segments = [
      { output: 'main:alice', startMs: 1_000, content: camera! },
      { output: 'sub:alice', startMs: 2_400, content: screen! },
    ] as const;
    const request = { mode: '02', names: { alice: '爱丽丝' } } as const;
    const recording = await rig.ended(segments, { timelineMs: 5_000 }, request);
    store.stays.enter(recording.id, 'alice', 980, 0);
    store.stays.enter(recording.id, 'bob', 1_900, 1);
    store.gaps.add(recording.id, { atMs: 2_700, durationMs: 400, reason: 'encoderDied', cut: false });
    expect((await rig.run(recording)).outcome).toEqual({ kind: 'done' });
    const files = store.files.list(recording.id);
    expect(files.map(summary)).toEqual([
      [0, 'main', 'alice', 1_000, 'local'],
      [1, 'sub', 'alice', 2_400, 'local'],
    ]);
    const [main, aux] = await Promise.all(files.map(({ localPath }) => probe(localPath)));
    expect(path.basename(files[1]!.localPath)).toContain('_alice_aux_20260102T030405Z_');
    expect(main?.streams.find(({ codec_type }) => codec_type === 'video')).toMatchObject({ width: 64, height: 48 });
    expect(aux?.streams.find(({ codec_type }) => codec_type === 'video')).toMatchObject({ width: 96, height: 64 });
    expect(main?.format.tags).toMatchObject({
      title: 'TRTC room 43474, 爱丽丝',
      artist: 'alice',
      creation_time: '2026-01-02T03:04:05.000000Z',
    });
    expect(aux?.format.tags).toMatchObject({ title: 'TRTC room 43474, 爱丽丝 (screen)' });
    const mainText = await readFile(files[0]!.localPath, 'latin1');
    for (const fact of [store.boxId, recording.id, 'trtc-recorder-box 9.8.7']) {
      expect(mainText.includes(fact), fact).toBe(true);
    }
    const gap = 'gap (encoder died), 0.4 s';
    expect(await chaptersIn(files[0]!.localPath)).toEqual([
      [0, 'alice entered'],
      [1.7, gap],
    ]);
    // What happened before the screen was shared, and to others, is no chapter of it.
    expect(await chaptersIn(files[1]!.localPath)).toEqual([
      [0, 'Start'],
      [0.3, gap],
    ]);
  });

  it('of which one cannot be encoded is told of that one, with its segments kept', async () => {
    const screen = await pictureSegment('blue', '96x64', 660);
    const other = await pictureSegment('blue', '64x64', 660);
    const segments = [
      { output: 'main:alice', startMs: 0, content: screen },
      { output: 'main:alice', startMs: 2_000, content: other },
      { output: 'sub:alice', startMs: 0, content: screen },
    ] as const;
    const recording = await rig.ended(segments, { timelineMs: 4_000 }, { mode: '02' });
    // Segments of two sizes have to be encoded anew, for which this is no encoder.
    const broken = path.join(rig.directoryOf('tools'), 'ffmpeg');
    await mkdir(path.dirname(broken), { recursive: true });
    const script = `#!/bin/sh\ncase "$*" in *pipe:0*) exit 1 ;; *) exec '${ffmpegPath}' "$@" ;; esac\n`;
    await writeFile(broken, script, { mode: 0o755 });
    expect((await rig.run(recording, { ffmpegPath: broken })).outcome).toMatchObject({ kind: 'done' });
    expect(store.files.list(recording.id).map(summary)).toEqual([
      [0, 'main', 'alice', 0, 'failed'],
      [1, 'sub', 'alice', 0, 'local'],
    ]);
    expect(store.files.list(recording.id)[0]).toMatchObject({ bytes: 0, failureCode: 'TRANSCODE_FAILED' });
    const names = await readdir(rig.directoryOf(recording.id));
    expect(names.filter((name) => name.startsWith('segment'))).toEqual(['segment-0000.mp4', 'segment-0001.mp4']);
    expect(names.filter((name) => name.endsWith('.json'))).toEqual([expect.stringContaining('_alice_aux_')]);
  });
});

describe('loudness', () => {
  const loud = (targetLufs: number) =>
    withOverrides(defaultSettings(), { loudness: { enabled: true, targetLufs }, manifest: { upload: true } });

  it('is set before the checksums are taken', async () => {
    const segments = [{ output: 'main:alice', startMs: 0, content: sound.alice }] as const;
    const recording = await rig.ended(segments, { timelineMs: 2_000 }, { mode: '00' });
    const { outcome, progress } = await rig.run(recording, { settings: loud(-16) });
    expect(outcome).toEqual({ kind: 'done' });
    const [file] = store.files.list(recording.id);
    expect(await hashFile(file!.localPath)).toMatchObject({ sha256: file?.sha256, bytes: file?.bytes });
    const { durationMs } = file!;
    const run = { ffmpegPath, input: file!.localPath, durationMs, signal: new AbortController().signal };
    expect(Math.abs((await measureLoudness(run)).lufs + 16)).toBeLessThan(0.7);
    const [event] = store.events.list({ recordingId: recording.id }).filter(({ type }) => type === 'finalized');
    expect(event?.data).toMatchObject({ loudness: { kind: 'done' } });
    expect(progress.at(-1)?.doneBytes).toBe(progress.at(-1)?.totalBytes);
  });

  it('that cannot be measured does not keep a good file from its caller', async () => {
    const segments = [{ output: 'mix', startMs: 0, content: sound.mix }] as const;
    const recording = await rig.ended(segments);
    const { outcome } = await rig.run(recording, { settings: loud(-16), ffmpegPath: '/bin/false' });
    expect(outcome).toEqual({ kind: 'done' });
    const [event] = store.events.list({ recordingId: recording.id }).filter(({ type }) => type === 'finalized');
    expect(event?.data).toMatchObject({ loudness: { kind: expect.stringMatching(/failed|retry/) } });
    expect(await loudestTone(store.files.list(recording.id)[0]!.localPath, 1)).toBe('mix');
  });
});
