import type { PreviewPart } from './live-picture.ts';
import type { CaptureJob } from './messages.ts';
import { AudioMixer, type Loudest } from './mix/audio-mixer.ts';
import type { HeldPicture } from './mix/compositor.ts';
import type { PlaneKernel } from './mix/kernel/kernel.ts';
import type { SoundKernel } from './mix/kernel/sound-kernel.ts';
import type { I420Frame, PcmBlock, StreamKind } from './mix/types.ts';
import { Output, type OutputOptions } from './output.ts';
import { NOTHING_MADE, type OutputStats } from './output-stats.ts';
import type { ReliefStep } from './relief.ts';
import type { Roster } from './roster.ts';
import { createScene, type Scene } from './scene.ts';
import type { TextRenderer } from './text/text-renderer.ts';

export interface MixedOutputDeps extends Omit<OutputOptions, 'name' | 'pictures' | 'audioMixer' | 'video' | 'startMs'> {
  job: CaptureJob;
  /** Null in recordings without sound. */
  soundKernel: SoundKernel | null;
  loadKernel(): Promise<PlaneKernel>;
  loadTextRenderer(): Promise<TextRenderer>;
  /** Wall clock, milliseconds since 1970. */
  epochMs(): number;
}

/** The one file in which everybody is together. */
export class MixedOutput {
  readonly #deps: MixedOutputDeps;
  /** Null in recordings of sound alone. */
  readonly #scene: Scene | null;
  readonly #audioMixer: AudioMixer | null;
  #output: Output | null = null;
  #present: readonly string[] = [];

  constructor(deps: MixedOutputDeps, scene: Scene | null) {
    this.#deps = deps;
    this.#scene = scene;
    this.#audioMixer = deps.soundKernel && new AudioMixer(deps.soundKernel);
  }

  /** Opens the file at a timeline position. */
  begin(startMs: number): void {
    const scene = this.#scene;
    const { job, timelineMs, epochMs } = this.#deps;
    // The wall clock of t=0, so that pictures made up for later carry the time they stand for.
    const zeroEpochMs = epochMs() - timelineMs();
    const pictures = scene && {
      get canvas() {
        return scene.canvas;
      },
      dress: (picture: Uint8Array, atMs: number) => scene.dress(picture, zeroEpochMs + atMs),
      look: (atMs: number) => scene.look(zeroEpochMs + atMs),
    };
    this.#output = new Output({
      ...this.#deps,
      name: 'mix',
      pictures,
      audioMixer: this.#audioMixer,
      video: job.video,
      startMs,
    });
    this.#output.open();
  }

  /** Whose sound is taken from now on. */
  listenTo(present: readonly string[]): void {
    this.#present = present;
    this.#audioMixer?.setActive(present);
  }

  /** Who is to be seen has changed. */
  update(seen: Pick<Roster, 'recorded'>): void {
    this.#scene?.update(seen);
  }

  /**
   * Copies a frame to where it waits to be drawn or dropped; null in recordings of sound alone.
   * @throws RangeError when the size is odd or does not match the data
   */
  hold(frame: I420Frame): HeldPicture | null {
    return this.#scene?.hold(frame) ?? null;
  }

  draw(userId: string, stream: StreamKind, held: HeldPicture): void {
    this.#scene?.draw(userId, stream, held);
  }

  drop(held: HeldPicture): void {
    this.#scene?.drop(held);
  }

  forget(userId: string, stream: StreamKind): void {
    this.#scene?.forget(userId, stream);
  }

  pushAudio(userId: string, block: PcmBlock, arrivalMs: number): void {
    this.#audioMixer?.push(userId, block, arrivalMs);
  }

  advance(nowMs: number): void {
    this.#output?.advance(nowMs);
    const mixer = this.#audioMixer;
    if (this.#deps.job.layout !== 'speaker' || !this.#scene || !mixer) return;
    this.#scene.listen(new Map(this.#present.map((userId) => [userId, mixer.rms(userId)])), nowMs);
  }

  /** Encodes its pictures by this step from now on. */
  relieve(step: ReliefStep): void {
    this.#output?.relieve(step);
  }

  async finish(endMs: number, timeoutMs: number): Promise<void> {
    await this.#output?.finish(endMs, timeoutMs);
  }

  stats(): OutputStats {
    return this.#output?.stats ?? NOTHING_MADE;
  }

  takeLoudest(): Loudest | null {
    return this.#audioMixer?.takeLoudest() ?? null;
  }

  /** The canvas as it is now, dressed, as a copy; nothing in recordings of sound alone or before the file is open. */
  preview(): PreviewPart[] {
    if (!this.#scene || !this.#output) return [];
    const { width, height } = this.#deps.job.video;
    const data = this.#scene.canvas.slice();
    this.#scene.dress(data, this.#deps.epochMs());
    return [{ key: 'mix', isScreen: false, frame: { data, width, height, rotation: 0 } }];
  }
}

/** Prepares the mix: kernel, fonts and watermark are loaded before the room is entered. */
export async function createMixedOutput(deps: MixedOutputDeps): Promise<MixedOutput> {
  const { job, loadKernel, loadTextRenderer, send } = deps;
  if (!job.media.video) return new MixedOutput(deps, null);
  const { video, layout, dressing, names } = job;
  const scene = await createScene({
    ...{ kernel: await loadKernel(), video, layout, dressing, names, loadTextRenderer },
    onProblem: (message) => send({ type: 'log', level: 'warn', message }),
  });
  return new MixedOutput(deps, scene);
}
