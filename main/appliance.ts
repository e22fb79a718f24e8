import path from 'node:path';
import type { FastifyInstance } from 'fastify';
import { type FaceOptions, openFace, targetsOf } from './access.ts';
import { openCapacity } from './capacity/open-capacity.ts';
import { type FfmpegFound, type FfmpegMissing, findFfmpeg } from './capture/encode/ffmpeg.ts';
import type { CaptureHost } from './capture/host.ts';
import { type EncoderChoice, openEncoderChoice } from './checks/encoder-choice.ts';
import { openChecks } from './checks/open-checks.ts';
import { announceUpload } from './delivery/announce-upload.ts';
import { createCallbackStep } from './delivery/callback.ts';
import { systemClock } from './delivery/clock.ts';
import { createFinalizeStep } from './delivery/finalize-step.ts';
import { createObjectCheck } from './delivery/object-check.ts';
import { createOutbox, type Outbox } from './delivery/outbox.ts';
import { createRunner, type Runner } from './delivery/runner.ts';
import { clientFor, createUploadStep } from './delivery/upload-step.ts';
import { createUploads, type Uploads } from './delivery/uploads.ts';
import { ensureDirectory } from './durable-directory.ts';
import { createHttpServer } from './http/server.ts';
import type { Logger } from './logging.ts';
import { createGuardedPost } from './network/guarded-post.ts';
import type { TargetPolicy } from './network/targets.ts';
import { type Observation, openObservation } from './observation.ts';
import { openQueue } from './open-queue.ts';
import type { StartScript } from './own-script.ts';
import { createPresets } from './presets/presets.ts';
import { productPath } from './product-root.ts';
import { createBox } from './recordings/box.ts';
import { createDiskCare, type DiskCare } from './recordings/disk-care.ts';
import { openFolders } from './recordings/folders.ts';
import { buildJob, ORPHAN_WAIT_MS, waitForOrphan } from './recordings/job.ts';
import { createLibrary } from './recordings/library.ts';
import { hardwareFailureOf } from './recordings/message-rows.ts';
import { openProcessHost } from './recordings/process-host.ts';
import type { DiskProbe } from './recordings/recordings-disk.ts';
import { noteUntoldMedia, reconcile } from './recordings/recovery/reconcile.ts';
import { recoverAtStart } from './recordings/recovery/recover.ts';
import { judgeTarget } from './recordings/request-targets.ts';
import { Supervisor } from './recordings/supervisor.ts';
import type { StartSelfTestBox } from './selftest/self-test-box.ts';
import type { Environment } from './settings/environment.ts';
import type { Keychain } from './settings/key-store.ts';
import { openSettings } from './settings/live-settings.ts';
import type { PartialSettings, Settings } from './settings/settings.ts';
import type { BackupScheduler } from './store/backup.ts';
import { lockDirectory } from './store/directory-lock.ts';
import type { Store } from './store/store.ts';
import { VERSION } from './version.ts';

export interface ApplianceOptions {
  dataDirectory: string;
  /** Undefined takes what the settings say. */
  host?: string | undefined;
  /** 0 takes any free port; undefined what the settings say. */
  port?: number | undefined;
  rooms: { kind: 'trtc' } | { kind: 'simulated'; scenarioPath: string };
  environment: Environment;
  log: Logger;
  /** Changes to the settings file's values, for tests and demos. */
  settings?: PartialSettings | undefined;
  /** Disks to measure, for tests; the machine's own by default. */
  diskProbe?: DiskProbe | undefined;
  /** Where captures run, as `capture.host` says; by default each in a Node process of its own. */
  captureHost?: CaptureHost | undefined;
  /** Starts scripts of the product, such as the doctor, in processes of their own; by default by the Node that runs this. */
  startScript?: StartScript | undefined;
  /** Starts the second box of a self-test; by default in a process of its own. */
  startSelfTestBox?: StartSelfTestBox | undefined;
  /** Shows the first access token, on the start that makes it. Without it a box that needs a token and has none does not start. */
  showFirstToken?: FaceOptions['showFirstToken'];
  /** What the operating system keeps for its user; without one the key of the secrets lies in a file. */
  keychain?: Keychain | undefined;
  /** Token of the desktop around the box. */
  ownToken?: FaceOptions['ownToken'];
}

