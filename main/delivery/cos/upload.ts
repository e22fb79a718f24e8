import { type Clock, systemClock, type Timeout } from '../clock.ts';
import { classifyCosError } from './classify.ts';
import type { CosClient, ObjectFacts } from './cos-client.ts';
import { CosError, toCosError } from './cos-error.ts';
import {
  digestRange,
  type FileAccess,
  fileChanged,
  identifyFile,
  nodeFiles,
  rangeBody,
  sameIdentity,
  type Throttle,
} from './file-access.ts';
import type { FileIdentity, UploadedPart, UploadJournal, UploadState } from './journal.ts';
import { objectKeyProblem } from './object-url.ts';
import { blockedOutcome, failedOutcome, headForbidden, laterOutcome, type UploadOutcome } from './outcome.ts';
import { choosePartSize, type PlannedPart, planParts } from './part-plan.ts';
import { PartSender } from './part-sender.ts';
import { UploadProgress } from './progress.ts';
import { checkReceipt, type Expected, expectedOf, objectMismatch, proves } from './proof.ts';
import { stillMatches } from './still-matches.ts';
import { withClock } from './with-clock.ts';

export type { FileIdentity, UploadedPart, UploadHead, UploadJournal, UploadState } from './journal.ts';
export type { UploadOutcome } from './outcome.ts';

export interface UploadDeps {
  client: CosClient;
  journal: UploadJournal;
  files?: FileAccess;
  /** Bytes that COS acknowledged; within one attempt they never go back. Called at every sign of life, also without new bytes. */
  onProgress?: (bytesDone: number, bytesTotal: number) => void;
  /** Holds bytes back; nothing does by default. */
  throttle?: Throttle | undefined;
  /** Asked before each part; false ends the attempt as `later Paused`. */
  mayGoOn?: () => boolean;
  clock?: Clock;
}

export interface UploadPlan {
  /** The finalized file; nobody writes to it any more. */
  path: string;
  /** Object key without a leading slash. Must be this file's alone: strays of the same key are aborted. */
  key: string;
  contentType: string;
  /** Files from this size on go up in parts; bytes, default 8 MiB. */
  multipartFromBytes?: number;
  /** Wanted size of new uploads' parts; bytes, default 8 MiB. */
  partBytes?: number;
  /** Parts in flight; default 3. */
  concurrency?: number;
  /** Part size of an open upload from which on it is begun anew with smaller parts, whatever it holds: they do not get through. */
  tooLargePartBytes?: number | undefined;
  /** How often this file's upload was restarted before; what restarting cannot cure fails the second time. */
  restarts?: number;
}

const MIB = 1024 ** 2;
const DEFAULT_PART_BYTES = 8 * MIB;
const DEFAULT_CONCURRENCY = 3;
/** Removing strays is a courtesy to the bill: nothing waits for it longer than this. */
const TIDY_DEADLINE_MS = 10_000;
/** COS says nothing while it merges parts, so the attempt says that it lives. The call's own limits end a dead one. */
const MERGE_SIGN_MS = 20_000;

/**
 * One attempt to bring one file to COS. Goes on where the journal says an earlier attempt ended, and ends with a value, whatever COS, the
 * line or the file do; it throws only when the journal does. On `done` the journal is left as it is: the caller clears it together with
 * recording the result, so that a crash in between finds the object again instead of sending it twice.
 */
export async function uploadObject(deps: UploadDeps, plan: UploadPlan, signal: AbortSignal): Promise<UploadOutcome> {
  const problem = objectKeyProblem(plan.key);
  if (problem !== null) return { kind: 'failed', code: 'InvalidKey', message: problem, requestId: null };
  try {
    return await new Attempt(deps, plan, signal).run();
  } catch (error) {
    throw error instanceof JournalFailure ? error.cause : error;
  }
}

/** A journal's error must not be taken for one of COS. */
class JournalFailure extends Error {}

