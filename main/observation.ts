import path from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { Capacity } from './capacity/capacity.ts';
import { sdkVersion } from './capture/room/trtc/addon.ts';
import { systemClock } from './delivery/clock.ts';
import type { Runner } from './delivery/runner.ts';
import { EventFeed } from './events/event-feed.ts';
import { createProgress } from './events/progress.ts';
import { createEventPruning } from './events/pruning.ts';
import type { BoxApi } from './http/box-api.ts';
import type { HttpServerDeps } from './http/server-deps.ts';
import type { Logger } from './logging.ts';
import { createMetrics } from './metrics/metrics.ts';
import { createReadiness } from './metrics/readiness.ts';
import { LivePictures } from './recordings/live-pictures.ts';
import type { Supervisor } from './recordings/supervisor.ts';
import type { StartSelfTestBox } from './selftest/self-test-box.ts';
import { createSelfTestDesk } from './selftest/self-test-desk.ts';
import type { SettingsStore } from './settings/live-settings.ts';
import { createSettingsDesk } from './settings/settings-desk.ts';
import type { Store } from './store/store.ts';
import { VERSION } from './version.ts';

export interface ObservationOptions {
  store: Store;
  settings: SettingsStore;
  box: BoxApi;
  supervisor: Supervisor;
  runner: Runner;
  capacity: Pick<Capacity, 'get' | 'measure' | 'start' | 'stop'>;
  dataDirectory: string;
  rooms: 'trtc' | 'simulated';
  /** The ffmpeg in use, or null when none works. */
  ffmpeg: { path: string; version: string } | null;
  /** Starts the second box of a self-test; by default in a process of its own. */
  startSelfTestBox?: StartSelfTestBox | undefined;
  log: Logger;
}

/**
 * What looks at the box and turns its knobs without being part of the work: events, live pictures, metrics, readiness, settings,
 * self-test.
 */
export interface Observation {
  /** For the HTTP face. */
  readonly face: Required<
    Pick<HttpServerDeps, 'status' | 'events' | 'settings' | 'selfTest' | 'livePictures' | 'capacity'>
  >;
  start(): void;
  /** Ends a self-test and whoever still follows the events; to be called before the HTTP face closes. */
  stop(): Promise<void>;
}

/** Folder of the self-test inside the data directory; there only while one runs, or when one was killed. */
const SELF_TEST_FOLDER = 'self-test';

export function openObservation(options: ObservationOptions): Observation {
  const { store, settings, box, runner, log, ffmpeg } = options;
  const feed = new EventFeed({
    events: store.events,
    progress: createProgress(options),
    clock: systemClock,
    log,
  });
  const selfTest = createSelfTestDesk({
    run: async (test) => {
      // It brings a whole COS server along, which a box that only records does without.
      const { runSelfTest } = await import('./selftest/self-test.ts');
      return await runSelfTest({
        ...test,
        directory: path.join(options.dataDirectory, SELF_TEST_FOLDER),
        ffmpegPath: ffmpeg?.path ?? null,
        startBox: options.startSelfTestBox,
      });
    },
    onChange: (view) => {
      feed.tell('selfTest', { name: 'selfTest', data: view });
      if (view.endedAt === null) return;
      log.info({ outcome: view.state }, 'self-test ended');
      orLog(log, () => store.events.append('selfTest', null, { outcome: view.state }));
    },
    now: Date.now,
  });
  const livePictures = new LivePictures({
    recordingOf: (id) => store.recordings.get(id),
    watch: (id, forMs) => options.supervisor.watch(id, forMs),
    clock: systemClock,
    monotonicMs: () => performance.now(),
  });
  options.supervisor.followPictures((id, jpeg) => livePictures.take(id, jpeg));
  const pruning = createEventPruning({
    events: store.events,
    settings: settings.live.events,
    clock: systemClock,
    log,
  });
  // What waited for other hours or for bandwidth is looked at afresh.
  settings.onChange((now, before) => {
    if (!isDeepStrictEqual(now.upload, before.upload)) orLog(log, () => runner.retryAll());
  });
  return {
    face: {
      status: {
        readiness: createReadiness({
          box,
          tryToWrite: () => store.facts.set('last_write_check', new Date().toISOString()),
          nowMs: () => performance.now(),
        }),
        metrics: createMetrics({ store, box, readers: () => feed.readers, version: VERSION, now: Date.now }),
        version: () => ({
          version: VERSION,
          node: process.versions.node,
          ffmpeg: ffmpeg?.version ?? null,
          sdk: sdkVersion(),
          simulated: options.rooms === 'simulated',
        }),
      },
      events: feed,
      livePictures,
      settings: createSettingsDesk({ store: settings, events: store.events, log }),
      selfTest,
      capacity: options.capacity,
    },
    start: () => {
      pruning.start();
      options.capacity.start();
    },
    async stop() {
      pruning.stop();
      await Promise.all([selfTest.stop(), options.capacity.stop()]);
      await feed.close();
    },
  };
}

/** What follows from something that has happened already must not undo it, or end the box, when rows cannot be written now. */
function orLog(log: Logger, work: () => void): void {
  try {
    work();
  } catch (error) {
    log.error({ err: error }, 'rows could not be written');
  }
}