export interface Appliance {
  /** Address of the HTTP face, as the operator would type it. */
  url: string;
  /** Takes nothing new, ends running recordings in order, finalizes them, keeps the rest for the next start. Joins repeated calls. */
  stop(): Promise<void>;
}

/** A shutdown waits this long for the files of recordings that just ended; what is left is done at the next start. */
const FINALIZE_ON_STOP_MS = 60_000;
const FINALIZE_POLL_MS = 100;
/** A step that shows no sign of life for this long is tried again. */
const STALL_MS = { finalize: 10 * 60_000, upload: 3 * 60_000 };
/** Telling a caller may take days; it only waits for the outbox, which has deadlines and limits of its own. */
const NOTIFY = { parallel: 10_000, stallMs: 20 * 24 * 3_600_000 };

/** Starts the box. @throws DirectoryInUseError when another box works on the data directory. */
export async function startAppliance(options: ApplianceOptions): Promise<Appliance> {
  // Queue, sealed secrets, recordings: nobody else's business.
  ensureDirectory(options.dataDirectory, 0o700);
  const lock = lockDirectory(options.dataDirectory);
  try {
    const { url, stop } = await startLocked(options);
    return { url, stop: () => stop().finally(lock.release) };
  } catch (error) {
    lock.release();
    throw error;
  }
}

/** All that does the work, put together but not at work yet. */
async function openWork(options: ApplianceOptions, settings: Settings) {
  const { dataDirectory, environment, rooms, log } = options;
  const search = await findFfmpeg({ preferred: environment.ffmpegPath });
  logEncoder(log, search);
  const ffmpeg = search.kind === 'found' ? search : null;
  if (rooms.kind === 'simulated') log.warn({ scenario: path.basename(rooms.scenarioPath) }, 'rooms are SIMULATED');

  const { store, backups, keyInFile } = await openQueue({ ...options, settings });
  const { main: recordingsDirectory, directoryOf } = openFolders({ ...options, settings }, store);
  const host = options.host ?? settings.http.host;
  const targets = targetsOf(settings, host);
  const uploads = openUploads({ store, settings, environment, log, targets, directoryOf });
  const confirm = createObjectCheck({
    recordingOf: (id) => store.recordings.get(id),
    clientFor: (recording) => clientFor(recording, uploads.stepDeps),
  });
  const disk = createDiskCare({
    ...{ store, settings, dataDirectory, recordingsDirectory, directoryOf, confirm, log, probe: options.diskProbe },
  });
  const encoderChoice = openEncoderChoice({ store, settings, ffmpeg, log });
  const wiring = { store, settings, log, dataDirectory, directoryOf, ffmpeg, disk, encoderChoice };
  const outbox = openOutbox({ store, settings, log, environment, targets });
  const runner = createDelivery({ ...wiring, outbox, uploads });
  const supervisor = createSupervisor({ ...wiring, rooms, runner, captureHost: options.captureHost });
  const capacity = openCapacity({ ...wiring, supervisor, startScript: options.startScript });
  const library = createLibrary({ ...wiring, runner, ffmpegPath: ffmpeg?.path ?? null });
  return {
    ...wiring,
    recordingsDirectory,
    host,
    targets,
    uploads,
    outbox,
    runner,
    supervisor,
    capacity,
    library,
    backups,
    keyInFile,
  };
}

