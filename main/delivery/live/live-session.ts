import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '../../logging.ts';
import { fileName, mediaKind, objectKey } from '../../recordings/naming.ts';
import { groupByOutput } from '../../recordings/outputs.ts';
import type { Store } from '../../store/store.ts';
import { classifyCosError } from '../cos/classify.ts';
import { CosError } from '../cos/cos-error.ts';
import { identifyFile, nodeFiles } from '../cos/file-access.ts';
import type { UploadJournal } from '../cos/journal.ts';
import { choosePartSize } from '../cos/part-plan.ts';
import { isPaused, sendEarly, usableParts } from '../cos/send-early.ts';
import type { FinalizeFileSystem } from '../join/write-file.ts';
import { clientFor, contentTypeOf, type UploadStepDeps } from '../upload-step.ts';
import { type BeginMedia, type FinishedFile, type FinishPlan, LiveFile, type LiveSegment } from './live-file.ts';
import { LiveMp3 } from './live-mp3.ts';
import { LiveMp4 } from './live-mp4.ts';

export interface LiveSessionDeps {
  store: Pick<Store, 'recordings' | 'segments' | 'uploadJournal'>;
  directoryOf(recordingId: string): string;
  upload: UploadStepDeps;
  fileSystem: FinalizeFileSystem;
  /** Whether parts may be sent now. */
  maySend(): boolean;
  /** Runs work when it is its turn: all recordings share a few. Rejects when `signal` aborts before that. */
  inTurn(work: () => Promise<void>, signal: AbortSignal): Promise<void>;
  /** Longest that a recording may become. */
  maxLengthMs(): number;
  log: Logger;
}

/** What a recording's end made of its early parts. */
export interface AdoptableFile extends FinishedFile {
  /** How much of the file COS has. */
  sentBytes: number;
  /** Makes the early parts those of the finished file; to be called together with writing its row. */
  adopt(): void;
}

const BEGINNINGS: Readonly<Record<ReturnType<typeof mediaKind>, BeginMedia>> = {
  mp3: LiveMp3.create,
  mp4: LiveMp4.create,
};
/** Small, because what is missing of the last one has to be sent after the end. */
const PART_BYTES = 1024 ** 2;
/** What a mix usually takes. One that takes more than fits into all parts gets a large last one. */
const USUAL_BYTES_PER_SECOND = 80_000;
const RETRY_BASE_MS = 2000;
const RETRY_CAP_MS = 60_000;
/** Others may send after so many parts. */
const PARTS_PER_TURN = 8;
/** Uploads that COS did not keep are begun again so often. */
const MAX_RESTARTS = 3;
/** A part that is on its way when the recording ends may get there, if it does so quickly. */
const LAST_PART_MS = 1500;

/** Where a recording's file grows. */
export function workingFile(recordingDirectory: string): string {
  return path.join(recordingDirectory, 'mix.live.partial');
}

/** Sends one recording's mix while it grows. Its upload is that of file 0, as the mix always is. */
export class LiveSession {
  readonly #deps: LiveSessionDeps;
  readonly #recordingId: string;
  readonly #journal: UploadJournal;
  readonly #ending = new AbortController();
  #file: LiveFile | null = null;
  /** Parts in the journal that are known to be those of `#file`. */
  #proven = new Set<number>();
  #looking: Promise<void> | null = null;
  #sending: Promise<void> | null = null;
  #stopSending = new AbortController();
  #isHalted = false;
  #failures = 0;
  #restarts = 0;
  #sendNotBeforeMs = 0;
  /** With fewer bytes than these there is nothing to send. */
  #moreFromBytes = 0;
  #lookNotBeforeMs = 0;
  #problem: string | null = null;

  constructor(deps: LiveSessionDeps, recordingId: string) {
    this.#deps = deps;
    this.#recordingId = recordingId;
    this.#journal = deps.store.uploadJournal(recordingId, 0);
  }

  /** Why this recording has to go the ordinary way; null while it does not. */
  get problem(): string | null {
    return this.#problem;
  }

