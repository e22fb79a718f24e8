import type { EndReason } from '../../shared/recording.ts';
import type { CaptureExit, CaptureHost, CaptureProcess } from '../capture/host.ts';
import type { CaptureJob, CaptureStats, FromCapture } from '../capture/messages.ts';
import type { Logger } from '../logging.ts';
import type { RecordingRow } from '../store/rows.ts';
import type { Store } from '../store/store.ts';
import { enterRetryDelayMs, enterVerdict } from './enter-policy.ts';

export interface CaptureRunDeps {
  store: Store;
  host: CaptureHost;
  /** Wall clock, ms since 1970. */
  now(): number;
  log: Logger;
  /** Builds the job for the next process from the row, its segments on disk and the settings. */
  prepareJob(row: RecordingRow): Promise<CaptureJob>;
  /** Called when the recording has left the capturing states. */
  onFinished(recordingId: string): void;
}

/** Deadlines of the run. Tests shorten them. */
export interface CaptureRunLimits {
  readyTimeoutMs: number;
  /** No message at all for this long means the process hangs. */
  silenceTimeoutMs: number;
  /** After a stop was sent. */
  stopTimeoutMs: number;
  destroyGraceMs: number;
  /** Deaths in a row without progress after which the recording is ended with what there is. */
  maxBarrenDeaths: number;
  maxRestartDelayMs: number;
}

export const CAPTURE_RUN_LIMITS: CaptureRunLimits = {
  readyTimeoutMs: 20_000,
  silenceTimeoutMs: 15_000,
  stopTimeoutMs: 40_000,
  destroyGraceMs: 5_000,
  maxBarrenDeaths: 8,
  maxRestartDelayMs: 30_000,
};

/** A process that recorded this much made progress: its death does not count as barren. */
const PROGRESS_MS = 3_000;
const TIMELINE_ROW_EVERY_MS = 10_000;

/**
 * The capture of one recording over as many processes as it takes. Everything a process reports is a row before anything follows
 * from it; when a process dies, the next one re-enters the room and opens the next segment.
 */
export class CaptureRun {
  readonly #id: string;
  readonly #deps: CaptureRunDeps;
  readonly #limits: CaptureRunLimits;
  #process: CaptureProcess | null = null;
  #latest: CaptureStats | null = null;
  #enterFailure: { code: number; message: string } | null = null;
  #ended: Extract<FromCapture, { type: 'ended' }> | null = null;
  #enterAttempts = 0;
  #barrenDeaths = 0;
  #processStartMs = 0;
  #watchdog: NodeJS.Timeout | null = null;
  #restart: NodeJS.Timeout | null = null;
  #finished = false;

  constructor(recordingId: string, deps: CaptureRunDeps, limits: CaptureRunLimits = CAPTURE_RUN_LIMITS) {
    this.#id = recordingId;
    this.#deps = deps;
    this.#limits = limits;
  }

  /** Statistics of the running process, as of its last heartbeat. */
  get stats(): CaptureStats | null {
    return this.#latest;
  }

  get pid(): number | undefined {
    return this.#process?.pid;
  }

  /** Starts the first process of this box's life for the recording. */
  start(): void {
    void this.#launch();
  }