class Attempt {
  readonly #client: CosClient;
  readonly #journal: UploadJournal;
  readonly #files: FileAccess;
  readonly #progress: UploadProgress;
  readonly #clock: Clock;
  readonly #sender: PartSender;
  readonly #throttle: Throttle | undefined;
  readonly #plan: UploadPlan;
  readonly #signal: AbortSignal;

  constructor(deps: UploadDeps, plan: UploadPlan, signal: AbortSignal) {
    this.#client = deps.client;
    this.#journal = deps.journal;
    this.#files = deps.files ?? nodeFiles;
    this.#progress = new UploadProgress(deps.onProgress ?? (() => {}));
    this.#clock = deps.clock ?? systemClock;
    this.#throttle = deps.throttle;
    this.#plan = plan;
    this.#signal = signal;
    this.#sender = new PartSender({
      client: deps.client,
      files: this.#files,
      progress: this.#progress,
      path: plan.path,
      key: plan.key,
      concurrency: plan.concurrency ?? DEFAULT_CONCURRENCY,
      signal,
      throttle: deps.throttle,
      mayGoOn: deps.mayGoOn ?? (() => true),

      save: (part) => this.#journaled(() => this.#journal.savePart(part)),
    });
  }

  async run(): Promise<UploadOutcome> {
    try {
      const identity = await identifyFile(this.#files, this.#plan.path);
      const open = this.#journaled(() => this.#journal.load());
      if (open === null && identity.size < (this.#plan.multipartFromBytes ?? DEFAULT_PART_BYTES)) {
        return await this.#putWhole(identity);
      }
      return await this.#putParts(identity, open);
    } catch (error) {
      if (error instanceof JournalFailure) throw error;
      return await this.#outcomeOf(this.#signal.aborted ? cancelled() : toCosError(error, 'readFile'));
    }
  }

  async #putWhole(identity: FileIdentity): Promise<UploadOutcome> {
    const { key, contentType, path } = this.#plan;
    const { size } = identity;
    this.#progress.begin(size, 0);
    const crc64 = await withClock(async () => {
      const onBytes = (): void => this.#progress.alive();
      const options = { signal: this.#signal, onBytes, throttle: this.#throttle };
      const digest = await digestRange(this.#files, path, 0, size, options);
      const body = rangeBody(this.#files, path, 0, size, options);
      const upload = { body, length: size, md5Base64: digest.md5Base64 };
      const receipt = await this.#client.putObject(key, contentType, upload, this.#signal);
      checkReceipt(receipt, digest.crc64, 'putObject');
      return digest.crc64;
    });
    const expected = { bytes: size, crc64 };
    const facts = await this.#findObject(expected);
    if (facts === null) throw objectMismatch();
    return this.#done(facts, expected);
  }

  async #putParts(identity: FileIdentity, open: UploadState | null): Promise<UploadOutcome> {
    if (open !== null && !this.#fits(open, identity)) return await this.#forget(open, 'FileChanged');
    if (open !== null && this.#isTooCoarse(open)) return await this.#forget(open, 'PartsTooLarge');
    const state = open ?? (await this.#init(identity));
    const planned = planParts(identity.size, state.partSize);
    const held = new Map<number, UploadedPart>();
    for (const part of state.parts) if (isPlanned(part, planned)) held.set(part.number, part);
    const heldBytes = expectedOf([...held.values()]).bytes;
    this.#progress.begin(identity.size, heldBytes);
    await this.#sender.sendMissing(state.uploadId, planned, held);
    if (!sameIdentity(await identifyFile(this.#files, this.#plan.path), identity)) throw fileChanged();
    return await this.#complete(state, planned, held);
  }

  #fits(open: UploadState, identity: FileIdentity): boolean {
    const { bucket, region } = this.#client;
    const sameTarget = open.bucket === bucket && open.region === region && open.key === this.#plan.key;
    return sameTarget && sameIdentity(open.identity, identity);
  }

  /** Parts that are larger than wanted are kept once one of them has come through, unless the plan says that they never do. */
  #isTooCoarse({ partSize, parts, identity }: UploadState): boolean {
    const { partBytes = DEFAULT_PART_BYTES, tooLargePartBytes = Number.POSITIVE_INFINITY } = this.#plan;
    if (partSize <= choosePartSize(identity.size, partBytes)) return false;
    return parts.length === 0 || partSize >= tooLargePartBytes;
  }

  async #init(identity: FileIdentity): Promise<UploadState> {
    const { key, contentType, partBytes } = this.#plan;
    const partSize = choosePartSize(identity.size, partBytes ?? DEFAULT_PART_BYTES);
    const target = { bucket: this.#client.bucket, region: this.#client.region, key };
    this.#journaled(() => this.#journal.announce(target));
    const uploadId = await withClock(() => this.#client.init(key, contentType, this.#signal));
    const head = { uploadId, ...target, partSize, identity };
    this.#journaled(() => this.#journal.saveInit(head));
    return { ...head, parts: [] };
  }

  async #complete(
    state: UploadState,
    planned: readonly PlannedPart[],
    held: Map<number, UploadedPart>,
  ): Promise<UploadOutcome> {
    const { key } = this.#plan;
    for (let round = 1; ; round++) {
      const parts = planned.map((part) => held.get(part.number)).filter((part) => part !== undefined);
      const expected = expectedOf(parts);
      try {
        await this.#whileMerging(() => this.#client.complete(key, state.uploadId, parts, this.#signal));
      } catch (thrown) {
        const error = toCosError(thrown, 'complete');
        const why = classifyCosError(error);
        if (why.action === 'reconcile' && round === 1) {
          await this.#reconcile(state, planned, held);
          continue;
        }
        if (why.action === 'reconcile') return await this.#forget(state, why.code);
        if (why.action !== 'checkHead') throw error;
        const facts = await this.#findObject(expected);
        if (facts !== null) return await this.#doneInParts(facts, expected);
        if (why.otherwise === 'later') return laterOutcome(why, error, this.#progress.gainedBytes);
        return await this.#forget(state, why.code);
      }
      const facts = await this.#findObject(expected);
      if (facts === null) throw objectMismatch();
      return await this.#doneInParts(facts, expected);
    }
  }

  /** Sends again every part that COS holds otherwise than the journal says. */
  async #reconcile(
    state: UploadState,
    planned: readonly PlannedPart[],
    held: Map<number, UploadedPart>,
  ): Promise<void> {
    const listed = await this.#client.listParts(this.#plan.key, state.uploadId, this.#signal);
    const byNumber = new Map(listed.map((part) => [part.number, part]));
    for (const part of [...held.values()]) {
      const there = byNumber.get(part.number);
      if (there?.etag === part.etag && there.bytes === part.length) continue;
      held.delete(part.number);
      this.#progress.withdrawn(part.length);
    }
    await this.#sender.sendMissing(state.uploadId, planned, held);
  }

  /** HEAD's facts when COS holds exactly our bytes, otherwise null. */
  async #findObject(expected: Expected): Promise<ObjectFacts | null> {
    const facts = await this.#head();
    return proves(facts, expected) ? facts : null;
  }

  async #head(): Promise<ObjectFacts | null> {
    try {
      return await this.#client.head(this.#plan.key, this.#signal);
    } catch (error) {
      if (!(error instanceof CosError) || classifyCosError(error).action !== 'askByGet') throw error;
    }
    // A refusal of HEAD has no body. That of a call with one tells the reason, and lets the SDK learn what time COS has.
    try {
      await withClock(() => this.#client.listParts(this.#plan.key, 'no-such-upload', this.#signal));
    } catch (error) {
      if (!(error instanceof CosError) || error.code !== 'NoSuchUpload') throw error;
    }
    return await this.#client.head(this.#plan.key, this.#signal);
  }

  #done(facts: ObjectFacts, expected: Expected): UploadOutcome {
    this.#progress.finished();
    return { kind: 'done', etag: facts.etag, ...expected, requestId: facts.requestId };
  }

  async #doneInParts(facts: ObjectFacts, expected: Expected): Promise<UploadOutcome> {
    await this.#tidy();
    return this.#done(facts, expected);
  }

  /**
   * Aborts uploads of our key that nobody knows any more: an Init whose answer was lost, an abort that did not get through.
   * What fails here stays in the journal as a stray, to be looked for later: the recording itself is delivered.
   */
  async #tidy(): Promise<void> {
    const signal = this.#briefly();
    try {
      for (const uploadId of await this.#client.listUploads(this.#plan.key, signal)) {
        await this.#client.abort(this.#plan.key, uploadId, signal);
      }
    } catch {
      return;
    }
    this.#journaled(() => this.#journal.swept());
  }

  /** Drops an upload that cannot be finished. It is a stray until COS has confirmed that it is gone. */
  async #forget(state: UploadState, code: string): Promise<UploadOutcome> {
    this.#journaled(() => this.#journal.abandon());
    if (state.bucket === this.#client.bucket && state.region === this.#client.region) {
      try {
        await this.#client.abort(state.key, state.uploadId, this.#briefly());
      } catch {
        // The next upload must not wait for the bill of this one.
        return { kind: 'restart', code };
      }
      this.#journaled(() => this.#journal.aborted(state.uploadId));
    }
    return { kind: 'restart', code };
  }

  async #outcomeOf(error: CosError): Promise<UploadOutcome> {
    const why = classifyCosError(error);
    switch (why.action) {
      case 'later':
      case 'checkHead':
        return laterOutcome(why, error, this.#progress.gainedBytes);
      case 'block':
      case 'retryNow':
        return blockedOutcome(why, error);
      case 'fail':
        await this.#restart(why.code);
        return failedOutcome(error);
      case 'restartOnce':
        if ((this.#plan.restarts ?? 0) === 0) return await this.#restart(why.code);
        await this.#restart(why.code);
        return failedOutcome(error);
      case 'restart':
      case 'reconcile':
        return await this.#restart(why.code);
      case 'rehash':
        return (await this.#stillMatches())
          ? laterOutcome(why, error, this.#progress.gainedBytes)
          : await this.#restart('FileChanged');
      case 'askByGet':
        // A call with a body was let through, only HEAD was not.
        return headForbidden();
    }
  }

  async #stillMatches(): Promise<boolean> {
    const open = this.#journaled(() => this.#journal.load());
    if (open === null) return true;
    return await stillMatches(this.#files, this.#plan.path, open, this.#signal, () => this.#progress.alive());
  }

  async #restart(code: string): Promise<UploadOutcome> {
    const open = this.#journaled(() => this.#journal.load());
    return open === null ? { kind: 'restart', code } : await this.#forget(open, code);
  }

  #briefly(): AbortSignal {
    return AbortSignal.any([this.#signal, AbortSignal.timeout(TIDY_DEADLINE_MS)]);
  }

  /** Complete may take minutes, in which nothing is to be seen from here. */
  async #whileMerging(call: () => Promise<void>): Promise<void> {
    let timer: Timeout | undefined;
    const sign = (): void => {
      this.#progress.alive();
      timer = this.#clock.setTimeout(sign, MERGE_SIGN_MS);
    };
    sign();
    try {
      await withClock(call);
    } finally {
      if (timer !== undefined) this.#clock.clearTimeout(timer);
    }
  }

  #journaled<T>(use: () => T): T {
    try {
      return use();
    } catch (cause) {
      throw new JournalFailure('The upload journal failed', { cause });
    }
  }
}

function isPlanned(part: UploadedPart, planned: readonly PlannedPart[]): boolean {
  const plan = planned[part.number - 1];
  return plan !== undefined && plan.offset === part.offset && plan.length === part.length && part.etag !== '';
}

function cancelled(): CosError {
  return new CosError({
    origin: 'local',
    code: 'Cancelled',
    message: 'The upload was interrupted',
    operation: 'readFile',
  });
}