  /** Takes in what has come, and sends it in the background. Joins a look that is under way. Never rejects. */
  look(): Promise<void> {
    this.#looking ??= this.#look().finally(() => {
      this.#looking = null;
    });
    return this.#looking;
  }

  /**
   * Makes the recording's file of what has been sent and the rest. Null when there is no media, or a `problem`. Rejects with system errors and
   * the signal's reason; another session may try it again then.
   */
  async finish(plan: FinishPlan): Promise<AdoptableFile | null> {
    this.#isHalted = true;
    await this.#looking;
    try {
      this.#file ??= await this.#begin();
      const finished = await this.#file.finish(plan);
      await this.#endSending(LAST_PART_MS);
      if (finished === null) return null;
      const adoption = await this.#adoption(plan, finished);
      this.#file = null;
      return { ...finished, ...adoption };
    } catch (error) {
      if (!plan.signal.aborted)
        this.#problem = problemOf(error) ?? (codeOf(error) === 'ENOENT' ? 'its folder is missing' : null);
      if (this.#problem === null) throw error;
      return null;
    } finally {
      await this.discard();
    }
  }

  /** Ends everything and removes the working file. Never rejects. */
  async discard(): Promise<void> {
    this.#isHalted = true;
    this.#ending.abort(new Error('the recording is not sent early any more'));
    await this.#looking;
    await this.#abandonFile();
  }

  async #look(): Promise<void> {
    const { upload, log } = this.#deps;
    if (this.#isHalted || this.#problem !== null || upload.now() < this.#lookNotBeforeMs) return;
    try {
      this.#file ??= await this.#begin();
      await this.#file.advance(this.#segments(), this.#ending.signal);
    } catch (error) {
      await this.#abandonFile();
      this.#lookNotBeforeMs = upload.now() + RETRY_CAP_MS;
      if (this.#ending.signal.aborted) return;
      this.#problem = problemOf(error);
      if (this.#problem !== null) return;
      log.warn({ recordingId: this.#recordingId, err: error }, 'a growing recording cannot be followed; trying again');
      return;
    }
    const isNothingNew = this.#file.bytes < this.#moreFromBytes;
    if (isNothingNew || this.#sending !== null || upload.now() < this.#sendNotBeforeMs) return;
    this.#stopSending = new AbortController();
    this.#sending = this.#send(this.#file, this.#stopSending.signal).finally(() => {
      this.#sending = null;
    });
  }

  async #begin(): Promise<LiveFile> {
    const { store, directoryOf, fileSystem } = this.#deps;
    this.#proven = new Set();
    this.#moreFromBytes = 0;
    const recording = store.recordings.get(this.#recordingId);
    if (!recording) throw new Error(`recording ${this.#recordingId} is missing`);
    const file = workingFile(directoryOf(this.#recordingId));
    return await LiveFile.create(file, fileSystem, BEGINNINGS[mediaKind(recording.mode)]);
  }

  async #abandonFile(): Promise<void> {
    await this.#endSending(0);
    await this.#file?.discard();
    this.#file = null;
  }

  #segments(): LiveSegment[] {
    const { store, directoryOf } = this.#deps;
    const rows = store.segments.list(this.#recordingId).filter(({ output }) => output === 'mix');
    return groupByOutput(rows).flatMap(({ segments }) =>
      segments.map(({ file, startMs, closedAtMs }) => ({
        path: path.join(directoryOf(this.#recordingId), path.basename(file)),
        startMs,
        isEnded: closedAtMs !== null,
      })),
    );
  }

  /** Sends what there is, turn by turn. Never rejects. */
  async #send(file: LiveFile, signal: AbortSignal): Promise<void> {
    const { inTurn, maySend } = this.#deps;
    const mayGoOn = (): boolean => !this.#isHalted && maySend();
    try {
      for (let isMore = true; isMore && mayGoOn(); ) {
        let left = PARTS_PER_TURN;
        const isLeft = (): boolean => {
          left -= 1;
          return left >= 0 && mayGoOn();
        };
        await inTurn(() => this.#sendParts(file, isLeft, signal), signal);
        isMore = left < 0;
      }
      this.#failures = 0;
    } catch (error) {
      // What fails while the file is ended is sent with the rest.
      if (!signal.aborted && !this.#isHalted) this.#afterFailure(error);
    }
  }

  async #sendParts(file: LiveFile, mayGoOn: () => boolean, signal: AbortSignal): Promise<void> {
    const { upload, store, maxLengthMs } = this.#deps;
    const recording = store.recordings.get(this.#recordingId);
    const client = recording && clientFor(recording, upload);
    if (!client) return;
    const name = fileName(recording);
    const usualBytes = (maxLengthMs() / 1000) * USUAL_BYTES_PER_SECOND;
    const plan = {
      path: file.path,
      readyBytes: file.bytes,
      key: objectKey(recording, name),
      contentType: contentTypeOf(name),
      partBytes: choosePartSize(usualBytes, PART_BYTES),
    };
    try {
      this.#moreFromBytes = await sendEarly(
        { client, journal: this.#journal, throttle: upload.throttle, mayGoOn },
        plan,
        this.#proven,
        signal,
      );
    } catch (error) {
      if (!isPaused(error)) throw error;
    } finally {
      client.close();
    }
  }

  #afterFailure(error: unknown): void {
    const { upload, log } = this.#deps;
    const action = error instanceof CosError ? classifyCosError(error).action : 'later';
    const code = error instanceof CosError ? error.code : 'UNEXPECTED';
    if (this.#failures === 0) {
      log.info({ recordingId: this.#recordingId, code, action }, 'a part could not be sent early; trying again later');
    }
    this.#sendNotBeforeMs = upload.now() + Math.min(RETRY_CAP_MS, RETRY_BASE_MS * 2 ** this.#failures);
    this.#failures = Math.min(this.#failures + 1, 10);
    const isLost = action === 'restart' || action === 'restartOnce';
    if (isLost) this.#restarts += 1;
    if (action === 'fail' || this.#restarts > MAX_RESTARTS) this.#problem = `parts cannot be sent early (${code})`;
    if (!isLost) return;
    this.#journal.abandon();
    this.#proven.clear();
    this.#moreFromBytes = 0;
  }

  async #endSending(withinMs: number): Promise<void> {
    if (this.#sending === null) return;
    if (withinMs > 0) await Promise.race([this.#sending, sleep(withinMs, undefined, { ref: false })]);
    this.#stopSending.abort(new Error('the recording has ended'));
    await this.#sending;
  }

  /** What of the finished file COS has already; what was changed at the end is read again. */
  async #adoption(
    { output, signal }: FinishPlan,
    { changed }: FinishedFile,
  ): Promise<Pick<AdoptableFile, 'sentBytes' | 'adopt'>> {
    const open = this.#journal.load();
    if (open === null) return { sentBytes: 0, adopt: () => {} };
    const identity = await identifyFile(nodeFiles, output);
    const changedEnd = changed.offset + changed.length;
    const untouched = open.parts.filter(
      ({ offset, length }) => offset + length <= changed.offset || offset >= changedEnd,
    );
    const proven = new Set(untouched.map(({ number }) => number).filter((number) => this.#proven.has(number)));
    const usable = await usableParts(open, { path: output, identity }, proven, signal);
    if (usable === null) return { sentBytes: 0, adopt: () => this.#journal.abandon() };
    const sent = open.parts.filter(({ number }) => usable.has(number));
    return {
      sentBytes: sent.reduce((sum, { length }) => sum + length, 0),
      adopt: () => this.#journal.adopt(identity, usable),
    };
  }
}

/** Why the ordinary way has to be taken; null for what disk, database or line did, which may be over at the next try. */
function problemOf(error: unknown): string | null {
  const code = codeOf(error);
  if (code !== null && !code.startsWith('ERR_')) return null;
  return error instanceof Error ? error.message : String(error);
}

function codeOf(error: unknown): string | null {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : null;
}
