import type { Logger } from '../logging.ts';
import { watchLine } from '../network/line-watch.ts';
import { type ProxyVariables, proxyForDisplay } from '../network/proxy.ts';
import type { TargetPolicy } from '../network/targets.ts';
import { createThrottle } from '../network/throttle.ts';
import { trustedAuthorities } from '../network/trust.ts';
import type { Environment } from '../settings/environment.ts';
import type { Settings } from '../settings/settings.ts';
import type { Store } from '../store/store.ts';
import { type BoxCredentials, createBoxCredentials } from './box-credentials.ts';
import type { Clock } from './clock.ts';
import { createCosClient } from './cos/cos-client.ts';
import type { CosNetwork } from './cos/route.ts';
import { createLiveUploads, type LiveUploads } from './live/live-uploads.ts';
import type { Runner } from './runner.ts';
import type { DeliveryState, Outcome } from './steps.ts';
import { createStraySweep, type StraySweep } from './stray-sweep.ts';
import { clientFor, type UploadStepDeps } from './upload-step.ts';

export interface UploadsOptions {
  store: Store;
  settings: Settings;
  environment: Pick<Environment, 'cosEndpoint' | 'cosCredentials'>;
  clock: Clock;
  random: () => number;
  log: Logger;
  /** Folder of a recording's segments; without it nothing is sent while it is recorded. */
  directoryOf?: ((recordingId: string) => string) | undefined;
  /** Environment variables that name proxies. */
  variables: ProxyVariables;
  /** Where connections may go; anywhere when undefined. */
  targets?: TargetPolicy | undefined;
}

/** Everything around the upload step: keys, proxy and authorities, bandwidth, the line's return, strays. */
export interface Uploads {
  readonly stepDeps: UploadStepDeps;
  readonly credentials: BoxCredentials;
  /** Mixes that are sent while they are recorded. */
  readonly live: LiveUploads | undefined;
  /** Begins to watch the line and to look for strays. */
  start(runner: Pick<Runner, 'lineIsBack'>): void;
  /** To be called with what every try brought: one that got through tells that the line is back. */
  settled(state: DeliveryState, outcome: Outcome): void;
  /** Makes everything that waits for keys or the line go on. @returns how many recordings were waiting. */
  retryAll(runner: Pick<Runner, 'retryAll'>): number;
  stop(): Promise<void>;
}

/** Uploads that wait are woken at most this often by others that got through. */
const WAKE_PAUSE_MS = 10_000;

/** @throws SettingsError when `network.caPath` names no certificates. */
export function createUploads(options: UploadsOptions): Uploads {
  const { store, settings, environment, clock, log } = options;
  const network = networkOf(options);
  const credentials = createBoxCredentials({
    secrets: store.boxSecrets,
    fromEnvironment: environment.cosCredentials,
    log,
  });
  const stepDeps: UploadStepDeps = {
    store,
    endpoint: environment.cosEndpoint,
    credentials,
    settings: settings.upload,
    log,
    now: () => clock.now(),
    network,
    throttle: createThrottle(() => settings.upload.maxBytesPerSecond, clock),
  };
  const strays = createSweep(options, stepDeps);
  const { directoryOf } = options;
  const live = directoryOf && createLiveUploads({ store, settings, directoryOf, upload: stepDeps, clock, log });
  let runner: Pick<Runner, 'lineIsBack'> | undefined;
  let stopWatching = (): void => {};
  let wokenAtMs = Number.NEGATIVE_INFINITY;
  const lineIsBack = (): void => {
    wokenAtMs = clock.now();
    runner?.lineIsBack();
    strays.wake();
  };
  return {
    stepDeps,
    credentials,
    live,
    start(to) {
      runner = to;
      strays.start();
      live?.start();
      stopWatching = watchLine({ clock, onChanged: lineIsBack });
    },
    settled(state, outcome) {
      if (state !== 'uploading' || outcome.kind !== 'done') return;
      if (Math.abs(clock.now() - wokenAtMs) >= WAKE_PAUSE_MS) lineIsBack();
    },
    retryAll(to) {
      strays.wake();
      return to.retryAll();
    },
    async stop() {
      stopWatching();
      await Promise.all([strays.stop(), live?.stop()]);
    },
  };
}

function networkOf({ settings, variables, targets, log }: UploadsOptions): CosNetwork {
  const { proxy, caPath } = settings.network;
  if (proxy !== null) log.info({ proxy: proxyForDisplay(proxy) }, 'COS is reached through a proxy');
  return { proxy, variables, authorities: trustedAuthorities(caPath), targets };
}

function createSweep({ store, clock, random, log }: UploadsOptions, deps: UploadStepDeps): StraySweep {
  return createStraySweep({
    ...{ store, clock, random, log },
    clientFor(stray) {
      const recording = store.recordings.get(stray.recordingId);
      const own = store.strays.credentials(stray);
      if (own === null && recording !== undefined) return clientFor(recording, deps);
      // Of a recording that was deleted only its strays are left.
      const kept = own ?? deps.credentials.current();
      if (kept === null) return null;
      const { bucket, region } = stray;
      const { endpoint, network, settings, createClient = createCosClient } = deps;
      const { secretId, secretKey, token } = kept;
      return createClient({
        ...{ bucket, region, secretId, secretKey, network },
        token: token ?? undefined,
        endpoint: endpoint ?? undefined,
        timeoutMs: settings.timeoutMs,
      });
    },
  });
}
