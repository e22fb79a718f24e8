import { ERRORS } from '../../shared/errors.ts';
import { PRESET_RULES, parseDestination } from '../../shared/parse-presets.ts';
import { parseRecordingRequest } from '../../shared/parse-request.ts';
import type { ParseOptions } from '../../shared/request.ts';
import type { FfmpegFound, FfmpegMissing } from '../capture/encode/ffmpeg.ts';
import type { BoxCredentials } from '../delivery/box-credentials.ts';
import type { CosClient, CosClientOptions } from '../delivery/cos/cos-client.ts';
import type { ProblemResult } from '../http/box-api.ts';
import type {
  CallbackCheckRequest,
  CallbackCheckView,
  ChecksApi,
  CosCheckRequest,
  CosCheckView,
  EncodersCheckView,
} from '../http/checks-api.ts';
import type { SendPost } from '../network/guarded-post.ts';
import type { ResolvedDestination } from '../presets/presets.ts';
import type { CosCredentials } from '../settings/environment.ts';
import { SecretError } from '../settings/secrets.ts';
import { checkCallback } from './check-callback.ts';
import { checkCos } from './check-cos.ts';
import { checkEncoders } from './check-encoders.ts';
import type { EncoderChoice } from './encoder-choice.ts';
import type { RunTimed, TrialVideo } from './encoder-trial.ts';

export interface ChecksDeskDeps {
  /** What requests are judged by. */
  parseOptions(): ParseOptions;
  credentials: Pick<BoxCredentials, 'current'>;
  /** A saved destination; null when none has the name. @throws SecretError */
  destination(name: string): ResolvedDestination | null;
  createClient(
    options: Pick<
      CosClientOptions,
      'region' | 'bucket' | 'secretId' | 'secretKey' | 'token' | 'timeoutMs' | 'onServerTime'
    >,
  ): CosClient;
  post: SendPost;
  /** Signs callbacks. Secret. */
  callbackKey: string | null;
  settings: {
    readonly callback: { readonly timeoutMs: number };
    readonly video: TrialVideo;
  };
  /** What recordings are encoded by. */
  encoderChoice: Pick<EncoderChoice, 'current'>;
  findFfmpeg(): Promise<FfmpegFound | FfmpegMissing>;
  run: RunTimed;
  randomId(): string;
  /** Wall clock, ms since 1970. */
  now(): number;
  /** Monotonic milliseconds. */
  monotonicMs(): number;
  /** Aborts when the box stops. */
  stopping: AbortSignal;
}

export interface ChecksDesk extends Pick<ChecksApi, 'cos' | 'callback' | 'encoders'> {
  /** COS's clock less ours when it was asked last; null when it never was. */
  cosDifferenceMs(): number | null;
}

/** All steps of one check together; shorter than the HTTP face waits for an answer. */
const CHECK_WITHIN_MS = 30_000;
/** A call to COS that is silent for so long will not come. */
const COS_TIMEOUT_MS = 6_000;
const CALLBACK_TIMEOUT_MS = 20_000;

/** Tries what somebody is about to save, with the same parts that the work uses. */
export function createChecksDesk(deps: ChecksDeskDeps): ChecksDesk {
  let cosDifferenceMs: number | null = null;
  let probing: Promise<EncodersCheckView> | null = null;
  const limited = (): AbortSignal => AbortSignal.any([deps.stopping, AbortSignal.timeout(CHECK_WITHIN_MS)]);
  return {
    cosDifferenceMs: () => cosDifferenceMs,
    async cos(request) {
      const place = placeOf(request, deps);
      if ('kind' in place) return place;
      const { Region, Bucket, Path, keys, credentials } = place;
      let differenceMs: number | null = null;
      const client = deps.createClient({
        ...{ region: Region, bucket: Bucket, secretId: credentials.secretId, secretKey: credentials.secretKey },
        token: credentials.token ?? undefined,
        timeoutMs: COS_TIMEOUT_MS,
        onServerTime: (serverMs) => {
          differenceMs = Math.round(serverMs - deps.now());
        },
      });
      try {
        const steps = await checkCos({
          client,
          key: [...Path.split('/').filter((part) => part !== ''), `.recorder-box-test-${deps.randomId()}`].join('/'),
          keys,
          clockDifferenceMs: () => differenceMs,
          nowMs: deps.monotonicMs,
          signal: limited(),
        });
        if (differenceMs !== null) cosDifferenceMs = differenceMs;
        const passed = steps.every(({ state }) => state !== 'failed');
        return { passed, where: { Region, Bucket, Path }, keys, clockDifferenceMs: differenceMs, steps };
      } finally {
        client.close();
      }
    },
    callback: async (request) => await callbackCheck(request, deps, limited()),
    // It keeps a core busy for seconds: whoever asks meanwhile gets the same answer.
    async encoders() {
      probing ??= encodersCheck(deps).finally(() => {
        probing = null;
      });
      return await probing;
    },
  };
}

