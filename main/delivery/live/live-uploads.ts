import * as nodeFileSystem from 'node:fs/promises';
import { mediaOf } from '../../../shared/recording.ts';
import type { Logger } from '../../logging.ts';
import type { Settings } from '../../settings/settings.ts';
import type { RecordingRow } from '../../store/rows.ts';
import type { Store } from '../../store/store.ts';
import type { Clock, Timeout } from '../clock.ts';
import type { FinalizeFileSystem } from '../join/write-file.ts';
import { createTurns } from '../turns.ts';
import type { UploadStepDeps } from '../upload-step.ts';
import { isOpen } from '../upload-window.ts';
import type { FinishPlan } from './live-file.ts';
import { type AdoptableFile, LiveSession, workingFile } from './live-session.ts';

export interface LiveUploadsDeps {
  store: Pick<Store, 'recordings' | 'segments' | 'uploadJournal' | 'liveUploads' | 'events' | 'transaction'>;
  settings: Pick<Settings, 'upload' | 'loudness' | 'limits'>;
  directoryOf(recordingId: string): string;
  upload: UploadStepDeps;
  clock: Clock;
  log: Logger;
  fileSystem?: FinalizeFileSystem;
}

/** Sends mixes to COS while they are recorded, for those whose settings want it. */
export interface LiveUploads {
  start(): void;
  /**
   * Makes a recording's mix of what was sent early and the rest. Null when the recording goes the ordinary way: whatever was sent of it is
   * given up then. Rejects with system errors and the signal's reason.
   */
  finish(recordingId: string, plan: FinishPlan): Promise<AdoptableFile | null>;
  /** Finalizing has come to an end; early parts that no file has adopted are given up. */
  finalized(recordingId: string): Promise<void>;
  /** Resolves when nothing is sent and no file is written any more. */
  stop(): Promise<void>;
}

const LOOK_MS = 1000;
/** The same while nothing is to be sent early: only the setting may have changed. */
const REST_LOOK_MS = 4_000;
/** Turns at a time, over all recordings: finished files have six connections unless somebody sets it otherwise. */
const TURNS = 2;

export function createLiveUploads(deps: LiveUploadsDeps): LiveUploads {
  return new Live(deps);
}

class Live implements LiveUploads {
  readonly #deps: LiveUploadsDeps;
  readonly #sessions = new Map<string, LiveSession>();
  /** Recordings under way that go the ordinary way. */
  readonly #ordinary = new Set<string>();
  readonly #inTurn = createTurns(TURNS);
  #timer: Timeout | undefined;
  #looking: Promise<void> | null = null;
  #isStopped = false;

  constructor(deps: LiveUploadsDeps) {
    this.#deps = deps;
  }

  start(): void {
    this.#plan(0);
  }

  async finish(recordingId: string, plan: FinishPlan): Promise<AdoptableFile | null> {
    const { store } = this.#deps;
    if (!store.liveUploads.has(recordingId)) return null;
    const sent = store.uploadJournal(recordingId, 0).load()?.parts ?? [];
    if (sent.length === 0) {
      await this.#drop(recordingId, 'nothing had been sent');
      return null;
    }
    const session = this.#session(recordingId);
    this.#sessions.delete(recordingId);
    const file = await session.finish(plan);
    if (file === null) await this.#drop(recordingId, session.problem ?? 'there is no media');
    return file;
  }

