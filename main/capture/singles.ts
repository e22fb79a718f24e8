import type { PreviewPart } from './live-picture.ts';
import type { CaptureJob, FromCapture, OutputName, VideoSettings } from './messages.ts';
import { AudioMixer, type Loudest } from './mix/audio-mixer.ts';
import { Compositor } from './mix/compositor.ts';
import type { PlaneKernel } from './mix/kernel/kernel.ts';
import type { SoundKernel } from './mix/kernel/sound-kernel.ts';
import type { I420Frame, PcmBlock, StreamKind } from './mix/types.ts';
import { Output } from './output.ts';
import { addStats, NOTHING_MADE, type OutputStats } from './output-stats.ts';
import type { ReliefStep } from './relief.ts';
import type { OpenEncoder } from './segment-sequence.ts';

export interface SinglesDeps {
  job: Pick<CaptureJob, 'media' | 'video' | 'isReserve'>;
  /** Null in recordings without sound. */
  soundKernel: SoundKernel | null;
  loadKernel(): Promise<PlaneKernel>;
  openEncoder: OpenEncoder;
  nextSegment(): number;
  timelineMs(): number;
  send(message: FromCapture): void;
  onHopeless(description: string): void;
  onStorageError(description: string): void;
}

/** A user with sound but without a picture gets his file after this long; it must be less than the mixer keeps. */
const PICTURE_WAIT_MS = 2_000;
/** Canvas of a file whose user has shown no picture yet. */
const DEFAULT_SIZE = { width: 640, height: 360 };
const SMALLEST_SIDE = 16;
/** The only picture on a single's canvas. */
const KEY = 'picture';

interface Size {
  width: number;
  height: number;
}

/** One stay of one stream on its way into a file. */
interface Track {
  name: OutputName;
  userId: string;
  startMs: number;
  audioMixer: AudioMixer | null;
  kernel: PlaneKernel | null;
  /** A picture that came before the kernel was there: a still screen may send no second one for a long time. */
  early: I420Frame | null;
  compositor: Compositor | null;
  output: Output | null;
  size: Size | null;
}

/**
 * One file per recorded user, and one per shared screen (with its owner's voice). A file begins with its user's entering; when he leaves,
 * its segment ends, and when he comes back another begins: the hole between is filled when the file is joined. Pictures keep the size
 * that the user sent first, within the size of the mix.
 */
export class Singles {
  readonly #deps: SinglesDeps;
  readonly #tracks = new Map<OutputName, Track>();
  /** A user who comes back goes on in the same file and so with the same size. */
  readonly #sizes = new Map<OutputName, Size>();
  readonly #closing = new Set<Promise<void>>();
  #closed = NOTHING_MADE;
  #relief: ReliefStep | null = null;

  constructor(deps: SinglesDeps) {
    this.#deps = deps;
  }

  /** A recorded user is in the room. Telling it twice changes nothing. */
  userEntered(userId: string): void {
    this.#begin(userId, 'main');
  }

  /** The first picture of a stream has come, even if it is not to be drawn yet. Telling it twice changes nothing. */
  streamBegan(userId: string, stream: StreamKind): void {
    this.#begin(userId, stream);
  }

  /** A user left at `atMs`, or is not recorded any more: his files pause there. */
  userLeft(userId: string, atMs: number): void {
    this.#end(`main:${userId}`, atMs);
    this.#end(`sub:${userId}`, atMs);
  }

