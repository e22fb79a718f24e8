import type { EndReason, Gap } from '../../shared/recording.ts';
import { ConnectionWatch } from './connection-watch.ts';
import type { OpenJpegCoder } from './encode/jpeg-coder.ts';
import { HardwareDesk } from './hardware-desk.ts';
import { IdleWatch } from './idle-watch.ts';
import { LiveFacts } from './live-facts.ts';
import { LivePicture } from './live-picture.ts';
import type { CaptureJob, CaptureStats, FromCapture } from './messages.ts';
import type { SlotChange } from './mix/slots.ts';
import type { I420Frame, PcmBlock, StreamKind } from './mix/types.ts';
import { NOTHING_MADE } from './output-stats.ts';
import { Pump } from './pump.ts';
import { reenter } from './reentry.ts';
import { ReliefDesk } from './relief-desk.ts';
import type { ExitReason, Room, RoomListener } from './room/room.ts';
import { Roster } from './roster.ts';
import type { OpenEncoder } from './segment-sequence.ts';
import { SoundWatch } from './sound-watch.ts';
import { createStage, type Stage, type StageDeps } from './stage.ts';
import type { TextRenderer } from './text/text-renderer.ts';

/** What a session takes from outside; tests pass their own clock, rooms and encoders. */
export interface SessionDeps extends Pick<StageDeps, 'loadKernel' | 'loadSoundKernel'> {
  openRoom(listener: RoomListener): Promise<Room>;
  openEncoder: OpenEncoder;
  openJpegCoder: OpenJpegCoder;
  /** Asked for only when something has to be written on the canvas. */
  loadTextRenderer(): Promise<TextRenderer>;
  /** Monotonic milliseconds. */
  monotonicMs(): number;
  /** Wall clock, milliseconds since 1970. */
  epochMs(): number;
  send(message: FromCapture): void;
}

const STATS_INTERVAL_MS = 1_000;
const ENCODER_FINISH_TIMEOUT_MS = 20_000;
/** Answer of the session itself when the SDK stays silent; listed with the SDK's own "enter room timeout". */
const ENTER_TIMEOUT_CODE = -3308;

type Phase = 'starting' | 'entering' | 'recording' | 'ending' | 'ended';

/**
 * One recording from entering the room to the last synced byte: room events and media in, segments and messages out.
 * The supervisor in the main process decides what happens next; a session never retries entering by itself.
 */
export class CaptureSession implements RoomListener {
  readonly #job: CaptureJob;
  readonly #deps: SessionDeps;
  readonly #roster: Roster;
  readonly #idle: IdleWatch;
  readonly #connection: ConnectionWatch;
  readonly #pump: Pump;
  readonly #live = new LiveFacts();
  readonly #sound = new SoundWatch();
  readonly #hardware: HardwareDesk;
  readonly #relief: ReliefDesk;
  /** Null in recordings of sound alone. */
  readonly #picture: LivePicture | null;
  #phase: Phase = 'starting';
  #room: Room | null = null;
  #stage: Stage | null = null;
  #nextSegment: number;
  /** Monotonic time of t=0; null until the room was entered. */
  #zeroMs: number | null = null;
  /** Where the timeline ended. */
  #endMs: number | null = null;
  #mediaSeen = false;
  #badSoundSeen = false;
  #ending: Promise<void> | null = null;
  readonly #over = Promise.withResolvers<void>();
  #timers: NodeJS.Timeout[] = [];
  #heartbeat: NodeJS.Timeout | undefined;
  readonly #problems = new Map<string, number>();
  #framesReceived = 0;
  #framesDropped = 0;
  #audioBlocksReceived = 0;

