import { randomBytes } from 'node:crypto';
import type { KeyInFile } from '../../shared/key-store.ts';
import { findFfmpeg } from '../capture/encode/ffmpeg.ts';
import type { CaptureHost } from '../capture/host.ts';
import { createCosClient } from '../delivery/cos/cos-client.ts';
import type { Uploads } from '../delivery/uploads.ts';
import { packBundle, scrubberOf } from '../diagnostics/bundle.ts';
import { bundleParts } from '../diagnostics/parts.ts';
import { runDoctorBeside } from '../diagnostics/run-doctor.ts';
import type { BoxApi } from '../http/box-api.ts';
import type { ChecksApi, DiagnosticsApi } from '../http/checks-api.ts';
import type { HttpServerDeps } from '../http/server-deps.ts';
import { createGuardedPost } from '../network/guarded-post.ts';
import type { TargetPolicy } from '../network/targets.ts';
import type { Observation } from '../observation.ts';
import type { StartScript } from '../own-script.ts';
import type { Presets } from '../presets/presets.ts';
import type { Environment } from '../settings/environment.ts';
import type { Settings } from '../settings/settings.ts';
import type { Store } from '../store/store.ts';
import { attentionFacts } from './attention-facts.ts';
import { createChecksDesk } from './checks-desk.ts';
import type { EncoderChoice } from './encoder-choice.ts';
import { createFirstRun } from './first-run.ts';
import { createRunTimed } from './run-timed.ts';

export interface OpenChecksOptions {
  store: Store;
  settings: Settings;
  environment: Environment;
  box: BoxApi;
  uploads: Pick<Uploads, 'credentials' | 'stepDeps'>;
  targets: TargetPolicy;
  presets: Presets;
  observation: Observation;
  face: Pick<HttpServerDeps, 'access' | 'tls'>;
  disk: { freeBytes(): number | null };
  encoderChoice: Pick<EncoderChoice, 'current'>;
  host: string;
  rooms: 'trtc' | 'simulated';
  keyInFile: KeyInFile | null;
  /** Where the desktop has captures run; absent without one. */
  captureHost?: Pick<CaptureHost, 'kind'> | undefined;
  dataDirectory: string;
  recordingsDirectory: string;
  /** Starts the doctor; by default by the Node that runs this. */
  startScript?: StartScript | undefined;
}

/** Trying before saving, what needs a person, the guide for a new box, and the bundle for support. */
export interface Checks {
  /** For the HTTP face. */
  readonly face: { checks: ChecksApi; diagnostics: DiagnosticsApi };
  /** Ends checks that run. */
  stop(): void;
}

export function openChecks(options: OpenChecksOptions): Checks {
  const { store, settings, environment, box, uploads, presets, observation, face } = options;
  const { status, selfTest, settings: settingsApi } = observation.face;
  const stopping = new AbortController();
  const { endpoint, network } = uploads.stepDeps;
  const desk = createChecksDesk({
    parseOptions: () => box.parseOptions(),
    credentials: uploads.credentials,
    destination: (name) => presets.destination(name),
    createClient: (given) => createCosClient({ ...given, endpoint: endpoint ?? undefined, network }),
    post: createGuardedPost(options.targets),
    callbackKey: environment.callbackKey,
    settings,
    encoderChoice: options.encoderChoice,
    findFfmpeg: () => findFfmpeg({ preferred: environment.ffmpegPath }),
    run: createRunTimed(stopping.signal),
    randomId: () => randomBytes(8).toString('hex'),
    now: Date.now,
    monotonicMs: () => performance.now(),
    stopping: stopping.signal,
  });
  const firstRun = createFirstRun({
    ...{ store, settings, credentials: uploads.credentials, disk: options.disk, host: options.host },
    hasDestinations: () => presets.destinations().length > 0,
    recordingsDirectory: options.recordingsDirectory,
    isFolderGiven: environment.recordingsDirectory !== null,
    tokenRequired: face.access?.isRequired ?? false,
  });
  const { tls } = face;
  const windowsMissing = settings.capture.host === 'window' && options.captureHost?.kind !== 'window';
  const attention = () =>
    attentionFacts({
      ...{
        store,
        box,
        windowsMissing,
        keyInFile: options.keyInFile,
        dataDirectory: options.dataDirectory,
        now: Date.now,
      },
      readiness: status.readiness,
      tls: tls ? () => tls.state() : null,
      selfTest: () => selfTest.get().state,
      cosDifferenceMs: desk.cosDifferenceMs,
    });
  const checks: ChecksApi = {
    ...{ cos: desk.cos, callback: desk.callback, encoders: desk.encoders, attention },
    firstRun: async () => firstRun.view(),
    changeFirstRun: async (change) => firstRun.change(change),
  };
  const sources = {
    ...{ store, box, status, settings: settingsApi, attention, now: Date.now },
    ...{ dataDirectory: options.dataDirectory, recordingsDirectory: options.recordingsDirectory },
    doctor: () => runDoctorBeside({ ...options, stopping: stopping.signal }),
  };
  const diagnostics: DiagnosticsApi = {
    async bundle() {
      const at = new Date();
      const stamp = `${at.toISOString().slice(0, 19).replaceAll(/[-:]/g, '')}Z`;
      const name = `recorder-diagnostics-${settings.fleet.boxName ?? store.boxId.slice(0, 8)}-${stamp}.zip`;
      const scrub = scrubberOf(secretsOf(options));
      return { name, stream: packBundle(await bundleParts(sources), scrub, at) };
    },
  };
  return { face: { checks, diagnostics }, stop: () => stopping.abort(new Error('the box is stopping')) };
}

/** Every secret that the box could have written somewhere by mistake: the last net, not the first. */
function* secretsOf({
  store,
  uploads,
  environment,
  presets,
  settings,
}: OpenChecksOptions): Generator<string | null | undefined> {
  const box = orNull(() => uploads.credentials.current());
  yield* [box?.secretKey, box?.token, box?.secretId, environment.callbackKey];
  yield* [environment.cosCredentials?.secretKey, environment.cosCredentials?.secretId];
  const { proxy } = settings.network;
  const { username = '', password = '' } = URL.parse(proxy ?? '') ?? {};
  yield* [password, decoded(password), password && username];
  for (const row of [...store.recordings.capturing(), ...store.recordings.delivering()]) {
    const own = orNull(() => store.recordings.secrets(row.id));
    if (own) yield* [own.userSig, own.secretId, own.secretKey, own.token];
  }
  for (const { name } of presets.destinations()) {
    const keys = orNull(() => presets.destination(name))?.keys;
    yield* [keys?.secretId, keys?.secretKey, keys?.token];
  }
  for (const { name } of presets.applications()) yield orNull(() => presets.application(name))?.sdkSecretKey;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** What cannot be opened any more cannot be looked for either. */
function orNull<Found>(open: () => Found): Found | null {
  try {
    return open();
  } catch {
    return null;
  }
}
