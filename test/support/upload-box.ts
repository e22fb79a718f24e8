import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type Clock, systemClock } from '../../main/delivery/clock.ts';
import { createRunner, type Runner } from '../../main/delivery/runner.ts';
import { createUploadStep } from '../../main/delivery/upload-step.ts';
import { createUploads, type Uploads } from '../../main/delivery/uploads.ts';
import { silentLogger } from '../../main/logging.ts';
import { createUploadDesk } from '../../main/recordings/upload-desk.ts';
import type { CosCredentials } from '../../main/settings/environment.ts';
import { defaultSettings, type Settings } from '../../main/settings/settings.ts';
import type { FileRow, RecordingRow } from '../../main/store/rows.ts';
import { openStore, type Store } from '../../main/store/store.ts';
import { recordingView } from '../../main/store/view.ts';
import type { RecordingView } from '../../shared/view.ts';
import { BUCKET, type CosRig, CREDENTIAL, hashFile, MIB, REGION, startCosRig } from './cos-rig.ts';
import { newRecording } from './new-recording.ts';

/** The delivery of a box, from files that are ready to callers that are told, over a local COS server; no rooms, no HTTP. */
export interface UploadBox {
  rig: CosRig;
  store: Store;
  runner: Runner;
  uploads: Uploads;
  desk: ReturnType<typeof createUploadDesk>;
  /** A recording with one file of so many bytes, ready to be uploaded. Null: with the box's keys. */
  ready(bytes: number, keys?: CosCredentials | null): string;
  row(id: string): RecordingRow;
  view(id: string): RecordingView;
  file(id: string): FileRow;
  events(id: string, type: string): Record<string, unknown>[];
  /** Resolves when the predicate holds; throws with what is there instead after `withinMs`. */
  until(what: string, predicate: () => boolean, withinMs?: number): Promise<void>;
  /** All of them done, each object its file byte for byte, nothing open in COS, no stray remembered. */
  untilDelivered(ids: readonly string[], withinMs?: number): Promise<void>;
  /** Ends the processes as a kill does not: in order; then starts others on the same database. */
  restart(): Promise<void>;
  close(): Promise<void>;
}

export interface UploadBoxOptions {
  upload?: Partial<Settings['upload']>;
  /** The box's keys in its environment. */
  keys?: CosCredentials | null;
  stallMs?: number;
  random?: () => number;
  /** Time of the box; that of the machine by default. */
  clock?: Clock;
}

export async function startUploadBox(options: UploadBoxOptions = {}): Promise<UploadBox> {
  const { keys = CREDENTIAL, stallMs = 30_000, random = () => 0.05, clock = systemClock } = options;
  const rig = await startCosRig();
  const directory = mkdtempSync(path.join(tmpdir(), 'upload-box-'));
  const defaults = defaultSettings();
  const upload = { ...defaults.upload, partBytes: MIB, timeoutMs: 30_000, ...options.upload };
  const settings: Settings = { ...defaults, upload };
  const log = silentLogger();
  const begin = (): Pick<UploadBox, 'store' | 'runner' | 'uploads' | 'desk'> => {
    const store = openStore(directory, { now: () => clock.now() });
    const environment = { cosEndpoint: rig.server.url, cosCredentials: keys };
    const uploads = createUploads({ store, settings, environment, clock, random, log, variables: {} });
    const done = { run: async () => ({ kind: 'done' }) as const, parallel: 8, stallMs };
    const uploading = { run: createUploadStep(uploads.stepDeps), parallel: upload.filesInFlight, stallMs };
    const runner = createRunner({
      ...{ store, clock, random, log },
      onSettled: (_id, state, outcome) => uploads.settled(state, outcome),
      steps: { finalizing: done, uploading, notifying: done },
    });
    const desk = createUploadDesk({ store, runner, uploads, view: (row) => recordingView(store, row) });
    runner.start();
    uploads.start(runner);
    return { store, runner, uploads, desk };
  };
  let rooms = 0;
  const box: UploadBox = {
    rig,
    ...begin(),
    ready(bytes, own = CREDENTIAL) {
      rooms += 1;
      const { secretId = null, secretKey = null, token = null } = own ?? {};
      const request = newRecording({ cosBucket: BUCKET, cosRegion: REGION, roomId: rooms });
      const created = box.store.recordings.create(request, { userSig: 'sig', secretId, secretKey, token });
      if (created.kind !== 'created') throw new Error(created.kind);
      const { id } = created.recording;
      const localPath = path.join(directory, `${id}.mp4`);
      writeFileSync(localPath, randomBytes(bytes));
      const place = { localPath, bytes, objectKey: `trtc/${id}.mp4`, url: `https://cos/${id}.mp4` };
      box.store.recordings.move(id, 'accepted', 'finalizing');
      box.store.files.put({ recordingId: id, fileIndex: 0, userId: 'u', durationMs: 1, ...place });
      box.store.recordings.move(id, 'finalizing', 'uploading');
      box.runner.wake();
      return id;
    },
    row(id) {
      const found = box.store.recordings.get(id);
      if (!found) throw new Error(`no recording ${id}`);
      return found;
    },
    view: (id) => recordingView(box.store, box.row(id)),
    file(id) {
      const [file] = box.store.files.list(id);
      if (!file) throw new Error(`no file of ${id}`);
      return file;
    },
    events: (id, type) =>
      box.store.events
        .list({ recordingId: id })
        .filter((event) => event.type === type)
        .map(({ data }) => data),
    async until(what, predicate, withinMs = 30_000) {
      const deadline = performance.now() + withinMs;
      while (!predicate()) {
        if (performance.now() > deadline) {
          const rows = box.store.recordings
            .list()
            .map(({ state, lastError, attempts }) => ({ state, lastError, attempts }));
          throw new Error(`not ${what}: ${JSON.stringify(rows)}`);
        }
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
    },
    async untilDelivered(ids, withinMs) {
      await box.until('delivered', () => ids.every((id) => box.row(id).state === 'done'), withinMs);
      await box.until('swept', () => box.store.strays.count() === 0 && rig.server.orphans().length === 0, withinMs);
      for (const id of ids) {
        const { objectKey, localPath } = box.file(id);
        if ((await rig.objectHash(objectKey)) !== (await hashFile(localPath)))
          throw new Error(`${id} is another object`);
        if (box.store.uploadJournal(id, 0).load() !== null) throw new Error(`${id} still has an open upload`);
      }
    },
    async restart() {
      await end();
      Object.assign(box, begin());
    },
    async close() {
      await end();
      await rig.close();
      rmSync(directory, { recursive: true });
    },
  };
  const end = async (): Promise<void> => {
    await Promise.all([box.runner.stop(), box.uploads.stop()]);
    box.store.close();
  };
  return box;
}