  constructor(job: CaptureJob, deps: SessionDeps) {
    this.#job = job;
    this.#deps = deps;
    this.#roster = new Roster(job.isReserve, job.slotOwners);
    this.#idle = new IdleWatch(job.limits.idleMs);
    this.#connection = new ConnectionWatch(job.limits.connectionLostMs);
    this.#nextSegment = job.nextSegment;
    this.#hardware = new HardwareDesk(job, { ...deps, timelineMs: () => this.#timelineMs() });
    this.#relief = new ReliefDesk(job, this.#hardware, deps.send);
    this.#picture = job.media.video
      ? new LivePicture({
          ...deps,
          video: job.video,
          parts: () => (this.#phase === 'recording' ? (this.#stage?.preview() ?? []) : []),
        })
      : null;
    this.#pump = new Pump({
      fps: job.media.video ? job.video.fps : null,
      timelineMs: () => this.#timelineMs(),
      work: () => this.#advance(),
    });
  }

  /** Resolves when the session is over: its last message was sent, the segment is closed, the room was left. */
  get finished(): Promise<void> {
    return this.#over.promise;
  }

  /** Opens the room and starts entering. A failure to open (missing addon, broken scenario) is reported as `enterFailed` by the caller. */
  async start(): Promise<void> {
    this.#stage = await createStage(this.#stageDeps(), this.#roster);
    const room = await this.#deps.openRoom(this);
    if (this.#ending) {
      room.dispose();
      return;
    }
    this.#room = room;
    this.#phase = 'entering';
    this.#timers.push(
      setTimeout(() => {
        if (this.#phase === 'entering') this.onEnterFailed(ENTER_TIMEOUT_CODE, 'the SDK gave no answer to enterRoom');
      }, this.#job.limits.enterTimeoutMs),
    );
    room.enter(this.#job.room);
  }

  /** Somebody looks for the next `forMs`: pictures are told meanwhile. */
  watch(forMs: number): void {
    if (this.#phase !== 'ending' && this.#phase !== 'ended') this.#picture?.watch(forMs);
  }

  /** Ends the recording in order: what was received until now is in the file. Repeated calls join the first. */
  end(reason: EndReason, detail: { code?: number; message?: string } = {}): Promise<void> {
    this.#ending ??= this.#finish(reason, detail);
    return this.#ending;
  }

  onEntered(tookMs: number): void {
    if (this.#phase !== 'entering') return;
    const { resume, limits } = this.#job;
    const epochMs = this.#deps.epochMs();
    const t0EpochMs = resume?.t0EpochMs ?? epochMs;
    const reentry = resume && reenter(resume, epochMs, limits.fillGapMs);
    const positionMs = reentry?.positionMs ?? 0;
    this.#zeroMs = this.#deps.monotonicMs() - positionMs;
    // What was lost before the room was entered is no hole in the recording.
    this.#connection.end(0);
    this.#idle.begin(this.#deps.monotonicMs(), epochMs - (this.#job.idleSinceEpochMs ?? epochMs));
    if (this.#roster.anchors > 0) this.#noteAnchors();
    this.#phase = 'recording';
    const resumed = reentry && { cutMs: reentry.cutMs, lastSeenMs: resume.timelineMs };
    this.#deps.send({ type: 'entered', t0EpochMs, tookMs, ...this.#room!.about, resumed });
    for (const gap of reentry?.gaps ?? []) this.#deps.send({ type: 'gap', gap });
    this.#stage?.begin(reentry?.mixStartMs ?? 0, positionMs);
    this.#pump.start();
    this.#heartbeat = setInterval(() => this.#beat(), STATS_INTERVAL_MS);
  }

  onEnterFailed(code: number, message: string): void {
    if (this.#phase !== 'entering') return;
    this.#phase = 'ending';
    this.#deps.send({ type: 'enterFailed', code, message });
    this.#ending ??= this.#leave().then(() => this.#over.resolve());
  }

  onExited(reason: ExitReason): void {
    if ((this.#phase !== 'recording' && this.#phase !== 'entering') || reason === 'left') return;
    void this.end(reason);
  }

  onUserEntered(userId: string): void {
    const changes = this.#roster.enter(userId);
    this.#noteAnchors();
    this.#apply('entered', userId, changes);
  }

  onUserLeft(userId: string): void {
    const changes = this.#roster.leave(userId);
    this.#noteAnchors();
    this.#room?.unsubscribe(userId, 'main');
    this.#room?.unsubscribe(userId, 'sub');
    this.#stage?.userLeft(userId);
    this.#apply('left', userId, changes);
  }

  onVideoAvailable(userId: string, stream: StreamKind, available: boolean): void {
    this.#roster.setSending(userId, stream, available);
    if (available) this.#subscribe(userId);
    else this.#stage?.streamOff(userId, stream);
    this.#stage?.rosterChanged();
  }

  onAudioAvailable(userId: string, available: boolean): void {
    this.#roster.setAudio(userId, available);
  }

  onVideo(userId: string, stream: StreamKind, frame: I420Frame, timestampMs: number): void {
    this.#framesReceived += 1;
    if (!this.#job.media.video || this.#phase !== 'recording') return;
    const seen = this.#roster.noteFrame(userId, stream);
    if (seen === 'ignored') return;
    this.#noteMedia();
    try {
      this.#stage?.picture(userId, stream, frame, timestampMs, seen === 'first');
    } catch {
      this.onFrameDropped(userId, stream, 'badLength');
    }
  }

  onAudio(userId: string, block: PcmBlock): void {
    this.#audioBlocksReceived += 1;
    if (!this.#job.media.audio || this.#phase !== 'recording' || this.#roster.slotOf(userId) === null) return;
    this.#noteMedia();
    try {
      this.#stage?.sound(userId, block);
    } catch (error) {
      this.#noteBadSound(userId, block, error);
    }
  }

  onFrameDropped(userId: string, stream: StreamKind, why: 'oddSize' | 'badLength'): void {
    this.#framesDropped += 1;
    // The first of a kind tells the story; the count is in the statistics.
    if (this.#framesDropped === 1) {
      this.#deps.send({ type: 'log', level: 'warn', message: 'frame dropped', data: { userId, stream, why } });
    }
  }

  onConnection(state: 'lost' | 'reconnecting' | 'recovered'): void {
    const atMs = Math.round(this.#timelineMs());
    this.#deps.send({ type: 'connection', state, atMs });
    this.#tellGap(this.#connection.note(state, atMs));
  }

  onProblem(level: 'warning' | 'error', code: number, message: string): void {
    const key = `${level} ${code}`;
    const count = (this.#problems.get(key) ?? 0) + 1;
    this.#problems.set(key, count);
    // A code that comes without end is told ever more rarely.
    if ((count & (count - 1)) !== 0) return;
    const atMs = Math.round(this.#timelineMs());
    this.#deps.send({ type: 'sdkProblem', level, code, text: message, count, atMs });
  }

  /** Position on the timeline now; 0 before the room was entered, the length once the recording has ended. */
  #timelineMs(): number {
    return this.#endMs ?? (this.#zeroMs === null ? 0 : this.#deps.monotonicMs() - this.#zeroMs);
  }

  /** Whoever sends sound that cannot be mixed sends it fifty times a second: the first time tells the story. */
  #noteBadSound(userId: string, { sampleRate, channels }: PcmBlock, error: unknown): void {
    if (this.#badSoundSeen) return;
    this.#badSoundSeen = true;
    const why = error instanceof Error ? error.message : 'unknown';
    const data = { userId, sampleRate, channels, why };
    this.#deps.send({ type: 'log', level: 'warn', message: 'sound that cannot be mixed is left out', data });
  }

  #noteAnchors(): void {
    this.#idle.note(this.#roster.anchors, this.#deps.monotonicMs());
  }

  #noteMedia(): void {
    if (this.#mediaSeen) return;
    this.#mediaSeen = true;
    this.#deps.send({ type: 'firstMedia', atMs: Math.round(this.#timelineMs()) });
  }

  #apply(change: 'entered' | 'left', userId: string, changes: SlotChange[]): void {
    const atMs = Math.round(this.#timelineMs());
    const { anchors } = this.#roster;
    this.#deps.send({ type: 'participant', change, userId, atMs, slot: this.#roster.slotOf(userId), anchors });
    for (const { kind, userId: promoted, slot } of changes) {
      if (kind !== 'promoted') continue;
      this.#deps.send({ type: 'participant', change: 'slot', userId: promoted, atMs, slot, anchors });
      this.#subscribe(promoted);
    }
    this.#subscribe(userId);
    this.#stage?.rosterChanged();
    if (this.#phase === 'recording') this.#stage?.usersRecorded();
  }

  /** Receives the pictures of a recorded user; sound comes without asking. */
  #subscribe(userId: string): void {
    if (!this.#job.media.video || this.#roster.slotOf(userId) === null) return;
    for (const stream of ['main', 'sub'] as const) {
      if (this.#roster.isSending(userId, stream)) this.#room?.subscribe(userId, stream);
    }
  }

  #advance(): void {
    if (this.#phase !== 'recording') return;
    const nowMs = this.#timelineMs();
    if (nowMs >= this.#job.limits.maxLengthMs) {
      void this.end('maxLength');
      return;
    }
    if (this.#idle.isOver(this.#deps.monotonicMs())) {
      void this.end('idle');
      return;
    }
    if (this.#connection.isGivenUp(nowMs)) {
      this.#ending ??= this.#finish('reenter', {});
      return;
    }
    this.#stage?.advance(nowMs);
  }

  #stageDeps(): StageDeps {
    return {
      ...this.#deps,
      openEncoder: this.#hardware.openEncoder,
      job: this.#job,
      timelineMs: () => this.#timelineMs(),
      nextSegment: () => {
        this.#nextSegment += 1;
        return this.#nextSegment - 1;
      },
      onHopeless: (message: string) => void this.end('error', { message }),
      onStorageError: (message: string) => void this.end('disk', { message }),
      onBadPicture: (userId, stream) => this.onFrameDropped(userId, stream, 'badLength'),
    };
  }

  #tellGap(gap: Gap | null): void {
    if (gap) this.#deps.send({ type: 'gap', gap });
  }

  async #finish(reason: EndReason | 'reenter', detail: { code?: number; message?: string }): Promise<void> {
    const wasRecording = this.#phase === 'recording';
    this.#phase = 'ending';
    const endMs = wasRecording
      ? Math.min(this.#timelineMs(), this.#job.limits.maxLengthMs)
      : (this.#job.resume?.timelineMs ?? 0);
    this.#endMs = endMs;
    if (wasRecording) this.#tellGap(this.#connection.end(Math.round(endMs)));
    const left = this.#leave();
    if (wasRecording) {
      await this.#stage?.finish(endMs, ENCODER_FINISH_TIMEOUT_MS);
      this.#deps.send({ type: 'stats', stats: this.#stats() });
    }
    await left;
    clearInterval(this.#heartbeat);
    const timelineMs = Math.round(endMs);
    const { code = null, message = null } = detail;
    if (reason === 'reenter') this.#deps.send({ type: 'leftToReenter', timelineMs });
    else this.#deps.send({ type: 'ended', reason, code, message, timelineMs });
    this.#over.resolve();
  }

  async #leave(): Promise<void> {
    this.#picture?.stop();
    for (const timer of this.#timers) clearTimeout(timer);
    this.#pump.stop();
    this.#timers = [];
    const room = this.#room;
    this.#room = null;
    if (!room) return;
    try {
      const how = await room.exit(this.#job.limits.exitTimeoutMs);
      if (how === 'timeout')
        this.#deps.send({ type: 'log', level: 'warn', message: 'exitRoom was not confirmed in time' });
      room.dispose();
    } catch (error) {
      // The recording is in its segments: a room that cannot be left must not keep it from being finished.
      const data = { error: error instanceof Error ? error.message : 'unknown' };
      this.#deps.send({ type: 'log', level: 'warn', message: 'the room could not be left in order', data });
    }
  }

  #beat(): void {
    const stage = this.#stage;
    const atMs = Math.round(this.#timelineMs());
    if (stage && this.#phase === 'recording') this.#relief.look(atMs, stage);
    const isDue = this.#job.media.audio && this.#roster.isSoundDue && !this.#connection.isLost;
    const change = this.#sound.look({ atMs, blocks: this.#audioBlocksReceived, isDue });
    if (change) this.#deps.send({ type: 'sound', state: change, atMs: this.#sound.missingSinceMs ?? atMs });
    this.#deps.send({ type: 'stats', stats: this.#stats() });
  }

  #stats(): CaptureStats {
    const made = this.#stage?.stats() ?? NOTHING_MADE;
    const { picturesSent, picturesSkipped, pipeBacklogBytes, segmentBytes } = made;
    return {
      timelineMs: Math.round(this.#timelineMs()),
      ...{ picturesSent, picturesSkipped, pipeBacklogBytes, segmentBytes },
      framesReceived: this.#framesReceived,
      framesDropped: this.#framesDropped,
      audioBlocksReceived: this.#audioBlocksReceived,
      soundMissingSinceMs: this.#sound.missingSinceMs,
      participantsInRoom: this.#roster.anchors,
      participantsRecorded: this.#roster.recordedPresent().length,
      relief: this.#relief.current,
      hardwareFailure: this.#hardware.failure,
      encoder: this.#job.media.video ? this.#relief.encoder : 'libmp3lame',
      live: this.#live.look(this.#roster, this.#stage?.takeLoudest() ?? null, made),
    };
  }
}
