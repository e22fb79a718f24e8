import { rm } from 'node:fs/promises';
import path from 'node:path';
import { CAPTURING_STATES } from '../../shared/recording.ts';
import type { Clock, Timeout } from '../delivery/clock.ts';
import type { Runner } from '../delivery/runner.ts';
import type { ProblemResult } from '../http/box-api.ts';
import type { Logger } from '../logging.ts';
import type { Deletion, Epitaph } from '../store/deletions.ts';
import type { RecordingRow } from '../store/rows.ts';
import type { Store } from '../store/store.ts';
import { isTerminal } from './transitions.ts';

export interface DeletionsDeps {
  store: Pick<Store, 'recordings' | 'files' | 'segments' | 'callbacks' | 'deletions' | 'transaction'>;
  directoryOf(recordingId: string): string;
  runner: Pick<Runner, 'abandon'>;
  /** Whether the disk of the recordings is out of reach: what cannot be seen is not gone. */
  isDiskAway(): Promise<boolean>;
  /** Removes what was made from the recording's files to be shown. */
  forgetPreviews(recordingId: string): Promise<void>;
  clock: Clock;
  log: Pick<Logger, 'info' | 'warn' | 'error'>;
  /** Removes a folder with all that is in it; one that is not there is no error. The real one by default. */
  removeFolder?: (folder: string) => Promise<void>;
}

export interface DeletionOptions {
  /** Delete it although it is not delivered. */
  force: boolean;
  /** Name of the access token that asks; null when none was needed. */
  by: string | null;
}

export interface Deletions {
  /**
   * Deletes a recording from the box; what is in COS stays. Resolves when its rows are gone; files that cannot be removed now go later.
   * STILL_RUNNING and NOT_DELIVERED are refusals. Null when there is no such recording.
   */
  remove(recordingId: string, options: DeletionOptions): Promise<'deleted' | ProblemResult | null>;
  /** Finishes what an earlier box had begun. Rejects when rows cannot be read or written. */
  finishEarlier(): Promise<void>;
  /** Ends waiting for files that could not be removed; the next start tries again. */
  stop(): void;
}

/** Files that could not be removed are tried again after this. */
const RETRY_MS = 10 * 60_000;

export function createDeletions(deps: DeletionsDeps): Deletions {
  return new RecordingDeletions(deps);
}

/** What stands in the way of deleting a recording. Nobody may delete one that is running, and only who insists one that is not delivered. */
export function obstacleTo(
  row: RecordingRow,
  store: Pick<Store, 'files' | 'segments' | 'callbacks'>,
): 'STILL_RUNNING' | 'NOT_DELIVERED' | null {
  if ((CAPTURING_STATES as readonly string[]).includes(row.state)) return 'STILL_RUNNING';
  if (!isTerminal(row.state)) return 'NOT_DELIVERED';
  const files = store.files.list(row.id);
  const isNowhereElse = files.some(({ state }) => state !== 'uploaded');
  // Of what could not be made into a file the segments are all there is.
  const hasOnlySegments = row.outcome === 'failed' && files.length === 0 && store.segments.list(row.id).length > 0;
  const isUntold = store.callbacks.listOf(row.id).some(({ state }) => state === 'pending');
  return isNowhereElse || hasOnlySegments || isUntold ? 'NOT_DELIVERED' : null;
}

/**
 * Every step is written down before it is done, and each can be repeated: the wish, then the end of what is being done with the recording,
 * then its rows in one transaction with the event about it, then its files, then the wish itself.
 */
class RecordingDeletions implements Deletions {
  readonly #deps: DeletionsDeps;
  readonly #underWay = new Map<string, Promise<void>>();
  #timer: Timeout | undefined;
  #isStopped = false;

  constructor(deps: DeletionsDeps) {
    this.#deps = deps;
  }

