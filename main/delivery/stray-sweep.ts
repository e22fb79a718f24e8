import type { Logger } from '../logging.ts';
import type { Store } from '../store/store.ts';
import type { StrayUpload } from '../store/stray-uploads.ts';
import type { Clock, Timeout } from './clock.ts';
import type { CosClient } from './cos/cos-client.ts';
import { type CosError, toCosError } from './cos/cos-error.ts';

export interface StraySweepDeps {
  store: Pick<Store, 'strays' | 'events'>;
  clock: Clock;
  /** 0 ≤ x < 1. */
  random: () => number;
  log: Logger;
  /** A client for the stray's bucket, or null when nobody has keys for it. */
  clientFor(stray: StrayUpload): CosClient | null;
}

/** Removes uploads from COS that nobody will finish; the attempt that made them could not, or was killed. */
export interface StraySweep {
  start(): void;
  /** Makes all strays due: the line is back, or keys were changed. */
  wake(): void;
  /** Resolves when the try under way has ended. */
  stop(): Promise<void>;
}

const LOOK_MS = 10_000;
const AT_A_TIME = 20;
const CALL_DEADLINE_MS = 30_000;
const PAUSE_BASE_MS = 60_000;
const PAUSE_CAP_MS = 6 * 3_600_000;
/** After this long the bucket's lifecycle rule, if there is one, is left to it. */
const GIVE_UP_MS = 14 * 24 * 3_600_000;

export function createStraySweep(deps: StraySweepDeps): StraySweep {
  const { store, clock, log } = deps;
  const stopping = new AbortController();
  let timer: Timeout | undefined;
  let looking: Promise<void> | null = null;
  const plan = (delayMs: number): void => {
    if (stopping.signal.aborted) return;
    if (timer !== undefined) clock.clearTimeout(timer);
    timer = clock.setTimeout(look, delayMs);
  };
  /** The next look is to try all of them: something was corrected, perhaps while a look was under way that still failed by it. */
  let isWoken = false;
  const lookAll = async (): Promise<void> => {
    const isForAll = isWoken;
    isWoken = false;
    if (isForAll) store.strays.retryAll();
    await sweep(deps, stopping.signal);
  };
  const look = (): void => {
    timer = undefined;
    looking = lookAll()
      .catch((error: unknown) => log.error({ err: error }, 'stray uploads could not be looked for'))
      .finally(() => {
        looking = null;
        plan(isWoken ? 0 : LOOK_MS);
      });
  };
  return {
    start: () => plan(0),
    wake() {
      isWoken = true;
      if (looking === null) plan(0);
    },
    async stop() {
      stopping.abort(new Error('the box is stopping'));
      if (timer !== undefined) clock.clearTimeout(timer);
      await looking;
    },
  };
}

/** One look: tries each stray that is due once. */
async function sweep(deps: StraySweepDeps, stopping: AbortSignal): Promise<void> {
  for (const stray of deps.store.strays.due(deps.clock.now(), AT_A_TIME)) {
    if (stopping.aborted) return;
    let client: CosClient | null = null;
    try {
      client = deps.clientFor(stray);
      if (client === null) giveUpOrPostpone(deps, stray, 'NoKeys');
      else {
        await remove(client, stray, AbortSignal.any([stopping, AbortSignal.timeout(CALL_DEADLINE_MS)]));
        deps.store.strays.remove(stray.id);
        deps.log.info({ recordingId: stray.recordingId, key: stray.key }, 'no stray upload is left under this key');
      }
    } catch (thrown) {
      if (stopping.aborted) return;
      const error = toCosError(thrown, stray.uploadId === null ? 'listUploads' : 'abort');
      if (isHopeless(error, stray)) giveUp(deps, stray, error.code);
      else giveUpOrPostpone(deps, stray, error.code);
    } finally {
      client?.close();
    }
  }
}

async function remove(client: CosClient, { key, uploadId }: StrayUpload, signal: AbortSignal): Promise<void> {
  const uploadIds = uploadId === null ? await client.listUploads(key, signal) : [uploadId];
  for (const id of uploadIds) await client.abort(key, id, signal);
}

/** Listing needs a permission that uploading does not; without it nobody can know what is open. A bucket that is gone holds nothing. */
function isHopeless({ code, origin }: CosError, { uploadId }: StrayUpload): boolean {
  return origin === 'service' && (code === 'NoSuchBucket' || (uploadId === null && code === 'AccessDenied'));
}

function giveUpOrPostpone(deps: StraySweepDeps, stray: StrayUpload, code: string): void {
  const { store, clock, random } = deps;
  if (clock.now() - stray.createdAtMs > GIVE_UP_MS) {
    giveUp(deps, stray, code);
    return;
  }
  const pauseMs = Math.min(PAUSE_CAP_MS, PAUSE_BASE_MS * 2 ** Math.min(stray.attempts, 20));
  store.strays.postpone(stray.id, clock.now() + Math.round((0.5 + random() / 2) * pauseMs));
}

function giveUp({ store, log }: StraySweepDeps, stray: StrayUpload, code: string): void {
  const { recordingId, bucket, key, uploadId } = stray;
  store.strays.remove(stray.id);
  store.events.append('strayGivenUp', recordingId, { bucket, key, uploadId, code });
  log.warn({ recordingId, bucket, key, uploadId, code }, 'unfinished uploads under this key may be left in COS');
}
