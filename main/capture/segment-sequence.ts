import type { SegmentPlace } from './encode/segment-name.ts';
import type { MixSink } from './feed.ts';
import type { FromCapture, OutputName, VideoSettings } from './messages.ts';

/** One running encoder that writes one segment file. */
export interface Encoder extends MixSink {
  /** File name inside the recording's directory. */
  readonly file: string;
  /** Handed over but not yet read by ffmpeg. */
  readonly backlogBytes: number;
  /** Bytes of the segment written so far. */
  readonly bytesWritten: number;
  /** Ends the stream in order and syncs the file; kills the encoder when that takes longer than `timeoutMs`. */
  finish(timeoutMs: number): Promise<{ bytes: number; clean: boolean }>;
  /** Length of the readable media in the file so far, in milliseconds; also right for a torn file. */
  readableMs(): Promise<number>;
}

export interface EncoderEvents {
  /** The encoder ended although nobody asked; called at most once, after its last bytes are in the file. */
  onDied(description: string): void;
  /**
   * The segment file could not be written (disk full, read-only, unplugged). `isFull`: there is no space, so that another file would
   * end the same way.
   */
  onStorageError(description: string, isFull: boolean): void;
}

/** Opens the encoder of a segment whose canvas has the size in `video` (ignored without pictures). */
export type OpenEncoder = (place: SegmentPlace, video: VideoSettings, events: EncoderEvents) => Encoder;

export interface SegmentSequenceOptions {
  /** The file that these segments are of. */
  output: OutputName;
  video: VideoSettings;
  /** Hands out the numbers of segments, which are unique over all outputs of a recording. */
  nextSegment(): number;
  openEncoder: OpenEncoder;
  send(message: FromCapture): void;
  /** The encoder died; the feed goes on at the returned start, which is at or just after `resumeMs` on the timeline. */
  onRestart(resumeMs: number): { startNs: number };
  /** Encoders die without having written anything: going on makes no sense. */
  onHopeless(description: string): void;
  onStorageError(description: string): void;
  timelineMs(): number;
}

/** An encoder that dies this often in a row without readable media is not going to work. */
const BARREN_LIMIT = 3;
const BARREN_BELOW_MS = 200;
/** Before another file is tried on a disk that refused the last one at once. */
const STORAGE_PAUSE_MS = 300;

/** How long an encoder whose successor runs already may take for what it was given. */
const RETIRE_TIMEOUT_MS = 15_000;

interface Running {
  encoder: Encoder;
  segment: number;
  startNs: number;
}

/** Why a segment ended that nobody ended. */
interface SegmentEnd {
  description: string;
  /** The disk was to blame, not the encoder. */
  isStorage: boolean;
}

/**
 * The segments of one capture process, one after the other: when ffmpeg dies the next segment continues exactly where the readable
 * part of the last one ends, so that the segments tile the timeline. They do so as well when a segment is asked to end for one with other
 * settings. Each segment's own clock starts at 0 at its `startMs`.
 */
export class SegmentSequence implements MixSink {
  readonly #options: SegmentSequenceOptions;
  #current: Running | null = null;
  #video: VideoSettings;
  /** Where a segment with the present settings is to begin. */
  #renewAtNs: number | null = null;
  /** Still takes what belongs before the current segment. */
  #outgoing: Running | null = null;
  readonly #retiring = new Set<Promise<void>>();
  #barren = 0;
  #restarting: Promise<void> = Promise.resolve();
  #finishing = false;

  constructor(options: SegmentSequenceOptions) {
    this.#options = options;
    this.#video = options.video;
  }

  get isOpen(): boolean {
    return this.#current !== null;
  }

  get pipeBacklogBytes(): number {
    return this.#current?.encoder.backlogBytes ?? 0;
  }

  get segmentBytes(): number {
    return this.#current?.encoder.bytesWritten ?? 0;
  }

  /** How much picture time waits in the pipe. */
  get pipeBacklogMs(): number {
    const { width, height, fps } = this.#options.video;
    return (this.pipeBacklogBytes / ((width * height * 3) / 2) / fps) * 1000;
  }