  async remove(recordingId: string, { force, by }: DeletionOptions): Promise<'deleted' | ProblemResult | null> {
    const { store } = this.#deps;
    const refusal = store.transaction(() => {
      const row = store.recordings.get(recordingId);
      if (!row) return 'NOT_FOUND';
      const obstacle = obstacleTo(row, store);
      if (obstacle === 'STILL_RUNNING' || (obstacle !== null && !force)) return obstacle;
      store.deletions.begin({
        ...{ recordingId, askedBy: by, forced: obstacle !== null },
        folders: this.#foldersOf(recordingId),
      });
      return null;
    });
    if (refusal === 'NOT_FOUND') return null;
    if (refusal !== null) return { kind: 'problem', code: refusal };
    const deletion = store.deletions.list().find((one) => one.recordingId === recordingId);
    if (deletion) await this.#finishOnce(deletion);
    return 'deleted';
  }

  async finishEarlier(): Promise<void> {
    for (const deletion of this.#deps.store.deletions.list()) await this.#finishOnce(deletion);
  }

  stop(): void {
    this.#isStopped = true;
    if (this.#timer !== undefined) this.#deps.clock.clearTimeout(this.#timer);
  }

  /** Asked for twice it is done once. */
  #finishOnce(deletion: Deletion): Promise<void> {
    const { recordingId } = deletion;
    const finished =
      this.#underWay.get(recordingId) ?? this.#finish(deletion).finally(() => this.#underWay.delete(recordingId));
    this.#underWay.set(recordingId, finished);
    return finished;
  }

  async #finish(deletion: Deletion): Promise<void> {
    const { store, runner, log, forgetPreviews } = this.#deps;
    const { recordingId, folders } = deletion;
    await runner.abandon(recordingId);
    store.deletions.forget(recordingId, this.#epitaphOf(deletion));
    try {
      if (await this.#deps.isDiskAway()) throw new Error('the disk of the recordings is away');
      for (const folder of folders) await this.#removeFolder(folder);
      await forgetPreviews(recordingId);
    } catch (error) {
      log.warn({ recordingId, err: error }, 'files of a deleted recording could not be removed; trying again later');
      this.#tryLater();
      return;
    }
    store.deletions.end(recordingId);
    log.info({ recordingId, forced: deletion.forced }, 'recording deleted');
  }

  async #removeFolder(folder: string): Promise<void> {
    const { removeFolder = (each: string) => rm(each, { recursive: true, force: true }) } = this.#deps;
    await removeFolder(folder);
  }

  #tryLater(): void {
    const { clock, log } = this.#deps;
    if (this.#isStopped) return;
    if (this.#timer !== undefined) clock.clearTimeout(this.#timer);
    this.#timer = clock.setTimeout(() => {
      this.finishEarlier().catch((error: unknown) => log.error({ err: error }, 'deletions could not be finished'));
    }, RETRY_MS);
  }

  /** Its own folder, and those where earlier settings had put its files. Only a folder that bears the id is ever one of them. */
  #foldersOf(recordingId: string): string[] {
    const { store, directoryOf } = this.#deps;
    const files = [...store.files.list(recordingId), store.files.manifest(recordingId)];
    const folders = [
      directoryOf(recordingId),
      ...files.flatMap((file) => (file ? [path.dirname(file.localPath)] : [])),
    ].map((folder) => path.resolve(folder));
    return [...new Set(folders)].filter((folder) => path.basename(folder) === recordingId);
  }

  #epitaphOf({ recordingId, askedBy, forced }: Deletion): Epitaph {
    const { store } = this.#deps;
    const row = store.recordings.get(recordingId);
    if (!row) return {};
    const files = store.files.list(recordingId);
    return {
      ...{ by: askedBy, forced, state: row.state, outcome: row.outcome },
      ...{ sdkAppId: row.sdkAppId, roomId: row.roomId, strRoomId: row.strRoomId, userId: row.userId },
      createdAt: new Date(row.createdAtMs).toISOString(),
      files: files.map(({ objectKey, bytes, sha256, crc64, state }) => ({ objectKey, bytes, sha256, crc64, state })),
    };
  }
}