/** Puts the whole box together: store, capture, delivery and HTTP. The only place that knows all parts. */
async function startLocked(options: ApplianceOptions): Promise<Appliance> {
  const { environment, rooms, log } = options;
  const settingsStore = openSettings(options.dataDirectory, options.settings);
  const work = await openWork(options, settingsStore.live);
  const { store, settings, disk, directoryOf, ffmpeg, host, targets, runner, supervisor, library } = work;
  let stopping: Promise<void> | null = null;
  const box = createBox({
    ...work,
    rooms: rooms.kind,
    ffmpegVersion: ffmpeg?.version ?? null,
    judgeTarget: judgeTarget(targets, environment),
    now: Date.now,
    isShuttingDown: () => stopping !== null,
  });
  const { startSelfTestBox } = options;
  const observation = openObservation({ ...work, settings: settingsStore, box, rooms: rooms.kind, startSelfTestBox });
  const presets = createPresets({ tables: store.presets, events: store.events, settings, log });
  const face = openFace({
    store,
    settings,
    host,
    log,
    showFirstToken: options.showFirstToken,
    ownToken: options.ownToken,
  });
  const checks = openChecks({ ...options, ...work, box, presets, observation, face, rooms: rooms.kind });
  const http = createHttpServer({
    ...observation.face,
    box,
    log,
    version: VERSION,
    ...face,
    files: library.files,
    archive: library.archive,
    presets,
    ...checks.face,
    keys: { recordingOf: (key) => store.idempotency.get(key)?.recordingId ?? null },
    boxName: settings.fleet.boxName,
    consoleDirectory: productPath('dist/console'),
  });
  let url: string;
  try {
    await recoverAtStart({ store, directoryOf, now: Date.now, log }, await disk.open());
    url = await http.listen({ host, port: options.port ?? settings.http.port });
  } catch (error) {
    await http.close();
    store.close();
    throw error;
  }
  const recovered = supervisor.recover();
  if (recovered > 0) log.info({ recordings: recovered }, 'recordings under way at the last end are picked up');
  runner.start();
  work.outbox.start();
  disk.watch(supervisor, runner);
  work.uploads.start(runner);
  library.start();
  work.backups.start();
  observation.start();

  return {
    url,
    stop: () => {
      checks.stop();
      work.encoderChoice.stop();
      stopping ??= stopInOrder({ ...work, observation, http });
      return stopping;
    },
  };
}

interface Running extends Pick<Wiring, 'log' | 'store' | 'disk'> {
  supervisor: Supervisor;
  runner: Runner;
  outbox: Outbox;
  uploads: Uploads;
  library: ReturnType<typeof createLibrary>;
  observation: Observation;
  http: FastifyInstance;
  backups: BackupScheduler;
}

async function stopInOrder(parts: Running): Promise<void> {
  const { log, supervisor, store, runner, disk, outbox, uploads, library, observation, http, backups } = parts;
  log.info({ recordings: supervisor.running }, 'the box is stopping');
  await supervisor.drain('shutdown');
  await finalizedOrGivenUp(store, runner);
  await disk.stop();
  await Promise.all([runner.stop(), outbox.stop(), uploads.stop(), library.stop()]);
  await observation.stop();
  await http.close();
  await backups.stop();
  store.close();
  log.info({}, 'the box has stopped');
}

interface Wiring {
  store: Store;
  settings: Settings;
  log: Logger;
  dataDirectory: string;
  directoryOf(recordingId: string): string;
  ffmpeg: FfmpegFound | null;
  disk: DiskCare;
  encoderChoice: EncoderChoice;
}

/** What uploads and callbacks need besides the rows. */
type Outside = Pick<Wiring, 'store' | 'settings' | 'log'> & { environment: Environment; targets: TargetPolicy };

function openOutbox({ store, settings, log, environment, targets }: Outside): Outbox {
  return createOutbox({
    ...{ store, clock: systemClock, random: Math.random, log },
    settings: settings.callback,
    signingKey: environment.callbackKey,
    fetch: createGuardedPost(targets),
  });
}

/** @throws SettingsError; the store is closed then. */
function openUploads(wiring: Outside & Pick<Wiring, 'directoryOf'>): Uploads {
  try {
    return createUploads({ ...wiring, clock: systemClock, random: Math.random, variables: process.env });
  } catch (error) {
    wiring.store.close();
    throw error;
  }
}

