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
} from './file-access.ts';
import type { FileIdentity, UploadedPart, UploadJournal, UploadState } from './journal.ts';
import { objectKeyProblem } from './object-url.ts';
import { blockedOutcome, failedOutcome, laterOutcome, type UploadOutcome } from './outcome.ts';
import { choosePartSize, type PlannedPart, planParts } from './part-plan.ts';
import { UploadProgress } from './progress.ts';
import { checkReceipt, type Expected, expectedOf, objectMismatch, proves } from './proof.ts';

export type { FileIdentity, UploadedPart, UploadHead, UploadJournal, UploadState } from './journal.ts';
export type { UploadOutcome } from './outcome.ts';

export interface UploadDeps {
  client: CosClient;
  journal: UploadJournal;
  files?: FileAccess;
  /** Bytes acknowledged or under way; within one attempt they never go back. */
  onProgress?: (bytesDone: number, bytesTotal: number) => void;
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
  /** How often this file's upload was restarted before; what restarting cannot cure fails the second time. */
  restarts?: number;
}

const MIB = 1024 ** 2;
const DEFAULT_PART_BYTES = 8 * MIB;
const DEFAULT_CONCURRENCY = 3;
/** Removing strays is a courtesy to the bill: nothing waits for it longer than this. */
const TIDY_DEADLINE_MS = 10_000;

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
  readonly #plan: UploadPlan;
  readonly #signal: AbortSignal;

  constructor(deps: UploadDeps, plan: UploadPlan, signal: AbortSignal) {
    this.#client = deps.client;
    this.#journal = deps.journal;
    this.#files = deps.files ?? nodeFiles;
    this.#progress = new UploadProgress(deps.onProgress ?? (() => {}));
    this.#plan = plan;
    this.#signal = signal;
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
    const crc64 = await this.#withClock(async () => {
      const digest = await digestRange(this.#files, path, 0, size, this.#signal);
      const receipt = await this.#progress.whileSending(async (onBytes) => {
        const body = rangeBody(this.#files, path, 0, size, onBytes);
        const upload = { body, length: size, md5Base64: digest.md5Base64 };
        return await this.#client.putObject(key, contentType, upload, this.#signal);
      });
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
    const state = open ?? (await this.#init(identity));
    const planned = planParts(identity.size, state.partSize);
    const held = new Map<number, UploadedPart>();
    for (const part of state.parts) if (isPlanned(part, planned)) held.set(part.number, part);
    const heldBytes = expectedOf([...held.values()]).bytes;
    this.#progress.begin(identity.size, heldBytes);
    await this.#sendMissing(state, planned, held);
    if (!sameIdentity(await identifyFile(this.#files, this.#plan.path), identity)) throw fileChanged();
    return await this.#complete(state, planned, held);
  }

  #fits(open: UploadState, identity: FileIdentity): boolean {
    const { bucket, region } = this.#client;
    const sameTarget = open.bucket === bucket && open.region === region && open.key === this.#plan.key;
    return sameTarget && sameIdentity(open.identity, identity);
  }

  async #init(identity: FileIdentity): Promise<UploadState> {
    const { key, contentType, partBytes } = this.#plan;
    const partSize = choosePartSize(identity.size, partBytes ?? DEFAULT_PART_BYTES);
    const uploadId = await this.#withClock(() => this.#client.init(key, contentType, this.#signal));
    const head = { uploadId, bucket: this.#client.bucket, region: this.#client.region, key, partSize, identity };
    this.#journaled(() => this.#journal.saveInit(head));
    return { ...head, parts: [] };
  }

  /** Sends what COS has not acknowledged, some parts at once. Stops taking new ones at the first failure, and throws it at the end. */
  async #sendMissing(
    state: UploadState,
    planned: readonly PlannedPart[],
    held: Map<number, UploadedPart>,
  ): Promise<void> {
    const queue = planned.filter((part) => !held.has(part.number));
    const failures: unknown[] = [];
    const worker = async (): Promise<void> => {
      for (let part = queue.shift(); part !== undefined && failures.length === 0; part = queue.shift()) {
        try {
          held.set(part.number, await this.#sendPart(state, part));
        } catch (error) {
          failures.push(error);
        }
      }
    };
    const workers = Math.min(this.#plan.concurrency ?? DEFAULT_CONCURRENCY, queue.length);
    await Promise.all(Array.from({ length: workers }, worker));
    if (failures.length > 0) throw failures[0];
  }

  async #sendPart(state: UploadState, part: PlannedPart): Promise<UploadedPart> {
    const send = (): Promise<UploadedPart> => this.#withClock(() => this.#trySendPart(state, part));
    try {
      return await send();
    } catch (error) {
      // A kept-alive connection that the other side closed at this very moment is no sign of a bad line.
      const dropped = error instanceof CosError && ['ECONNRESET', 'EPIPE'].includes(error.code);
      if (!dropped || this.#signal.aborted) throw error;
      return await send();
    }
  }

  async #trySendPart(state: UploadState, part: PlannedPart): Promise<UploadedPart> {
    const { offset, length, number } = part;
    const { path, key } = this.#plan;
    const digest = await digestRange(this.#files, path, offset, length, this.#signal);
    const receipt = await this.#progress.whileSending(async (onBytes) => {
      const body = rangeBody(this.#files, path, offset, length, onBytes);
      const upload = { body, length, md5Base64: digest.md5Base64 };
      return await this.#client.uploadPart(key, state.uploadId, number, upload, this.#signal);
    });
    checkReceipt(receipt, digest.crc64, 'uploadPart');
    const uploaded = { number, offset, length, md5: digest.md5, crc64: digest.crc64, etag: receipt.etag };
    this.#journaled(() => this.#journal.savePart(uploaded));
    this.#progress.acknowledged(length);
    return uploaded;
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
        await this.#withClock(() => this.#client.complete(key, state.uploadId, parts, this.#signal));
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
    await this.#sendMissing(state, planned, held);
  }

  /** HEAD's facts when COS holds exactly our bytes, otherwise null. */
  async #findObject(expected: Expected): Promise<ObjectFacts | null> {
    const facts = await this.#withClock(() => this.#client.head(this.#plan.key, this.#signal));
    return proves(facts, expected) ? facts : null;
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
   * Failing is allowed: the permission may be missing, and the bucket's lifecycle rule is the second net.
   */
  async #tidy(): Promise<void> {
    const signal = this.#briefly();
    try {
      for (const uploadId of await this.#client.listUploads(this.#plan.key, signal)) {
        await this.#client.abort(this.#plan.key, uploadId, signal);
      }
    } catch {
      // Seen by nobody on purpose: the recording itself is delivered.
    }
  }

  /** Drops an upload that cannot be finished. When the abort does not get through, `#tidy` finds the stray later. */
  async #forget(state: UploadState, code: string): Promise<UploadOutcome> {
    if (state.bucket === this.#client.bucket && state.region === this.#client.region) {
      try {
        await this.#client.abort(state.key, state.uploadId, this.#briefly());
      } catch {
        // The next upload must not wait for the bill of this one.
      }
    }
    this.#journaled(() => this.#journal.clear());
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
        return (await this.#fileStillMatches())
          ? laterOutcome(why, error, this.#progress.gainedBytes)
          : await this.#restart('FileChanged');
      case 'askByGet':
        return await this.#askByGet();
    }
  }

  async #restart(code: string): Promise<UploadOutcome> {
    const open = this.#journaled(() => this.#journal.load());
    return open === null ? { kind: 'restart', code } : await this.#forget(open, code);
  }

  /** Reads every acknowledged part again. A file edited under its old time and size must not end up half old, half new. */
  async #fileStillMatches(): Promise<boolean> {
    const open = this.#journaled(() => this.#journal.load());
    if (open === null) return true;
    try {
      const identity = await identifyFile(this.#files, this.#plan.path);
      if (!sameIdentity(identity, open.identity)) return false;
      for (const part of open.parts) {
        const digest = await digestRange(this.#files, this.#plan.path, part.offset, part.length, this.#signal);
        if (digest.md5 !== part.md5) return false;
      }
      return true;
    } catch (error) {
      // An unreadable or interrupted file says nothing yet; the next attempt looks again.
      return !(error instanceof CosError && error.code === 'FileChanged');
    }
  }

  /** HEAD was refused without a reason. A call that only reads, and whose refusal has a body, tells the reason. */
  async #askByGet(): Promise<UploadOutcome> {
    try {
      await this.#client.listParts(this.#plan.key, 'no-such-upload', this.#signal);
    } catch (thrown) {
      const error = this.#signal.aborted ? cancelled() : toCosError(thrown, 'listParts');
      const why = classifyCosError(error);
      if (why.action === 'later') return laterOutcome(why, error, this.#progress.gainedBytes);
      if (why.action !== 'restart') return blockedOutcome(why, error);
    }
    return {
      kind: 'blocked',
      code: 'HeadForbidden',
      message: 'COS took the file but does not let this key look at it',
      remedy: 'Allow name/cos:HeadObject for this key: without it the delivery cannot be verified.',
      requestId: null,
    };
  }

  #briefly(): AbortSignal {
    return AbortSignal.any([this.#signal, AbortSignal.timeout(TIDY_DEADLINE_MS)]);
  }

  /** Repeats a call once when the clock was off: the SDK has set itself by the service's clock, but does not repeat streams. */
  async #withClock<T>(call: () => Promise<T>): Promise<T> {
    try {
      return await call();
    } catch (error) {
      if (!(error instanceof CosError) || classifyCosError(error).action !== 'retryNow') throw error;
      return await call();
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
