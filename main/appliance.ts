import { mkdirSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { type FfmpegFound, type FfmpegMissing, findFfmpeg } from './capture/encode/ffmpeg.ts';
import { createProcessHost } from './capture/host.ts';
import { createCallbackStep } from './delivery/callback.ts';
import { systemClock } from './delivery/clock.ts';
import { createFinalizeStep } from './delivery/finalize-step.ts';
import { createRunner, type Runner } from './delivery/runner.ts';
import { createUploadStep } from './delivery/upload-step.ts';
import { createHttpServer } from './http/server.ts';
import type { Logger } from './logging.ts';
import { createBox } from './recordings/box.ts';
import { buildJob, waitForOrphan } from './recordings/job.ts';
import { Supervisor } from './recordings/supervisor.ts';
import type { Environment } from './settings/environment.ts';
import { loadSettings, type PartialSettings, type Settings } from './settings/settings.ts';
import { openStore, type Store } from './store/store.ts';
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
}

export interface Appliance {
  /** Address of the HTTP face, as the operator would type it. */
  url: string;
  /** Takes nothing new, ends running recordings in order, finalizes them, keeps the rest for the next start. Joins repeated calls. */
  stop(): Promise<void>;
}

/** A process of an earlier box gets this long to close its segment before the recording goes on without it. */
const ORPHAN_WAIT_MS = 6_000;
/** A shutdown waits this long for the files of recordings that just ended; what is left is done at the next start. */
const FINALIZE_ON_STOP_MS = 60_000;
const FINALIZE_POLL_MS = 100;
/** A step that shows no sign of life for this long is tried again. */
const STALL_MS = { finalize: 10 * 60_000, upload: 3 * 60_000, notify: 60_000 };

/** Puts the whole box together: store, capture, delivery and HTTP. The only place that knows all parts. */
export async function startAppliance(options: ApplianceOptions): Promise<Appliance> {
  const { dataDirectory, environment, rooms, log } = options;
  // Queue, sealed secrets, recordings: nobody else's business.
  mkdirSync(dataDirectory, { recursive: true, mode: 0o700 });
  const settings = loadSettings(dataDirectory, options.settings);
  const recordingsDirectory = environment.recordingsDirectory ?? path.join(dataDirectory, 'recordings');
  mkdirSync(recordingsDirectory, { recursive: true });
  const search = await findFfmpeg({ preferred: environment.ffmpegPath });
  logEncoder(log, search);
  const ffmpeg = search.kind === 'found' ? search : null;
  if (rooms.kind === 'simulated') log.warn({ scenario: path.basename(rooms.scenarioPath) }, 'rooms are SIMULATED');

  const store = openStore(dataDirectory, { now: Date.now });
  const directoryOf = (recordingId: string) => path.join(recordingsDirectory, recordingId);
  const runner = createDelivery({ store, settings, environment, log, directoryOf, ffmpeg });
  const supervisor = createSupervisor({ dataDirectory, store, settings, rooms, log, directoryOf, ffmpeg, runner });
  let stopping: Promise<void> | null = null;
  const box = createBox({
    store,
    supervisor,
    runner,
    settings,
    recordingsDirectory,
    rooms: rooms.kind,
    ffmpegVersion: ffmpeg?.version ?? null,
    hasStoredCredentials: environment.cosCredentials !== null,
    now: Date.now,
    isShuttingDown: () => stopping !== null,
  });
  const http = createHttpServer({ box, log, version: VERSION });
  const host = options.host ?? settings.http.host;
  const port = options.port ?? settings.http.port;
  let url: string;
  try {
    url = await http.listen({ host, port });
  } catch (error) {
    store.close();
    throw error;
  }
  const recovered = supervisor.recover();
  if (recovered > 0) log.info({ recordings: recovered }, 'recordings under way at the last end are picked up');
  runner.start();

  const stop = async (): Promise<void> => {
    log.info({ recordings: supervisor.running }, 'the box is stopping');
    await supervisor.drain('shutdown');
    await finalizedOrGivenUp(store, runner);
    await runner.stop();
    await http.close();
    store.close();
    log.info({}, 'the box has stopped');
  };
  return {
    url,
    stop: () => {
      stopping ??= stop();
      return stopping;
    },
  };
}

interface Wiring {
  store: Store;
  settings: Settings;
  log: Logger;
  directoryOf(recordingId: string): string;
  ffmpeg: FfmpegFound | null;
}

function createDelivery({
  store,
  settings,
  environment,
  log,
  directoryOf,
  ffmpeg,
}: Wiring & { environment: Environment }): Runner {
  const { upload, callback } = settings;
  return createRunner({
    store,
    clock: systemClock,
    random: Math.random,
    log,
    steps: {
      finalizing: {
        run: createFinalizeStep({
          store,
          directoryOf,
          ffmpegPath: ffmpeg?.path ?? null,
          settings,
          version: VERSION,
          now: Date.now,
        }),
        parallel: 1,
        stallMs: STALL_MS.finalize,
      },
      uploading: {
        run: createUploadStep({
          store,
          endpoint: environment.cosEndpoint,
          storedCredentials: environment.cosCredentials,
          settings: upload,
          log,
        }),
        parallel: upload.filesInFlight,
        stallMs: Math.max(STALL_MS.upload, 2 * upload.timeoutMs),
      },
      notifying: {
        run: createCallbackStep({ store, settings: callback, now: Date.now, log }),
        parallel: 8,
        stallMs: Math.max(STALL_MS.notify, 2 * callback.timeoutMs),
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
  runner,
}: Wiring & { dataDirectory: string; rooms: ApplianceOptions['rooms']; runner: Runner }): Supervisor {
  const host = createProcessHost({
    onStderr: (line) => log.debug({ line }, 'capture process wrote to stderr'),
    codeCacheDirectory: path.join(dataDirectory, 'cache'),
  });
  return new Supervisor({
    store,
    host,
    now: Date.now,
    log,
    onFinished: () => runner.wake(),
    prepareJob: async (row) => {
      const directory = directoryOf(row.id);
      await mkdir(directory, { recursive: true });
      if ((await waitForOrphan(directory, ORPHAN_WAIT_MS)) === 'stillThere') {
        log.warn({ recordingId: row.id }, 'a capture process of an earlier start is still there; going on beside it');
      }
      const secrets = store.recordings.secrets(row.id);
      if (!secrets) throw new Error('the secrets of this recording are missing');
      if (ffmpeg === null) throw new Error('no working ffmpeg was found');
      const segments = store.segments.list(row.id);
      const stays = store.stays.list(row.id);
      return await buildJob({ row, secrets, segments, stays, settings, rooms, directory, ffmpeg });
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
