import { randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { BUCKET, type CosRig, CREDENTIAL, hashFile, MIB, REGION, startCosRig } from '../../test/support/cos-rig.ts';
import { newRecording } from '../../test/support/new-recording.ts';
import { silentLogger } from '../logging.ts';
import type { Fault } from '../selftest/cos-server/index.ts';
import { defaultSettings } from '../settings/settings.ts';
import { openStore, type Store } from '../store/store.ts';
import { systemClock } from './clock.ts';
import { createCosClient } from './cos/cos-client.ts';
import { SLOWEST_PACE } from './pace.ts';
import type { Outcome } from './steps.ts';
import { createStraySweep } from './stray-sweep.ts';
import { clientFor, createUploadStep, type UploadStepDeps } from './upload-step.ts';

// Any sequence of faults and kills must end in one object, equal byte for byte, and nothing else left behind.

const RUNS = Number(process.env.UPLOAD_STORM_RUNS ?? 12);
const SIZE = 2.25 * MIB;
const OPERATIONS = [
  'putObject',
  'initMultipart',
  'uploadPart',
  'completeMultipart',
  'headObject',
  'listParts',
  'listUploads',
  'abortMultipart',
] as const;

/** Ends a step as SIGKILL does: at some call, before or after it, and from then on nothing happens any more. */
class Mortal {
  readonly died: Promise<'killed'>;
  readonly #die: (how: 'killed') => void;
  #callsLeft: number;
  #isDead = false;

  constructor(callsLeft: number) {
    this.#callsLeft = callsLeft;
    const { promise, resolve } = Promise.withResolvers<'killed'>();
    this.died = promise;
    this.#die = resolve;
  }

  #count(): boolean {
    this.#callsLeft -= 1;
    if (this.#callsLeft <= 0) {
      this.#isDead = true;
      this.#die('killed');
    }
    return this.#isDead;
  }

  /** The same object, whose calls count. A dead one's promises never settle, and its plain calls throw. */
  wrap<T extends object>(target: T): T {
    return new Proxy(target, {
      get: (from, name) => {
        const value: unknown = Reflect.get(from, name);
        if (typeof value !== 'function') return typeof value === 'object' && value !== null ? this.wrap(value) : value;
        return (...args: unknown[]): unknown => {
          if (name === 'close') return Reflect.apply(value, from, args);
          if (this.#count()) return this.#end(name);
          const result: unknown = Reflect.apply(value, from, args);
          if (!(result instanceof Promise))
            return typeof result === 'object' && result && name === 'uploadJournal' ? this.wrap(result) : result;
          return result.then(
            (settled) => (this.#count() ? new Promise(() => {}) : settled),
            (error: unknown) => (this.#count() ? new Promise(() => {}) : Promise.reject(error)),
          );
        };
      },
    });
  }

  #end(name: string | symbol): Promise<never> {
    const isAsync = ['init', 'uploadPart', 'complete', 'listParts', 'listUploads', 'abort', 'head', 'putObject'];
    if (isAsync.includes(String(name))) return new Promise<never>(() => {});
    throw new Error('killed');
  }
}

const faults: fc.Arbitrary<Fault> = fc
  .record({
    operation: fc.constantFrom(...OPERATIONS),
    nth: fc.integer({ min: 1, max: 3 }),
    times: fc.integer({ min: 1, max: 5 }),
    effect: fc.oneof(
      fc.constantFrom(
        { kind: 'error', status: 503, code: 'SlowDown' } as const,
        { kind: 'error', status: 500, code: 'InternalError', requestId: false } as const,
        { kind: 'error', status: 400, code: 'UserNetworkTooSlow' } as const,
        { kind: 'error', status: 403, code: 'AccessDenied' } as const,
        { kind: 'error', status: 403, code: 'AccessDenied', message: 'Request has expired' } as const,
        { kind: 'error', status: 402, code: 'PaymentRequired' } as const,
        { kind: 'portal', status: 200 } as const,
        { kind: 'portal', status: 302 } as const,
        { kind: 'portal', status: 407 } as const,
      ),
      fc.constantFrom(
        { kind: 'resetBeforeBody' } as const,
        { kind: 'resetMidBody', afterBytes: 1000 } as const,
        { kind: 'replyLost' } as const,
        { kind: 'replyCut', afterBytes: 50 } as const,
        { kind: 'corruptBody' } as const,
        { kind: 'missingEtag' } as const,
        { kind: 'wrongEtag' } as const,
        { kind: 'missingCrc' } as const,
        { kind: 'wrongCrc' } as const,
        { kind: 'forgetUpload' } as const,
        { kind: 'closeAfterReply', afterMs: 0 } as const,
      ),
    ),
  })
  .map(({ operation, nth, times, effect }) => ({ ...effect, match: { operation }, nth, times }));

const tries = fc.array(
  fc.record({
    faults: fc.array(faults, { maxLength: 3 }),
    /** After how many calls it is killed; null lets it end. */
    killAfter: fc.option(fc.integer({ min: 1, max: 40 }), { freq: 1 }),
    edited: fc.integer({ min: 0, max: 9 }).map((dice) => dice === 0),
    inParts: fc.boolean(),
  }),
  { minLength: 1, maxLength: 5 },
);

let rig: CosRig;
let directory: string;
let store: Store;
let rooms = 0;

beforeAll(async () => {
  rig = await startCosRig();
  directory = mkdtempSync(path.join(tmpdir(), 'upload-storm-'));
  store = openStore(directory, { now: Date.now });
});
afterAll(async () => {
  store.close();
  await rig.close();
  rmSync(directory, { recursive: true });
});

function ready(): { id: string; file: string; key: string } {
  rooms += 1;
  const secrets = { userSig: 'sig', ...CREDENTIAL, token: null };
  const created = store.recordings.create(
    newRecording({ cosBucket: BUCKET, cosRegion: REGION, roomId: rooms }),
    secrets,
  );
  if (created.kind !== 'created') throw new Error(created.kind);
  const { id } = created.recording;
  const file = path.join(directory, `${id}.mp4`);
  const key = `storm/${id}.mp4`;
  writeFileSync(file, randomBytes(SIZE));
  store.recordings.move(id, 'accepted', 'finalizing');
  store.files.put({
    recordingId: id,
    fileIndex: 0,
    userId: 'u',
    localPath: file,
    bytes: SIZE,
    durationMs: 1,
    objectKey: key,
    url: 'u',
  });
  store.recordings.move(id, 'finalizing', 'uploading');
  return { id, file, key };
}

function depsOf(changes: Partial<UploadStepDeps> = {}): UploadStepDeps {
  return {
    store,
    endpoint: rig.server.url,
    credentials: { current: () => null },
    settings: { ...defaultSettings().upload, partBytes: MIB, partsInFlight: 2, timeoutMs: 3000 },
    log: silentLogger(),
    now: Date.now,
    ...changes,
  };
}

async function runOnce(id: string, killAfter: number | null): Promise<Outcome | 'killed'> {
  const mortal = new Mortal(killAfter ?? Number.POSITIVE_INFINITY);
  let close = (): void => {};
  const step = createUploadStep(
    depsOf({
      store: mortal.wrap(store),
      createClient: (options) => {
        const client = createCosClient(options);
        close = () => client.close();
        return mortal.wrap(client);
      },
    }),
  );
  const row = store.recordings.get(id);
  if (!row) throw new Error('no row');
  const ended = step(row, new AbortController().signal, () => {}).catch((error: unknown): 'killed' => {
    if (error instanceof Error && error.message === 'killed') return 'killed';
    throw error;
  });
  const outcome = await Promise.race([ended, mortal.died]);
  close();
  return outcome;
}

async function sweepAll(): Promise<void> {
  store.strays.retryAll();
  const sweep = createStraySweep({
    ...{ store, clock: systemClock, random: Math.random, log: silentLogger() },
    clientFor: (stray) => {
      const recording = store.recordings.get(stray.recordingId);
      return recording ? clientFor(recording, depsOf()) : null;
    },
  });
  sweep.start();
  await expect.poll(() => store.strays.count(), { interval: 5 }).toBe(0);
  await sweep.stop();
}

it('faults and kills in any order end in one object, byte for byte, and no stray', async () => {
  // The SDK writes there what it thinks of clocks.
  const noise = vi.spyOn(console, 'error').mockImplementation(() => {});
  await fc.assert(
    fc.asyncProperty(tries, async (plan) => {
      const { id, file, key } = ready();
      let outcome: Outcome | 'killed' = 'killed';
      for (const { faults: list, killAfter, edited, inParts } of plan) {
        rig.server.faults.clear();
        for (const fault of list) rig.server.faults.add(fault);
        // A delivered file is read-only; one that is edited before is delivered as it is then.
        if (edited && store.files.list(id)[0]?.state !== 'uploaded') writeFileSync(file, randomBytes(SIZE));
        store.recordings.update(id, { uploadPace: inParts ? SLOWEST_PACE : 0 });
        outcome = await runOnce(id, killAfter);
        expect(outcome).not.toMatchObject({ kind: 'failed' });
      }
      rig.server.faults.clear();
      for (let more = 0; more < 5 && (outcome === 'killed' || outcome.kind !== 'done'); more += 1) {
        outcome = await runOnce(id, null);
        expect(outcome).not.toMatchObject({ kind: 'failed' });
      }
      expect(outcome).toEqual({ kind: 'done' });
      await sweepAll();
      expect(rig.server.orphans()).toEqual([]);
      expect(store.uploadJournal(id, 0).load()).toBeNull();
      expect(await rig.objectHash(key)).toBe(await hashFile(file));
      const names = readdirSync(path.join(rig.directory, 'cos', 'headers', BUCKET));
      expect(names.filter((name) => name.includes(id))).toHaveLength(1);
      rmSync(file);
    }),
    { numRuns: RUNS, interruptAfterTimeLimit: 45_000, markInterruptAsFailure: false },
  );
  noise.mockRestore();
});