function createDelivery({
  outbox,
  store,
  settings,
  log,
  dataDirectory,
  directoryOf,
  ffmpeg,
  disk,
  uploads,
}: Wiring & { outbox: Outbox; uploads: Uploads }): Runner {
  const { upload } = settings;
  return createRunner({
    store,
    clock: systemClock,
    random: Math.random,
    log,
    onSettled: (recordingId, state, outcome) => {
      announceUpload(store, recordingId, state, outcome);
      uploads.settled(state, outcome);
    },
    steps: {
      finalizing: {
        run: disk.guard(
          createFinalizeStep({
            store,
            directoryOf,
            dataDirectory,
            ffmpegPath: ffmpeg?.path ?? null,
            live: uploads.live,
            settings,
            version: VERSION,
            now: Date.now,
          }),
          'finalizing',
        ),
        parallel: 1,
        stallMs: STALL_MS.finalize,
      },
      uploading: {
        run: disk.guard(createUploadStep(uploads.stepDeps), 'uploading'),
        get parallel() {
          return upload.filesInFlight;
        },
        get stallMs() {
          return Math.max(STALL_MS.upload, 2 * upload.timeoutMs);
        },
      },
      notifying: {
        run: createCallbackStep({ store, outbox }),
        ...NOTIFY,
      },
    },
  });
}

function createSupervisor({
  dataDirectory,
  store,
  settings,
  rooms,
  log,
  directoryOf,
  ffmpeg,
  disk,
  runner,
  captureHost,
  encoderChoice,
}: Wiring & Pick<ApplianceOptions, 'rooms' | 'captureHost'> & { runner: Runner }): Supervisor {
  const host = captureHost ?? openProcessHost({ wanted: settings.capture.host, dataDirectory, log });
  return new Supervisor({
    store,
    host,
    now: Date.now,
    log,
    onFinished: () => runner.wake(),
    onHardwareFailed: encoderChoice.doubt,
    prepareJob: async (row, absence) => {
      await disk.present(() => store.recordings.get(row.id)?.stopRequested === null);
      const directory = directoryOf(row.id);
      ensureDirectory(directory);
      if ((await waitForOrphan(directory, ORPHAN_WAIT_MS)) === 'stillThere') {
        log.warn({ recordingId: row.id }, 'a capture process of an earlier start is still there; going on beside it');
      }
      await reconcile({ store, directoryOf, dataDirectory, now: Date.now }, row);
      if (absence === 'boxDown') await noteUntoldMedia({ store, directoryOf }, row.id);
      // An adopted segment may have told when the recording began.
      const current = store.recordings.get(row.id) ?? row;
      const secrets = store.recordings.secrets(row.id);
      if (!secrets) throw new Error('the secrets of this recording are missing');
      if (ffmpeg === null) throw new Error('no working ffmpeg was found');
      const segments = store.segments.list(row.id);
      const stays = store.stays.list(row.id);
      // Settings that change later do not change a process that runs.
      const asTheyAre = structuredClone(settings);
      return await buildJob({
        ...{ row: current, secrets, segments, stays, settings: asTheyAre, rooms, directory, ffmpeg, absence },
        encoder: encoderChoice.current(),
        hardwareFailure: hardwareFailureOf(store, row.id),
      });
    },
  });
}

function logEncoder(log: Logger, search: FfmpegFound | FfmpegMissing): void {
  if (search.kind === 'found') {
    const { path: ffmpegPath, source, version, licence } = search;
    log.info({ ffmpegPath, source, version, licence }, 'encoder found');
  } else log.error({ tried: search.tried }, `no working ffmpeg: ${search.remedy}`);
}

/** Waits until no recording can be finalized any more now: all are, or the rest waits for something. */
async function finalizedOrGivenUp(store: Store, runner: Runner): Promise<void> {
  runner.wake();
  const deadline = performance.now() + FINALIZE_ON_STOP_MS;
  const pending = () => store.recordings.list({ state: 'finalizing' }).some(({ nextAtMs }) => nextAtMs === null);
  while (pending() && performance.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, FINALIZE_POLL_MS));
  }
}