  /** Opens the next segment; `startNs` is the timeline position of its first picture or sound. */
  open(startNs: number): void {
    const { output } = this.#options;
    this.#renewAtNs = null;
    const segment = this.#options.nextSegment();
    const startMs = startNs / 1e6;
    const encoder = this.#options.openEncoder({ segment, output, startMs }, this.#video, {
      onDied: (description) => this.#onEnded(segment, { description, isStorage: false }),
      onStorageError: (description, isFull) => {
        if (!isFull) this.#onEnded(segment, { description, isStorage: true });
        else if (this.#current?.segment === segment) this.#options.onStorageError(description);
      },
    });
    this.#current = { encoder, segment, startNs };
    this.#options.send({ type: 'segmentOpened', segment, output, file: encoder.file, startMs });
  }

  writePicture(
    canvas: Uint8Array,
    timestampNs: number,
    dress?: (picture: Uint8Array) => void,
    look?: number,
  ): 'written' | 'skipped' {
    const segment = this.#segmentAt(timestampNs);
    return segment ? segment.encoder.writePicture(canvas, timestampNs - segment.startNs, dress, look) : 'skipped';
  }

  writeAudio(pcm: Int16Array, timestampNs: number): void {
    const segment = this.#segmentAt(timestampNs);
    segment?.encoder.writeAudio(pcm, timestampNs - segment.startNs);
  }

  /**
   * What begins at `startNs` or later goes into a new segment with these settings. The one before it goes on for what belongs before,
   * until `endRenewed`.
   */
  renew(video: VideoSettings, startNs: number): void {
    this.#video = video;
    if (this.#current) this.#renewAtNs = startNs;
  }

  /** All that belongs before the new segment was handed over. */
  endRenewed(): void {
    const outgoing = this.#outgoing;
    this.#outgoing = null;
    if (!outgoing) return;
    const retiring = this.#retire(outgoing);
    this.#retiring.add(retiring);
    void retiring.finally(() => this.#retiring.delete(retiring));
  }

  /** Resolves when no dead encoder is being replaced. */
  async settled(): Promise<void> {
    let restarting: Promise<void>;
    do {
      restarting = this.#restarting;
      await restarting;
    } while (restarting !== this.#restarting);
  }

  /** Closes the running segment for good. */
  async finish(timeoutMs: number): Promise<void> {
    this.#finishing = true;
    await this.settled();
    this.endRenewed();
    const current = this.#current;
    this.#current = null;
    const retired = Promise.all(this.#retiring);
    if (current) {
      const result = await current.encoder.finish(timeoutMs);
      this.#options.send({ type: 'segmentClosed', segment: current.segment, ...result });
    }
    await retired;
  }

  /** The segment that a moment belongs to. */
  #segmentAt(timestampNs: number): Running | null {
    if (this.#renewAtNs !== null && timestampNs >= this.#renewAtNs && this.#current) {
      this.endRenewed();
      this.#outgoing = this.#current;
      this.open(this.#renewAtNs);
    }
    const { startNs } = this.#current ?? { startNs: 0 };
    return this.#outgoing && timestampNs < startNs ? this.#outgoing : this.#current;
  }

  /** Ends a segment whose successor runs: what it was given is in it, or told as missing. */
  async #retire({ encoder, segment, startNs }: Running): Promise<void> {
    const { send, timelineMs } = this.#options;
    const untilMs = Math.round(Math.min(timelineMs(), (this.#current?.startNs ?? Number.POSITIVE_INFINITY) / 1e6));
    const result = await encoder.finish(RETIRE_TIMEOUT_MS);
    send({ type: 'segmentClosed', segment, ...result });
    if (result.clean) return;
    const atMs = Math.round(startNs / 1e6 + (await encoder.readableMs().catch(() => 0)));
    const durationMs = Math.max(0, untilMs - atMs);
    send({ type: 'gap', gap: { atMs, durationMs, reason: 'encoderDied', cut: false } });
  }

  #onEnded(segment: number, end: SegmentEnd): void {
    const current = this.#current;
    if (!current || current.segment !== segment || this.#finishing) return;
    this.#current = null;
    this.#restarting = this.#replace(current, end).catch((error: unknown) => {
      const message = `no new segment could be opened: ${error instanceof Error ? error.message : 'unknown'}`;
      if (end.isStorage) this.#options.onStorageError(message);
      else this.#options.onHopeless(message);
    });
  }

  async #replace(dead: Running, { description, isStorage }: SegmentEnd): Promise<void> {
    const { send, timelineMs, onRestart, onHopeless, onStorageError } = this.#options;
    const message = isStorage ? 'segment file could not be written' : 'encoder died';
    send({ type: 'log', level: 'warn', message, data: { segment: dead.segment, description } });
    const { bytes } = await dead.encoder.finish(0);
    const readableMs = await dead.encoder.readableMs();
    send({ type: 'segmentClosed', segment: dead.segment, bytes, clean: false });
    this.#barren = readableMs < BARREN_BELOW_MS ? this.#barren + 1 : 0;
    if (this.#barren >= BARREN_LIMIT) {
      if (isStorage) onStorageError(description);
      else onHopeless(`the encoder ended ${BARREN_LIMIT} times without output: ${description}`);
      return;
    }
    // A disk that fails for a moment gets that moment; the sound of it is kept and comes into the next segment.
    if (isStorage && this.#barren > 0) await new Promise((resolve) => setTimeout(resolve, STORAGE_PAUSE_MS));
    const resumeMs = dead.startNs / 1e6 + readableMs;
    const durationMs = Math.max(0, Math.round(timelineMs() - resumeMs));
    send({ type: 'gap', gap: { atMs: Math.round(resumeMs), durationMs, reason: 'encoderDied', cut: false } });
    this.open(onRestart(resumeMs).startNs);
  }
}
