import type { EndReason } from '../../shared/recording.ts';
import type { CaptureExit, CaptureHost, CaptureProcess } from '../capture/host.ts';
import type { Absence, CaptureJob, CaptureLimits, CaptureStats, FromCapture } from '../capture/messages.ts';
import { maySubside } from '../disk-fault.ts';
import type { Logger } from '../logging.ts';
import type { RecordingRow } from '../store/rows.ts';
import type { Store } from '../store/store.ts';
import { concludeCapture } from './conclusion.ts';
import { withDeadline } from './deadline.ts';
import { MessageRows } from './message-rows.ts';
import { afterRefusal } from './refusal.ts';
import { UserSigWatch } from './user-sig-watch.ts';
import { Watchdog } from './watchdog.ts';

export interface CaptureRunDeps {
  store: Store;
  host: CaptureHost;
  /** Wall clock, ms since 1970. */
  now(): number;
  log: Logger;
  /** Builds the job for the next process from the row, its segments on disk and the settings. */
  prepareJob(row: RecordingRow, absence: Absence): Promise<CaptureJob>;
  /** A picture of what is being recorded, as JPEG, for those who look at it now. */
  onPicture(recordingId: string, jpeg: Uint8Array): void;
  /** An encoder of graphics hardware failed. */
  onHardwareFailed?(): void;
  /** Called when the recording has left the capturing states. */
  onFinished(recordingId: string): void;
}

type StopReason = Extract<EndReason, 'stopped' | 'shutdown' | 'disk'>;

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
/** Reading the ends of the segments so far takes seconds at most. */
const PREPARE_TIMEOUT_MS = 60_000;
/** How long after its end by force a process may still be there before the recording goes on without it. */
const ABANDON_AFTER_MS = 5_000;
/** A row that could not be written is written again after this: the disk may be full or the database busy for a while. */
const STORE_RETRY_MS = 2_000;

/**
 * The capture of one recording over as many processes as it takes. Everything a process reports is a row before anything follows
 * from it; when a process dies, the next one re-enters the room and opens the next segment.
 */
export class CaptureRun {
  readonly #id: string;
  readonly #deps: CaptureRunDeps;
  readonly #limits: CaptureRunLimits;
  readonly #rows: MessageRows;
  readonly #userSig: UserSigWatch;
  readonly #watchdog = new Watchdog();
  /** Why somebody wants it to end; the row's `stopRequested`. */
  #wish: StopReason | null = null;
  #process: CaptureProcess | null = null;
  #latest: CaptureStats | null = null;
  #enterFailure: { code: number; message: string } | null = null;
  #ended: Extract<FromCapture, { type: 'ended' }> | null = null;
  #enterAttempts = 0;
  /** Since when entering was refused without success in between. */
  #refusedSinceAtMs: number | null = null;
  /** The running process left because its connection stayed lost; the next one is to enter anew. */
  #leftToReenter = false;
  #barrenDeaths = 0;
  /** Launches in a row that the disk did not let happen. */
  #diskWaits = 0;
  /** How many processes were started; messages of any but the last are of no interest. */
  #launches = 0;
  /** Timeline position of the running process's first heartbeat. */
  #firstBeatMs: number | null = null;
  #isEntering = false;
  #jobLimits: CaptureLimits | null = null;
  #userSigExpiresAtMs: number | null = null;
  /** Why nobody records until the next process is in the room. */
  #absence: Absence = 'boxDown';
  #restart: NodeJS.Timeout | null = null;
  #finished = false;

  constructor(recordingId: string, deps: CaptureRunDeps, limits: CaptureRunLimits = CAPTURE_RUN_LIMITS) {
    this.#id = recordingId;
    this.#deps = deps;
    this.#limits = limits;
    this.#rows = new MessageRows(recordingId, deps.store, deps.now);
    this.#userSig = new UserSigWatch(recordingId, deps);
  }

  /** Statistics of the running process, as of its last heartbeat. */
  get stats(): CaptureStats | null {
    return this.#latest;
  }

  /** Somebody looks at the recording for the next `forMs`. */
  watch(forMs: number): void {
    this.#process?.send({ type: 'watch', forMs });
  }

  get pid(): number | undefined {
    return this.#process?.pid;
  }

  /** Starts the first process of this box's life for the recording. */
  start(): void {
    void this.#launch();
  }

