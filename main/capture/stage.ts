import { FramePool } from './frame-pool.ts';
import type { PreviewPart } from './live-picture.ts';
import type { CaptureJob } from './messages.ts';
import type { Loudest } from './mix/audio-mixer.ts';
import type { HeldPicture } from './mix/compositor.ts';
import type { SoundKernel } from './mix/kernel/sound-kernel.ts';
import { MIXING_DELAY_MS, pictureDueMs, pictureMomentMs } from './mix/timeline.ts';
import type { I420Frame, PcmBlock, StreamKind } from './mix/types.ts';
import { createMixedOutput, type MixedOutput, type MixedOutputDeps } from './mixed-output.ts';
import { addStats, NOTHING_MADE, type OutputStats } from './output-stats.ts';
import { PictureLine } from './picture-line.ts';
import type { ReliefStep } from './relief.ts';
import type { Roster } from './roster.ts';
import { Singles } from './singles.ts';

export interface StageDeps extends Omit<MixedOutputDeps, 'onHopeless' | 'soundKernel'> {
  job: CaptureJob;
  loadSoundKernel(): Promise<SoundKernel>;
  /** The recording cannot go on. */
  onHopeless(description: string): void;
  /** A picture that was taken over could not be drawn. */
  onBadPicture(userId: string, stream: StreamKind): void;
}

/** A picture that waits for its time, for each kind of file. */
interface Held {
  mixed: HeldPicture | null;
  single: I420Frame | null;
}

/** After a stall longer than this, pictures that nobody can tell apart any more are not played one by one. */
const LONGEST_REPLAY_MS = 10_000;

/**
 * All files of a session and what they show. Sound goes to the mixers as it comes, because they wait by themselves; pictures and
 * what changes among them wait in a line, so that each output tick shows the room as it was at the tick's moment.
 */
export class Stage {
  readonly #mix: MixedOutput | null;
  readonly #singles: Singles | null;
  readonly #roster: Roster;
  readonly #deps: StageDeps;
  /** Null in recordings of sound alone. */
  readonly #line: PictureLine<Held> | null;
  readonly #pool = new FramePool();
  readonly #fps: number;
  /** First tick that was not made yet. */
  #nextTick = 0;

  constructor(deps: StageDeps, roster: Roster, mix: MixedOutput | null, singles: Singles | null) {
    this.#deps = deps;
    this.#roster = roster;
    this.#mix = mix;
    this.#singles = singles;
    this.#fps = deps.job.video.fps;
    this.#line = deps.job.media.video
      ? new PictureLine({
          tickMs: 1000 / this.#fps,
          hold: (frame) => this.#hold(frame),
          draw: (userId, stream, held) => this.#draw(userId, stream, held),
          drop: (held) => this.#drop(held),
        })
      : null;
  }

  /** Opens the files. The mix begins at `startMs`, files of users now, at `nowMs`. */
  begin(startMs: number, nowMs: number): void {
    this.#nextTick = Math.max(0, Math.floor(((nowMs - MIXING_DELAY_MS) * this.#fps) / 1000));
    this.#mix?.begin(startMs);
    this.usersRecorded();
  }

  /** Who is recorded has changed: whoever is there and has no file yet gets one. */
  usersRecorded(): void {
    for (const userId of this.#roster.recordedPresent()) this.#singles?.userEntered(userId);
  }

  /** The roster has changed. Sound follows at once, the picture when the sound of this moment is heard. */
  rosterChanged(): void {
    this.#mix?.listenTo(this.#roster.recordedPresent());
    const seen = { recorded: this.#roster.recorded() };
    this.#later(() => this.#mix?.update({ recorded: () => seen.recorded }));
  }

  userLeft(userId: string): void {
    const atMs = this.#deps.timelineMs();
    this.#line?.restart(userId, 'main');
    this.#line?.restart(userId, 'sub');
    const keepsSlot = this.#roster.slotOf(userId) !== null;
    this.#later(() => {
      if (!keepsSlot) this.#mix?.forget(userId, 'main');
      this.#mix?.forget(userId, 'sub');
      this.#singles?.userLeft(userId, atMs);
      // He may be back already.
      this.usersRecorded();
    });
  }

  /** A camera was switched off or a screen is not shared any more. */
  streamOff(userId: string, stream: StreamKind): void {
    const atMs = this.#deps.timelineMs();
    this.#line?.restart(userId, stream);
    this.#later(() => this.#singles?.streamOff(userId, stream, atMs));
  }