  /** Asks the recording to end; the wish must be on disk already. Harmless when it has ended. */
  stop(reason: Extract<EndReason, 'stopped' | 'shutdown' | 'disk'>): void {
    if (this.#finished) return;
    if (this.#process) {
      this.#process.send({ type: 'stop', reason });
      this.#arm(this.#limits.stopTimeoutMs, 'did not stop in time');
    } else if (this.#restart) {
      clearTimeout(this.#restart);
      this.#restart = null;
      this.#conclude(reason, null);
    }
  }

  async #launch(): Promise<void> {
    this.#restart = null;
    const { store, log, prepareJob, host } = this.#deps;
    try {
      const row = this.#row();
      if (row.stopRequested) {
        this.#conclude(row.stopRequested, null);
        return;
      }
      const job = await prepareJob(row);
      if (job.resume && job.resume.timelineMs >= job.limits.maxLengthMs) {
        this.#conclude('maxLength', null);
        return;
      }
      if (row.state !== 'joining') {
        store.recordings.move(this.#id, row.state, 'joining', { captureAttempts: row.captureAttempts + 1 });
      } else {
        store.recordings.update(this.#id, { captureAttempts: row.captureAttempts + 1 });
      }
      this.#ended = null;
      this.#enterFailure = null;
      this.#latest = null;
      this.#processStartMs = job.resume?.timelineMs ?? 0;
      this.#process = host.start({
        onMessage: (message) => this.#onMessage(message, job),
        onExit: (exit) => this.#onExit(exit),
      });
      log.info(
        { recordingId: this.#id, pid: this.#process.pid, attempt: row.captureAttempts + 1 },
        'capture process started',
      );
      this.#arm(this.#limits.readyTimeoutMs, 'was not ready in time');
    } catch (error) {
      log.error({ recordingId: this.#id, err: error }, 'capture could not be started');
      this.#afterDeath(`capture could not be started: ${error instanceof Error ? error.message : 'unknown error'}`);
    }
  }

  #onMessage(message: FromCapture, job: CaptureJob): void {
    if (this.#finished) return;
    try {
      if (message.type === 'ready') {
        this.#process?.send({ type: 'start', job });
        const wish = this.#row().stopRequested;
        if (wish === 'stopped' || wish === 'shutdown' || wish === 'disk') this.stop(wish);
      }
      if (!this.#row().stopRequested) this.#arm(this.#limits.silenceTimeoutMs, 'fell silent');
      this.#persist(message);
    } catch (error) {
      // A row that cannot be written now (disk full, busy) must not end the recording: the media is safe in its segment.
      this.#deps.log.error({ recordingId: this.#id, err: error, message: message.type }, 'message could not be stored');
    }
  }

  #persist(message: FromCapture): void {
    const { store, now, log } = this.#deps;
    const id = this.#id;
    switch (message.type) {
      case 'ready':
        return;
      case 'entered':
        this.#enterAttempts = 0;
        store.transaction(() => {
          store.recordings.move(
            id,
            'joining',
            'waiting',
            { startedAtMs: message.t0EpochMs, idleSinceAtMs: this.#row().idleSinceAtMs ?? now() },
            { tookMs: message.tookMs, sdkVersion: message.sdkVersion, simulated: message.simulated },
          );
        });
        return;
      case 'enterFailed':
        this.#enterFailure = { code: message.code, message: message.message };
        store.events.append('enterFailed', id, { code: message.code, message: message.message });
        return;
      case 'participant':
        this.#persistParticipant(message);
        return;
      case 'firstMedia':
        if (this.#row().firstMediaAtMs === null) store.recordings.update(id, { firstMediaAtMs: message.atMs });
        return;
      case 'segmentOpened':
        store.segments.open({
          recordingId: id,
          segment: message.segment,
          file: message.file,
          startMs: message.startMs,
        });
        return;
      case 'segmentClosed':
        store.segments.close(id, message.segment, message.bytes, message.clean);
        return;
      case 'gap':
        store.transaction(() => {
          store.gaps.add(id, message.gap);
          store.events.append('gap', id, { ...message.gap });
        });
        return;
      case 'connection':
        store.events.append('connection', id, { state: message.state, atMs: message.atMs });
        return;
      case 'stats':
        this.#latest = message.stats;
        // Each row is a sync of the disk; between two of them the length is known from memory.
        if (message.stats.timelineMs - this.#row().timelineMs >= TIMELINE_ROW_EVERY_MS) {
          store.recordings.update(id, { timelineMs: message.stats.timelineMs });
        }
        return;
      case 'log':
        log[message.level]({ recordingId: id, ...message.data }, message.message);
        return;
      case 'ended':
        this.#ended = message;
        store.recordings.update(id, { timelineMs: message.timelineMs });
        return;
    }
  }

  #persistParticipant(message: Extract<FromCapture, { type: 'participant' }>): void {
    const { store, now } = this.#deps;
    const id = this.#id;
    store.transaction(() => {
      if (message.change === 'entered') store.stays.enter(id, message.userId, message.atMs, message.slot);
      if (message.change === 'slot') store.stays.slot(id, message.userId, message.slot);
      if (message.change === 'left') store.stays.leave(id, message.userId, message.atMs);
      store.events.append(`participant.${message.change}`, id, {
        userId: message.userId,
        atMs: message.atMs,
        slot: message.slot,
      });
      const row = this.#row();
      if (message.anchors > 0 && row.state === 'waiting') store.recordings.move(id, 'waiting', 'recording');
      const idleSinceAtMs = message.anchors > 0 ? null : (row.idleSinceAtMs ?? now());
      if (idleSinceAtMs !== row.idleSinceAtMs) store.recordings.update(id, { idleSinceAtMs });
    });
  }

  #onExit(exit: CaptureExit): void {
    this.#disarm();
    this.#process = null;
    if (this.#finished) return;
    const { log } = this.#deps;
    log.info({ recordingId: this.#id, ...exit, reason: this.#ended?.reason }, 'capture process ended');
    const ended = this.#ended;
    if (ended) {
      const error =
        ended.reason === 'error' ? { code: 'CAPTURE_ERROR', message: ended.message ?? 'capture failed' } : null;
      this.#conclude(ended.reason, error);
      return;
    }
    if (this.#enterFailure) {
      this.#afterEnterFailure(this.#enterFailure);
      return;
    }
    this.#deps.store.events.append('captureDied', this.#id, { code: exit.code, signal: exit.signal });
    this.#afterDeath(`the capture process died (${exit.signal ?? `exit code ${exit.code}`})`);
  }

  #afterEnterFailure(failure: { code: number; message: string }): void {
    this.#enterAttempts += 1;
    const delayMs = enterRetryDelayMs(failure.code, this.#enterAttempts);
    const row = this.#row();
    if (delayMs === null || row.stopRequested) {
      const { meaning } = enterVerdict(failure.code);
      const message = `${meaning} (code ${failure.code}: ${failure.message})`;
      this.#conclude(row.stopRequested ?? 'error', { code: `ENTER_ROOM_${failure.code}`, message });
      return;
    }
    this.#deps.store.recordings.update(this.#id, {
      attempts: this.#enterAttempts,
      nextAtMs: this.#deps.now() + delayMs,
      lastError: `ENTER_ROOM_${failure.code}: ${failure.message}`,
    });
    this.#relaunchAfter(delayMs);
  }

  #afterDeath(description: string): void {
    const row = this.#row();
    const progressMs = (this.#latest?.timelineMs ?? 0) - this.#processStartMs;
    this.#barrenDeaths = progressMs >= PROGRESS_MS ? 0 : this.#barrenDeaths + 1;
    if (row.stopRequested) {
      this.#conclude(row.stopRequested, null);
      return;
    }
    if (this.#barrenDeaths >= this.#limits.maxBarrenDeaths) {
      this.#conclude('error', { code: 'CAPTURE_DIED', message: description });
      return;
    }
    const delayMs =
      this.#barrenDeaths <= 1 ? 0 : Math.min(500 * 2 ** (this.#barrenDeaths - 2), this.#limits.maxRestartDelayMs);
    this.#relaunchAfter(delayMs);
  }

  #relaunchAfter(delayMs: number): void {
    this.#restart = setTimeout(() => void this.#launch(), delayMs);
  }

  /** Hands the recording over to delivery: with segments it is finalized, without any it is a failure that the caller is told. */
  #conclude(reason: EndReason, failure: { code: string; message: string } | null): void {
    if (this.#finished) return;
    this.#finished = true;
    this.#disarm();
    const { store, now, onFinished, log } = this.#deps;
    const row = this.#row();
    const endReason = row.stopRequested ?? reason;
    store.transaction(() => {
      const timelineMs = Math.max(row.timelineMs, this.#latest?.timelineMs ?? 0);
      store.stays.leaveAll(this.#id, timelineMs);
      const patch = { endReason, endedAtMs: now(), timelineMs };
      if (store.segments.list(this.#id).length > 0) {
        const failurePatch = failure ? { failureCode: failure.code, failureMessage: failure.message } : {};
        store.recordings.move(this.#id, row.state, 'finalizing', { ...patch, ...failurePatch });
      } else {
        const told = failure ?? {
          code: 'NOTHING_RECORDED',
          message: 'the recording ended before the room was entered',
        };
        store.recordings.move(this.#id, row.state, 'notifying', {
          ...patch,
          outcome: 'failed',
          failureKind: 'recording',
          failureCode: told.code,
          failureMessage: told.message,
        });
      }
    });
    log.info({ recordingId: this.#id, endReason, failure: failure?.code }, 'capture concluded');
    onFinished(this.#id);
  }

  #row(): RecordingRow {
    const row = this.#deps.store.recordings.get(this.#id);
    if (!row) throw new Error(`recording ${this.#id} is missing`);
    return row;
  }

  /** One deadline at a time: whatever is expected next has to come before it. */
  #arm(timeoutMs: number, what: string): void {
    this.#disarm();
    const process = this.#process;
    this.#watchdog = setTimeout(() => {
      this.#deps.log.warn({ recordingId: this.#id, pid: process?.pid }, `capture process ${what}; it is being ended`);
      void process?.destroy(this.#limits.destroyGraceMs);
    }, timeoutMs);
  }

  #disarm(): void {
    if (this.#watchdog) clearTimeout(this.#watchdog);
    this.#watchdog = null;
  }
}