  /** A camera was switched off or a screen is not shared any more, since `atMs`. */
  streamOff(userId: string, stream: StreamKind, atMs: number): void {
    if (stream === 'sub') this.#end(`sub:${userId}`, atMs);
    else if (!this.#deps.job.isReserve) this.#tracks.get(`main:${userId}`)?.compositor?.forget(KEY);
  }

  /** @throws RangeError when the size is odd or does not match the data */
  drawFrame(userId: string, stream: StreamKind, frame: I420Frame): void {
    if (!this.#deps.job.media.video) return;
    const track = this.#begin(userId, stream);
    if (track.kernel) this.#draw(track, frame);
    else track.early = { ...frame, data: frame.data.slice() };
  }

  /** @throws RangeError for a sample rate that cannot be mixed */
  pushAudio(userId: string, block: PcmBlock, arrivalMs: number): void {
    this.#tracks.get(`main:${userId}`)?.audioMixer?.push(userId, block, arrivalMs);
    this.#tracks.get(`sub:${userId}`)?.audioMixer?.push(userId, block, arrivalMs);
  }

  advance(nowMs: number): void {
    for (const track of this.#tracks.values()) {
      const isSilentFilm = track.audioMixer === null;
      if (!track.output && !isSilentFilm && nowMs - track.startMs >= PICTURE_WAIT_MS) {
        this.#open(track, this.#sizes.get(track.name) ?? DEFAULT_SIZE);
      }
      track.output?.advance(nowMs);
    }
  }

  /** Encodes the pictures of all files by this step, also of those that are begun later. */
  relieve(step: ReliefStep): void {
    this.#relief = step;
    for (const { output } of this.#tracks.values()) output?.relieve(step);
  }

  /** Closes all files at `endMs`. */
  async finish(endMs: number, timeoutMs: number): Promise<void> {
    const open = [...this.#tracks.values()].map((track) => this.#close(track, endMs, timeoutMs));
    this.#tracks.clear();
    await Promise.all([...open, ...this.#closing]);
  }

  /** Sums over all files, those closed before included. */
  stats(): OutputStats {
    return [...this.#tracks.values()].reduce(
      (sum, { output }) => addStats(sum, output?.stats ?? NOTHING_MADE),
      this.#closed,
    );
  }

  /** How loud each user was; there is no mix. */
  takeLoudest(): Loudest {
    const users = new Map<string, number>();
    for (const { name, userId, audioMixer } of this.#tracks.values()) {
      const level = audioMixer?.takeLoudest().users.get(userId);
      if (level !== undefined && name.startsWith('main:')) users.set(userId, level);
    }
    return { mix: 0, users };
  }

  /** The pictures that the files show now, as views that are void after the next drawing. */
  preview(): PreviewPart[] {
    return [...this.#tracks.values()].flatMap(({ name, compositor, size }): PreviewPart[] =>
      compositor && size
        ? [{ key: name, isScreen: name.startsWith('sub:'), frame: { data: compositor.canvas, ...size, rotation: 0 } }]
        : [],
    );
  }

  #begin(userId: string, stream: StreamKind): Track {
    const name: OutputName = `${stream}:${userId}`;
    const known = this.#tracks.get(name);
    if (known) return known;
    const { job, soundKernel } = this.#deps;
    const audioMixer = soundKernel && new AudioMixer(soundKernel);
    audioMixer?.setActive([userId]);
    const startMs = this.#deps.timelineMs();
    const track: Track = {
      name,
      userId,
      startMs,
      audioMixer,
      kernel: null,
      early: null,
      compositor: null,
      output: null,
      size: null,
    };
    this.#tracks.set(name, track);
    if (job.media.video) void this.#loadKernel(track);
    else this.#open(track, DEFAULT_SIZE);
    return track;
  }

  async #loadKernel(track: Track): Promise<void> {
    try {
      track.kernel = await this.#deps.loadKernel();
      const { early } = track;
      track.early = null;
      if (early && this.#tracks.get(track.name) === track) this.#draw(track, early);
    } catch (error) {
      this.#deps.onHopeless(error instanceof Error ? error.message : 'the mixing kernel could not be loaded');
    }
  }

  #draw(track: Track, frame: I420Frame): void {
    if (!track.output) this.#open(track, this.#sizes.get(track.name) ?? singleSize(frame, this.#deps.job.video));
    track.compositor?.drawFrame(KEY, frame);
  }

  /** Opens the file of a track. With pictures that takes the kernel: until it is loaded, which takes milliseconds, nothing happens. */
  #open(track: Track, size: Size): void {
    const { job, ...shared } = this.#deps;
    const video = { ...job.video, ...size };
    if (job.media.video) {
      if (!track.kernel) return;
      track.compositor = new Compositor(track.kernel, { ...video, fit: 'fit' });
      track.compositor.setCells([{ key: KEY, rect: { x: 0, y: 0, ...size } }]);
      track.size = size;
      this.#sizes.set(track.name, size);
    }
    const { name, compositor: pictures, audioMixer, startMs } = track;
    track.output = new Output({ ...shared, name, pictures, audioMixer, video, startMs });
    if (this.#relief) track.output.relieve(this.#relief);
    track.output.open();
  }

  #end(name: OutputName, atMs: number): void {
    const track = this.#tracks.get(name);
    if (!track) return;
    this.#tracks.delete(name);
    const closing = this.#close(track, atMs, CLOSE_TIMEOUT_MS);
    this.#closing.add(closing);
    void closing.finally(() => this.#closing.delete(closing));
  }

  async #close({ output }: Track, endMs: number, timeoutMs: number): Promise<void> {
    await output?.finish(endMs, timeoutMs);
    if (output) this.#closed = { ...addStats(this.#closed, output.stats), ...NOTHING_OPEN };
  }
}

const CLOSE_TIMEOUT_MS = 20_000;
const NOTHING_OPEN = { pipeBacklogBytes: 0, pipeBacklogMs: 0, longestBacklogMs: 0, segmentBytes: 0 };

/** Size of a single's canvas: as the picture stands upright, made smaller where it has more pixels than the mix, even. */
export function singleSize(
  { width, height, rotation }: I420Frame,
  most: Pick<VideoSettings, 'width' | 'height'>,
): Size {
  const turned = rotation % 2 === 1;
  const scale = Math.min(1, Math.sqrt((most.width * most.height) / (width * height)));
  const even = (side: number) => Math.max(SMALLEST_SIDE, 2 * Math.floor((side * scale) / 2));
  return { width: even(turned ? height : width), height: even(turned ? width : height) };
}