  /** Asks the recording to end; the wish must be on disk already. Harmless when it has ended. */
  stop(reason: StopReason): void {
    if (this.#finished) return;
    this.#wish = reason;
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
      this.#rows.flush();
      const row = this.#row();
      this.#userSigExpiresAtMs = row.userSigExpiresAtMs;
      this.#wish ??= stopReason(row.stopRequested);
      // A stop may also come while the job is being prepared.
      const job = this.#wish
        ? null
        : await withDeadline(prepareJob(row, this.#absence), PREPARE_TIMEOUT_MS, 'its preparation');
      if (this.#wish || !job) {
        this.#conclude(this.#wish ?? 'error', null);
        return;
      }
      if (job.resume && Math.max(job.resume.timelineMs, job.resume.knownMs) >= job.limits.maxLengthMs) {
        this.#conclude('maxLength', null);
        return;
      }
      // Heartbeats become rows only now and then: what can be read may be more than the row knows.
      const timelineMs = Math.max(row.timelineMs, job.resume?.timelineMs ?? 0);
      const patch = { captureAttempts: row.captureAttempts + 1, timelineMs };
      if (row.state !== 'joining') store.recordings.move(this.#id, row.state, 'joining', patch);
      else store.recordings.update(this.#id, { ...patch, nextAtMs: null });
      this.#ended = null;
      this.#leftToReenter = false;
      this.#enterFailure = null;
      this.#latest = null;
      this.#firstBeatMs = null;
      this.#isEntering = true;
      this.#launches += 1;
      const launch = this.#launches;
      this.#jobLimits = job.limits;
      this.#process = host.start({
        // Somebody who was given up may still speak.
        onMessage: (message) => launch === this.#launches && this.#onMessage(message, job),
        onExit: (exit) => launch === this.#launches && this.#onExit(exit),
      });
      log.info(
        { recordingId: this.#id, pid: this.#process.pid, attempt: row.captureAttempts + 1 },
        'capture process started',
      );
      this.#diskWaits = 0;
      this.#arm(this.#limits.readyTimeoutMs, 'was not ready in time');
    } catch (error) {
      log.error({ recordingId: this.#id, err: error }, 'capture could not be started');
      const why = error instanceof Error ? error.message : 'unknown error';
      // A disk that refuses is no fault of the capture: it is waited for, however long that takes.
      const isWaiting = maySubside(error);
      if (isWaiting) this.#diskWaits += 1;
      else this.#barrenDeaths += 1;
      const waitMs = Math.min(STORE_RETRY_MS * 2 ** (this.#diskWaits - 1), this.#limits.maxRestartDelayMs);
      this.#decide(() => {
        if (isWaiting && !this.#wish) this.#relaunchAfter(waitMs);
        else this.#afterDeath(`capture could not be started: ${why}`);
      });
    }
  }

  #onMessage(message: FromCapture, job: CaptureJob): void {
    if (this.#finished) return;
    if (message.type === 'picture') {
      this.#deps.onPicture(this.#id, Buffer.from(message.jpeg, 'base64'));
      return;
    }
    this.#note(message);
    try {
      this.#rows.write(message);
      if (message.type === 'stats') this.#userSig.check(this.#userSigExpiresAtMs);
    } catch (error) {
      // A row that cannot be written now (disk full, busy) must not end the recording: the media is safe in its segment.
      this.#deps.log.error({ recordingId: this.#id, err: error, message: message.type }, 'message could not be stored');
    }
    if (message.type === 'ready') {
      this.#process?.send({ type: 'start', job });
      if (this.#wish) this.stop(this.#wish);
    }
    if (this.#wish) return;
    // Between `start` and the answer of the room there is nothing to tell; the process has its own deadline for that.
    this.#arm(this.#limits.silenceTimeoutMs + (this.#isEntering ? job.limits.enterTimeoutMs : 0), 'fell silent');
  }

  /** Keeps in memory what the next decision needs; all of it is also a row or a line of the log. */
  #note(message: FromCapture): void {
    switch (message.type) {
      case 'entered':
        this.#isEntering = false;
        this.#absence = 'captureDied';
        this.#enterAttempts = 0;
        this.#refusedSinceAtMs = null;
        return;
      case 'enterFailed':
        this.#isEntering = false;
        this.#enterFailure = { code: message.code, message: message.message };
        return;
      case 'stats':
        this.#latest = message.stats;
        this.#firstBeatMs ??= message.stats.timelineMs;
        return;
      case 'hardwareFailed':
        this.#deps.onHardwareFailed?.();
        return;
      case 'log':
        this.#deps.log[message.level]({ recordingId: this.#id, ...message.data }, message.message);
        return;
      case 'leftToReenter':
        this.#leftToReenter = true;
        this.#absence = 'connectionLost';
        return;
      case 'ended':
        this.#ended = message;
        return;
    }
  }

  #onExit(exit: CaptureExit): void {
    this.#watchdog.disarm();
    this.#process = null;
    if (this.#finished) return;
    const { log } = this.#deps;
    log.info({ recordingId: this.#id, ...exit, reason: this.#ended?.reason }, 'capture process ended');
    const failure = this.#enterFailure;
    const limits = this.#jobLimits;
    if (failure && limits && !this.#ended) {
      this.#enterAttempts += 1;
      this.#refusedSinceAtMs ??= this.#deps.now();
      this.#decide(() => this.#afterEnterFailure(failure, limits));
      return;
    }
    if (this.#leftToReenter && !this.#wish) {
      this.#barrenDeaths = 0;
      this.#relaunchAfter(0);
      return;
    }
    this.#countDeath();
    this.#decide(() => this.#afterExit(exit));
  }

  #afterExit(exit: CaptureExit): void {
    const ended = this.#ended;
    // Whoever told the process to shut down, it was not the box: the recording goes on.
    const isDeath = !ended || (ended.reason === 'shutdown' && !this.#wish);
    if (!isDeath) {
      const failed = ended.reason === 'error';
      this.#conclude(
        ended.reason,
        failed ? { code: 'CAPTURE_ERROR', message: ended.message ?? 'capture failed' } : null,
      );
      return;
    }
    this.#deps.store.events.append('captureDied', this.#id, { code: exit.code, signal: exit.signal });
    this.#afterDeath(`the capture process died (${exit.signal ?? `exit code ${exit.code}`})`);
  }

  #afterEnterFailure(failure: { code: number; message: string }, limits: CaptureLimits): void {
    const nowMs = this.#deps.now();
    const refused = { ...failure, attempts: this.#enterAttempts, sinceAtMs: this.#refusedSinceAtMs ?? nowMs };
    const decision = afterRefusal(this.#row(), refused, limits, nowMs);
    if (decision.kind === 'end' || this.#wish) {
      this.#conclude(this.#wish ?? (decision.kind === 'end' ? decision.reason : 'error'), decision.failure);
      return;
    }
    const { delayMs } = decision;
    this.#deps.store.recordings.update(this.#id, {
      attempts: this.#enterAttempts,
      nextAtMs: nowMs + delayMs,
      lastError: `ENTER_ROOM_${failure.code}: ${failure.message}`,
    });
    this.#relaunchAfter(delayMs);
  }

  /** A process made progress when it lived for a while in the room; the time that passed before it entered does not count. */
  #countDeath(): void {
    const progressMs = (this.#latest?.timelineMs ?? 0) - (this.#firstBeatMs ?? 0);
    this.#barrenDeaths = progressMs >= PROGRESS_MS ? 0 : this.#barrenDeaths + 1;
  }

  #afterDeath(description: string): void {
    if (this.#wish) {
      this.#conclude(this.#wish, null);
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

  /** Runs what reads and writes rows; while the store cannot be used it is run again later instead of failing the whole box. */
  #decide(step: () => void): void {
    try {
      step();
    } catch (error) {
      this.#deps.log.error({ recordingId: this.#id, err: error }, 'rows could not be read or written; trying again');
      this.#restart = setTimeout(() => this.#decide(step), STORE_RETRY_MS);
    }
  }

  #relaunchAfter(delayMs: number): void {
    this.#restart = setTimeout(() => void this.#launch(), delayMs);
  }

  /** Hands the recording over to delivery: with segments it is finalized, without any it is a failure that the caller is told. */
  #conclude(reason: EndReason, failure: { code: string; message: string } | null): void {
    if (this.#finished) return;
    this.#finished = true;
    this.#watchdog.disarm();
    this.#decide(() => this.#writeConclusion(reason, failure));
  }

  #writeConclusion(reason: EndReason, failure: { code: string; message: string } | null): void {
    const { store, now, onFinished, log } = this.#deps;
    this.#rows.flush();
    const timelineMs = Math.max(this.#latest?.timelineMs ?? 0, this.#ended?.timelineMs ?? 0);
    const endReason = concludeCapture(store, this.#id, { reason, failure, endedAtMs: now(), timelineMs });
    log.info({ recordingId: this.#id, endReason, failure: failure?.code }, 'capture concluded');
    onFinished(this.#id);
  }

  #row(): RecordingRow {
    const row = this.#deps.store.recordings.get(this.#id);
    if (!row) throw new Error(`recording ${this.#id} is missing`);
    return row;
  }

  #arm(timeoutMs: number, what: string): void {
    this.#watchdog.arm(timeoutMs, what, () => {
      const process = this.#process;
      this.#deps.log.warn({ recordingId: this.#id, pid: process?.pid }, `capture process ${what}; it is being ended`);
      const { destroyGraceMs } = this.#limits;
      this.#watchdog.arm(destroyGraceMs + ABANDON_AFTER_MS, 'did not end', () => this.#abandon());
      void process?.destroy(destroyGraceMs);
    });
  }

  /** Even SIGKILL does not end a process that hangs in the kernel, on a disk that is gone for example; the recording goes on without it. */
  #abandon(): void {
    this.#deps.log.error(
      { recordingId: this.#id, pid: this.#process?.pid },
      'capture process cannot be ended; going on',
    );
    this.#launches += 1;
    this.#onExit({ code: null, signal: 'SIGKILL' });
  }
}

function stopReason(reason: EndReason | null): StopReason | null {
  return reason === 'stopped' || reason === 'shutdown' || reason === 'disk' ? reason : null;
}
