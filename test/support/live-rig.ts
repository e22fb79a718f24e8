import { mkdtempSync, rmSync } from 'node:fs';
import { appendFile, mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type Clock, systemClock } from '../../main/delivery/clock.ts';
import { createFinalizeStep } from '../../main/delivery/finalize-step.ts';
import { createRunner, type Runner } from '../../main/delivery/runner.ts';
import { createUploadStep } from '../../main/delivery/upload-step.ts';
import { createUploads, type Uploads } from '../../main/delivery/uploads.ts';
import { silentLogger } from '../../main/logging.ts';
import { mediaKind } from '../../main/recordings/naming.ts';
import { defaultSettings, type PartialSettings, type Settings, withOverrides } from '../../main/settings/settings.ts';
import type { NewRecording, RecordingRow } from '../../main/store/rows.ts';
import { openStore, type Store } from '../../main/store/store.ts';
import { BUCKET, type CosRig, CREDENTIAL, hashFile, MIB, REGION, startCosRig } from './cos-rig.ts';
import { ffmpegPath } from './flash-and-beep.ts';
import { newRecording } from './new-recording.ts';

/** The delivery of a box that sends while it records, over a local COS server; what a capture process writes comes from the test. */
export interface LiveRig {
  cos: CosRig;
  store: Store;
  settings: Settings;
  runner: Runner;
  uploads: Uploads;
  directoryOf(recordingId: string): string;
  /** A recording under way with its first segment opened. */
  begin(request?: Partial<NewRecording>): Promise<string>;
  /** Adds bytes to a segment of the mix, the first unless told. */
  grow(id: string, bytes: Buffer, segment?: number): Promise<void>;
  /** The next segment, with the one before it closed. */
  nextSegment(id: string, startMs: number): void;
  /** The recording is over and goes to delivery. */
  end(id: string): void;
  row(id: string): RecordingRow;
  events(id: string, type: string): Record<string, unknown>[];
  /** Numbers of the parts that COS took, in the order in which they came. */
  parts(): number[];
  until(what: string, predicate: () => boolean, withinMs?: number): Promise<void>;
  /** Its object is its file byte for byte, and nothing is open in COS. */
  untilDelivered(id: string, withinMs?: number): Promise<void>;
  /** How often the box has looked at what is recorded. */
  looks(): number;
  /** Ends the processes in order and starts others on the same data. */
  restart(): Promise<void>;
  close(): Promise<void>;
}

const STALL_MS = 61_000;
/** All pauses are this much shorter, unless told. */
const HURRY = 20;
/** What is allowed to take so long may take so long: how long a step may be silent, how long it may take to end, and how long all may. */
const DEADLINES_MS: ReadonlySet<number> = new Set([STALL_MS, 5000, 8000]);
const LOOK_MS = 1000;
/** The same while nothing is to be sent early. */
const REST_LOOK_MS = 4000;
const SPAN_MS = 10 * 3_600_000;