interface Place {
  Region: string;
  Bucket: string;
  Path: string;
  keys: CosCheckView['keys'];
  credentials: CosCredentials;
}

/** What is to be tried: the saved destination, with what was given beside its name in the place of its own. */
function placeOf({ destination, ...given }: CosCheckRequest, deps: ChecksDeskDeps): Place | ProblemResult {
  let saved: ResolvedDestination | null = null;
  if (destination !== undefined) {
    try {
      saved = deps.destination(destination);
    } catch (error) {
      if (!(error instanceof SecretError)) throw error;
      return refusedDestination('unreadable');
    }
    if (saved === null) return refusedDestination('unknownName');
  }
  const { Region, Bucket, Path } = saved ?? {};
  const asked = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  const parsed = parseDestination({ ...(saved && { Region, Bucket, Path }), ...asked }, deps.parseOptions());
  if (!parsed.ok) return { kind: 'problem', code: 'INVALID_REQUEST', errors: parsed.errors };
  const { keys: own, ...place } = parsed.value;
  if (own) return { ...where(place), keys: 'given', credentials: own };
  // Null says that the destination is to have no keys any more.
  if (own === undefined && saved?.keys) return { ...where(place), keys: 'destination', credentials: saved.keys };
  const box = deps.credentials.current();
  if (box === null) return { kind: 'problem', code: 'COS_CREDENTIALS_MISSING' };
  return { ...where(place), keys: 'box', credentials: box };
}

function where({ Region, Bucket, Path }: Omit<Place, 'keys' | 'credentials'>): Omit<Place, 'keys' | 'credentials'> {
  return { Region, Bucket, Path };
}

function refusedDestination(rule: 'unknownName' | 'unreadable'): ProblemResult {
  const { message, remedy } = PRESET_RULES[rule];
  return { kind: 'problem', code: 'INVALID_REQUEST', errors: [{ field: 'destination', rule, message, remedy }] };
}

/** A request that is right, but for the address that is looked at. */
const REQUEST_AROUND = {
  ...{ SdkAppId: 1, RoomId: 1, UserId: 'a', UserSig: 'a' },
  CosConfig: { Region: 'a', Bucket: 'a-1', Path: '/' },
};

async function callbackCheck(
  { url, signingKey }: CallbackCheckRequest,
  deps: ChecksDeskDeps,
  signal: AbortSignal,
): Promise<CallbackCheckView | ProblemResult> {
  const parsed = parseRecordingRequest(
    { ...REQUEST_AROUND, Callback: url },
    { ...deps.parseOptions(), hasStoredCredentials: true, checkUserSig: null },
  );
  if (!parsed.ok) {
    const errors = parsed.errors.map((error) => ({ ...error, field: 'url' }));
    return { kind: 'problem', code: 'INVALID_REQUEST', errors };
  }
  const key = (signingKey === undefined ? deps.callbackKey : signingKey) || null;
  const deliveryId = `test-${deps.randomId()}`;
  const startedAtMs = deps.monotonicMs();
  const outcome = await checkCallback({
    ...{ url: parsed.request.Callback ?? url, deliveryId, signingKey: key, signal },
    ...{ post: deps.post, now: deps.now },
    timeoutMs: Math.min(CALLBACK_TIMEOUT_MS, deps.settings.callback.timeoutMs),
  });
  return { ...outcome, deliveryId, tookMs: Math.round(deps.monotonicMs() - startedAtMs), signed: key !== null };
}

async function encodersCheck({ findFfmpeg, settings, encoderChoice, run }: ChecksDeskDeps): Promise<EncodersCheckView> {
  const search = await findFfmpeg();
  if (search.kind === 'missing') {
    const { remedy } = ERRORS.FFMPEG_MISSING;
    return { ffmpeg: null, encoders: [], remedy };
  }
  const { version, licence, source } = search;
  return {
    ffmpeg: { version, licence, source },
    encoders: await checkEncoders(search, settings.video, encoderChoice.current(), run),
    remedy: null,
  };
}