  /**
   * Takes over a picture; its buffer is read before returning.
   * @param isFirst nothing was seen of this stream before, so that the picture changes who is to be seen
   * @throws RangeError when the size is odd or does not match the data
   */
  picture(userId: string, stream: StreamKind, frame: I420Frame, timestampMs: number, isFirst: boolean): void {
    if (!this.#line) return;
    if (isFirst) {
      // The file begins here, so that it has the sound from the first picture on.
      this.#singles?.streamBegan(userId, stream);
      this.rosterChanged();
    }
    this.#line.add(userId, stream, frame, timestampMs, this.#deps.timelineMs());
  }

  /** @throws RangeError for a sample rate that cannot be mixed */
  sound(userId: string, block: PcmBlock): void {
    const arrivalMs = this.#deps.timelineMs();
    this.#mix?.pushAudio(userId, block, arrivalMs);
    this.#singles?.pushAudio(userId, block, arrivalMs);
  }

  /** Makes what is due at `nowMs`: before each picture, all that belongs before its moment is drawn. */
  advance(nowMs: number): void {
    if (this.#line) this.#playPictures(this.#line, nowMs);
    this.#mix?.advance(nowMs);
    this.#singles?.advance(nowMs);
  }

  /** Encodes the pictures of all files by this step from now on. */
  relieve(step: ReliefStep): void {
    this.#mix?.relieve(step);
    this.#singles?.relieve(step);
  }

  /** Closes all files at `endMs`, which is now: nothing is waited for any more. */
  async finish(endMs: number, timeoutMs: number): Promise<void> {
    this.advance(endMs + MIXING_DELAY_MS);
    this.#line?.playUntil(endMs);
    await Promise.all([this.#mix?.finish(endMs, timeoutMs), this.#singles?.finish(endMs, timeoutMs)]);
  }

  /** Sums over all files. */
  stats(): OutputStats {
    return addStats(this.#mix?.stats() ?? NOTHING_MADE, this.#singles?.stats() ?? NOTHING_MADE);
  }

  /** How loud it was since the last call; null in recordings without sound. */
  takeLoudest(): Loudest | null {
    if (!this.#deps.job.media.audio) return null;
    return this.#mix ? this.#mix.takeLoudest() : (this.#singles?.takeLoudest() ?? null);
  }

  /** What is to be seen now: the mixed canvas, or without a mix the picture of each file. */
  preview(): PreviewPart[] {
    return this.#mix ? this.#mix.preview() : (this.#singles?.preview() ?? []);
  }

  #playPictures(line: PictureLine<Held>, nowMs: number): void {
    const oldest = Math.floor(((nowMs - MIXING_DELAY_MS - LONGEST_REPLAY_MS) * this.#fps) / 1000);
    this.#nextTick = Math.max(this.#nextTick, oldest);
    for (; pictureDueMs(this.#nextTick, this.#fps) <= nowMs; this.#nextTick += 1) {
      line.playUntil(pictureMomentMs(this.#nextTick, this.#fps));
      const dueMs = pictureDueMs(this.#nextTick, this.#fps);
      this.#mix?.advance(dueMs);
      this.#singles?.advance(dueMs);
    }
  }

  #hold(frame: I420Frame): Held {
    return { mixed: this.#mix?.hold(frame) ?? null, single: this.#singles ? this.#pool.copy(frame) : null };
  }

  #draw(userId: string, stream: StreamKind, { mixed, single }: Held): void {
    try {
      if (mixed) this.#mix?.draw(userId, stream, mixed);
      if (single) this.#singles?.drawFrame(userId, stream, single);
    } catch {
      this.#deps.onBadPicture(userId, stream);
    }
    if (single) this.#pool.giveBack(single);
  }

  #drop({ mixed, single }: Held): void {
    if (mixed) this.#mix?.drop(mixed);
    if (single) this.#pool.giveBack(single);
  }

  /** Without pictures nothing has to wait for them. */
  #later(change: () => void): void {
    if (this.#line) this.#line.change(this.#deps.timelineMs(), change);
    else change();
  }
}

/** Prepares the files of a job: kernels, fonts and watermark are loaded before the room is entered. */
export async function createStage(deps: StageDeps, roster: Roster): Promise<Stage> {
  const { job } = deps;
  // One for all files: they are mixed one after the other.
  const soundKernel = job.media.audio ? await deps.loadSoundKernel() : null;
  const mix = job.outputs.mix ? await createMixedOutput({ ...deps, soundKernel }) : null;
  if (!job.outputs.singles) return new Stage(deps, roster, mix, null);
  // Beside a mix, a user's file that cannot be made is no reason to end the recording.
  const onHopeless = mix
    ? (message: string) => deps.send({ type: 'log', level: 'error', message: `a single file ended: ${message}` })
    : deps.onHopeless;
  return new Stage(deps, roster, mix, new Singles({ ...deps, soundKernel, onHopeless }));
}