  async finalized(recordingId: string): Promise<void> {
    const { store } = this.#deps;
    this.#ordinary.delete(recordingId);
    const open = store.uploadJournal(recordingId, 0).load();
    const isAdopted = open !== null && open.identity.size > 0;
    if (store.liveUploads.has(recordingId) && !isAdopted)
      await this.#drop(recordingId, 'the finished file is another one');
    await this.#close(recordingId);
    // One of before a restart has no session here; whoever cannot remove it has a file too many, and a recording all the same.
    const { directoryOf, fileSystem = nodeFileSystem } = this.#deps;
    await fileSystem.rm(workingFile(directoryOf(recordingId)), { force: true }).catch(() => {});
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    if (this.#timer !== undefined) this.#deps.clock.clearTimeout(this.#timer);
    await this.#looking;
    await Promise.all([...this.#sessions.keys()].map((id) => this.#close(id)));
  }

  #plan(delayMs: number): void {
    if (this.#isStopped) return;
    this.#timer = this.#deps.clock.setTimeout(() => {
      this.#looking = this.#look()
        .catch((error: unknown) => this.#deps.log.error({ err: error }, 'growing recordings could not be looked at'))
        .finally(() => {
          this.#looking = null;
          this.#plan(this.#isAtRest() ? REST_LOOK_MS : LOOK_MS);
        });
    }, delayMs);
  }

  #isAtRest(): boolean {
    return !this.#deps.settings.upload.live && this.#sessions.size === 0 && this.#ordinary.size === 0;
  }

  async #look(): Promise<void> {
    if (this.#isAtRest()) return;
    const { store } = this.#deps;
    const capturing = store.recordings.capturing();
    for (const { id } of capturing) {
      if (this.#isStopped) return;
      // It may have ended while another was looked at, and its file is being finished then.
      const row = store.recordings.get(id);
      if (row?.state !== 'recording' || !(this.#sessions.has(id) || this.#mayBegin(row))) continue;
      const session = this.#session(row.id);
      await session.look();
      if (session.problem !== null) await this.#drop(row.id, session.problem);
    }
    const known = new Set(capturing.map(({ id }) => id));
    for (const id of [...this.#sessions.keys(), ...this.#ordinary]) {
      const row = known.has(id) ? undefined : store.recordings.get(id);
      // One that is to be finalized keeps what it has until then.
      if (known.has(id) || row?.state === 'finalizing') continue;
      this.#ordinary.delete(id);
      await this.#close(id);
    }
  }

  #mayBegin(row: RecordingRow): boolean {
    const { store, settings, log } = this.#deps;
    if (row.startedAtMs === null || this.#ordinary.has(row.id)) return false;
    if (store.liveUploads.has(row.id)) return true;
    if (!this.#maySend()) return false;
    const isMix = row.mode.startsWith('1');
    const isSoundChanged = settings.loudness.enabled && mediaOf(row.mode).audio;
    if (!isMix || isSoundChanged) {
      this.#ordinary.add(row.id);
      const why = isMix ? 'its loudness is set when it has ended' : 'it is no mix';
      log.info({ recordingId: row.id, why }, 'this recording is sent when it has ended');
      return false;
    }
    store.transaction(() => {
      if (store.liveUploads.begin(row.id)) store.events.append('liveUpload', row.id, {});
    });
    return true;
  }

  #maySend(): boolean {
    const { settings, clock } = this.#deps;
    const { live, window } = settings.upload;
    return live && (window === null || isOpen(window, clock.now()));
  }

  #session(recordingId: string): LiveSession {
    const known = this.#sessions.get(recordingId);
    if (known) return known;
    const { store, directoryOf, upload, settings, log, fileSystem = nodeFileSystem } = this.#deps;
    const session = new LiveSession(
      {
        ...{ store, directoryOf, upload, fileSystem, log },
        maySend: () => this.#maySend(),
        inTurn: this.#inTurn,
        maxLengthMs: () => settings.limits.maxLengthMs,
      },
      recordingId,
    );
    this.#sessions.set(recordingId, session);
    return session;
  }

  /** The recording goes the ordinary way; its upload is a stray from here on. */
  async #drop(recordingId: string, why: string): Promise<void> {
    const { store, log } = this.#deps;
    this.#ordinary.add(recordingId);
    await this.#close(recordingId);
    store.transaction(() => {
      if (!store.liveUploads.remove(recordingId)) return;
      store.uploadJournal(recordingId, 0).abandon();
      store.events.append('liveUploadDropped', recordingId, { why });
    });
    log.info({ recordingId, why }, 'this recording is sent when it has ended, from its beginning');
  }

  async #close(recordingId: string): Promise<void> {
    const session = this.#sessions.get(recordingId);
    this.#sessions.delete(recordingId);
    await session?.discard();
  }
}