export async function startLiveRig(overrides: PartialSettings = {}, hurry = HURRY): Promise<LiveRig> {
  const cos = await startCosRig();
  const directory = mkdtempSync(path.join(tmpdir(), 'live-rig-'));
  const defaults = defaultSettings();
  const upload = { ...defaults.upload, live: true, partBytes: MIB, timeoutMs: 5000, ...overrides.upload };
  const settings = withOverrides(defaults, { ...overrides, upload });
  const directoryOf = (id: string): string => path.join(directory, 'recordings', id);
  const log = silentLogger();
  let looks = 0;
  const clock: Clock = {
    ...systemClock,
    setTimeout: (callback, delayMs) => {
      if (delayMs === LOOK_MS || delayMs === REST_LOOK_MS) looks += 1;
      return systemClock.setTimeout(callback, DEADLINES_MS.has(delayMs) ? delayMs : delayMs / hurry);
    },
  };
  const begin = (): Pick<LiveRig, 'store' | 'runner' | 'uploads'> => {
    const store = openStore(directory, { now: Date.now });
    const environment = { cosEndpoint: cos.server.url, cosCredentials: CREDENTIAL };
    const common = { store, settings, log, clock, random: () => 0.05 };
    const uploads = createUploads({ ...common, environment, directoryOf, variables: {} });
    const runner = createRunner({
      ...common,
      onSettled: (_id, state, outcome) => uploads.settled(state, outcome),
      steps: {
        finalizing: {
          run: createFinalizeStep({
            ...{ store, directoryOf, dataDirectory: directory, ffmpegPath, settings, version: '1' },
            ...{ live: uploads.live, now: Date.now },
          }),
          parallel: 1,
          stallMs: STALL_MS,
        },
        uploading: { run: createUploadStep(uploads.stepDeps), parallel: upload.filesInFlight, stallMs: STALL_MS },
        notifying: { run: async () => ({ kind: 'done' }), parallel: 1, stallMs: STALL_MS },
      },
    });
    runner.start();
    uploads.start(runner);
    return { store, runner, uploads };
  };
  let rooms = 0;
  /** What a capture process calls a segment of the mix. */
  const nameOf = (id: string, segment: number): string =>
    `segment-${String(segment).padStart(4, '0')}.${mediaKind(rig.row(id).mode)}`;
  const rig: LiveRig = {
    ...{ cos, settings, directoryOf },
    ...begin(),
    async begin(request = {}) {
      rooms += 1;
      const asked = newRecording({ cosBucket: BUCKET, cosRegion: REGION, roomId: rooms, ...request });
      const secrets = { userSig: 'sig', secretId: null, secretKey: null, token: null };
      const created = rig.store.recordings.create(asked, secrets);
      if (created.kind !== 'created') throw new Error(created.kind);
      const { id } = created.recording;
      await mkdir(directoryOf(id), { recursive: true });
      rig.store.recordings.move(id, 'accepted', 'joining');
      rig.store.recordings.move(id, 'joining', 'waiting', { startedAtMs: Date.now(), firstMediaAtMs: 20 });
      rig.store.segments.open({ recordingId: id, segment: 0, file: nameOf(id, 0), startMs: 0 });
      rig.store.recordings.move(id, 'waiting', 'recording');
      return id;
    },
    grow: (id, bytes, segment = 0) => appendFile(path.join(directoryOf(id), nameOf(id, segment)), bytes),
    nextSegment(id, startMs) {
      const segment = rig.store.segments.next(id);
      rig.store.segments.close(id, segment - 1, null, true);
      rig.store.segments.open({ recordingId: id, segment, file: nameOf(id, segment), startMs });
    },
    end(id) {
      for (const { segment } of rig.store.segments.list(id)) rig.store.segments.close(id, segment, null, true);
      const facts = { endReason: 'stopped', endedAtMs: Date.now(), timelineMs: SPAN_MS } as const;
      rig.store.recordings.move(id, 'recording', 'finalizing', facts);
      rig.runner.wake();
    },
    row(id) {
      const found = rig.store.recordings.get(id);
      if (!found) throw new Error(`no recording ${id}`);
      return found;
    },
    events: (id, type) =>
      rig.store.events
        .list({ recordingId: id })
        .filter((event) => event.type === type)
        .map(({ data }) => data),
    parts: () =>
      cos.server.requests.flatMap(({ partNumber, status }) =>
        partNumber !== null && status === 200 ? [partNumber] : [],
      ),
    looks: () => looks,
    async until(what, predicate, withinMs = 45_000) {
      const deadline = performance.now() + withinMs;
      while (!predicate()) {
        if (performance.now() > deadline) {
          const rows = rig.store.recordings.list().map(({ state, lastError }) => ({ state, lastError }));
          throw new Error(`not ${what}: ${JSON.stringify(rows)}, parts ${rig.parts().join()}`);
        }
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
    },
    async untilDelivered(id, withinMs) {
      await rig.until('delivered', () => rig.row(id).state === 'done', withinMs);
      const [file] = rig.store.files.list(id);
      if (!file || (await cos.objectHash(file.objectKey)) !== (await hashFile(file.localPath))) {
        throw new Error(`${id} is another object`);
      }
      if (rig.store.uploadJournal(id, 0).load() !== null) throw new Error(`${id} still has an open upload`);
    },
    async restart() {
      await end();
      Object.assign(rig, begin());
    },
    async close() {
      await end();
      await cos.close();
      rmSync(directory, { recursive: true });
    },
  };
  const end = async (): Promise<void> => {
    await Promise.all([rig.runner.stop(), rig.uploads.stop()]);
    rig.store.close();
  };
  return rig;
}
