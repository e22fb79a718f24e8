import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { BlockQueue } from './block-queue.ts';
import { ffmpegEnvironment } from './ffmpeg.ts';
import { type MatroskaTracks, MatroskaWriter } from './matroska.ts';
import { PictureCopies } from './picture-copies.ts';
import { realSegmentFileSystem, SegmentFile, type SegmentFileSystem } from './segment-file.ts';
import { SoundGather } from './sound-gather.ts';

/** How an encoder ended that was not asked to. */
export interface EncoderDeath {
  code: number | null;
  signal: string | null;
  /** True when it was killed here because it had stopped reading. */
  stalled: boolean;
  /** Its last lines on stderr, or why it could not be started. */
  stderrTail: string[];
}

/** At most one of the two is called, once, never before the constructor returned, and never after `finish` was called. */
export interface EncoderListener {
  /** Comes when the last bytes of the encoder are in the file. */
  onDied(death: EncoderDeath): void;
  /**
   * The segment file cannot be created or written; the encoder has been killed. What the file holds so far is a usable beginning.
   */
  onWriteError(error: Error): void;
}

export interface SegmentEncoderOptions {
  ffmpegPath: string;
  /** From `liveEncoderArgs`. */
  args: string[];
  /** From `tracksOfMode`. */
  tracks: MatroskaTracks;
  /** The segment file, which must not exist yet. */
  file: string;
  listener: EncoderListener;
  /** Pictures that may wait unread before further ones are skipped; by default 1 s of them, 2 s until the encoder reads. */
  maxWaitingPictures?: number;
  /** An encoder that reads nothing for this long, while the disk is not to blame, is killed. */
  stallTimeoutMs?: number;
  syncEveryMs?: number;
  /** How long each step of the kill ladder waits for the one before it. */
  killStepMs?: number;
  spawnEncoder?: SpawnEncoder;
  fileSystem?: SegmentFileSystem;
  /** Monotonic milliseconds. */
  nowMs?: () => number;
}

export type EncoderChild = Pick<ChildProcessWithoutNullStreams, 'stdin' | 'stdout' | 'stderr' | 'on' | 'kill' | 'pid'>;
export type SpawnEncoder = (file: string, args: string[]) => EncoderChild;

export interface SegmentResult {
  /** Length of the segment file. */
  bytes: number;
  /** True when everything that went in was encoded and is on the disk. */
  clean: boolean;
}

/** Until the encoder reads at all: starting it may take this long on a busy machine. */
const WAITING_AT_START_SECONDS = 2;
/** From then on: with what the encoder itself holds (under 1 s) it is what a killed process loses at most. */
const WAITING_SECONDS = 1;
const FEWEST_WAITING_SECONDS = 0.3;
const STALL_TIMEOUT_MS = 15_000;
const SYNC_EVERY_MS = 1000;
const KILL_STEP_MS = 2000;
const STDERR_LINES = 20;
const STDERR_LINE_CHARS = 400;
/** Output that may wait for the disk before ffmpeg is made to wait. */
const MAX_OUTPUT_BACKLOG_BYTES = 8 * 1024 * 1024;

interface Exit {
  code: number | null;
  signal: string | null;
}

/**
 * One ffmpeg writing one segment file. Pictures and sound go in with timestamps relative to the segment's start, encoded bytes come
 * back and are written and synced here, so that every file error is seen here and nothing depends on how ffmpeg ends.
 */
export class SegmentEncoder {
  readonly #options: SegmentEncoderOptions;
  readonly #writer: MatroskaWriter;
  readonly #queue: BlockQueue;
  readonly #sound: SoundGather | null;
  readonly #pictureBytes: number;
  /** How many pictures may wait unread. */
  #mayWait: number;
  readonly #nowMs: () => number;
  readonly #copies: PictureCopies;
  readonly #stderr: string[] = [];
  readonly #started: Promise<void>;
  readonly #exited = Promise.withResolvers<Exit>();
  #stderrRest = '';
  #file: SegmentFile | null = null;
  #child: EncoderChild | null = null;
  /** The pictures that were not read yet, the oldest first: since when, and how many waited then with it. */
  readonly #waiting: { sinceMs: number; count: number }[] = [];
  #picturesWritten = 0;
  #picturesSkipped = 0;
  #stalled = false;
  /** Nothing is taken in any more, for whatever reason. */
  #ended = false;
  #failed = false;
  #finished: Promise<SegmentResult> | null = null;

  /** Starts at once; what is written before file and encoder are there waits in memory. */
  constructor(options: SegmentEncoderOptions) {
    const video = options.tracks.video;
    this.#options = options;
    this.#pictureBytes = video ? (video.width * video.height * 3) / 2 : 0;
    this.#copies = new PictureCopies(this.#pictureBytes);
    this.#mayWait = options.maxWaitingPictures ?? this.#picturesIn(WAITING_AT_START_SECONDS);
    this.#nowMs = options.nowMs ?? (() => performance.now());
    this.#writer = new MatroskaWriter(options.tracks);
    this.#queue = new BlockQueue(this.#nowMs);
    this.#queue.push(this.#writer.header(), Buffer.alloc(0));
    this.#sound = options.tracks.audio && this.#gatherSound(options.tracks.audio.sampleRate);
    this.#started = this.#start();
  }

  get picturesWritten(): number {
    return this.#picturesWritten;
  }

  get picturesSkipped(): number {
    return this.#picturesSkipped;
  }

  /** Bytes handed over and not yet read by the encoder. */
  get backlogBytes(): number {
    return this.#queue.bytes;
  }

  /** Bytes in the segment file. */
  get bytesWritten(): number {
    return this.#file?.writtenBytes ?? 0;
  }

  /** Bytes of the segment file that are known to be on the disk. */
  get bytesSynced(): number {
    return this.#file?.syncedBytes ?? 0;
  }

  /**
   * Hands over one picture (tight I420 of the canvas size), which is copied. It is skipped, and counted, when the encoder is more than
   * a second behind: the picture before it then lasts longer. The first picture belongs at 0. `dress` may draw on
   * the copy before it is handed on. Equal `look`s, one after the other, stand for equal pictures, which then share a copy.
   */
  writePicture(
    canvas: Uint8Array,
    timestampNs: number,
    dress?: (picture: Uint8Array) => void,
    look?: number,
  ): 'written' | 'skipped' {
    if (canvas.length !== this.#pictureBytes) {
      throw new TypeError(`A picture has ${canvas.length} bytes instead of ${this.#pictureBytes}`);
    }
    this.#killWhenStalled();
    if (this.#ended || this.#waiting.length >= this.#mayWait) {
      this.#picturesSkipped += 1;
      return 'skipped';
    }
    const copy = this.#copies.take(canvas, dress, look);
    this.#waiting.push({ sinceMs: this.#nowMs(), count: this.#waiting.length + 1 });
    this.#picturesWritten += 1;
    this.#queue.push(this.#writer.blockHeader('video', timestampNs, copy.length), copy, () => {
      this.#wasRead();
      this.#copies.release(copy);
    });
    return 'written';
  }

  /** Hands over mono 16-bit PCM, which is copied, at the end of this turn. Sound is never skipped while the encoder lives. */
  writeAudio(pcm: Int16Array, timestampNs: number): void {
    this.#killWhenStalled();
    if (this.#ended) return;
    this.#sound?.add(pcm, timestampNs);
  }

  /**
   * Ends the segment: lets the encoder take in what waits and end by itself for `timeoutMs`, then asks it to end, then kills it. The
   * file is complete and synced when this resolves; it never rejects. Later calls join the first.
   */
  finish(timeoutMs: number): Promise<SegmentResult> {
    this.#finished ??= this.#finish(timeoutMs);
    return this.#finished;
  }

  #gatherSound(sampleRate: number): SoundGather {
    return new SoundGather(sampleRate, (sound, timestampNs, release) =>
      this.#queue.push(this.#writer.blockHeader('audio', timestampNs, sound.length), sound, release),
    );
  }

  async #start(): Promise<void> {
    const { file, fileSystem, syncEveryMs, args, ffmpegPath } = this.#options;
    try {
      this.#file = await SegmentFile.create({
        file,
        fileSystem: fileSystem ?? realSegmentFileSystem,
        syncEveryMs: syncEveryMs ?? SYNC_EVERY_MS,
        onError: (error) => this.#fileFailed(error),
      });
    } catch (error) {
      this.#fileFailed(error instanceof Error ? error : new Error(String(error)));
      this.#exited.resolve({ code: null, signal: null });
      return;
    }
    try {
      this.#child = (this.#options.spawnEncoder ?? spawnEncoder)(ffmpegPath, args);
      this.#watch(this.#child, this.#file);
      this.#queue.attach(this.#child.stdin);
    } catch (error) {
      this.#keepStderr(`${error instanceof Error ? error.message : String(error)}\n`);
      this.#exited.resolve({ code: null, signal: null });
    }
    void this.#exited.promise.then((exit) => this.#encoderExited(exit));
  }

  async #finish(timeoutMs: number): Promise<SegmentResult> {
    const diedBefore = this.#ended;
    this.#ended = true;
    this.#sound?.flush();
    this.#queue.end();
    await this.#started;
    let exit = await within(this.#exited.promise, timeoutMs);
    let forced = false;
    for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
      if (!exit) {
        forced = true;
        this.#child?.kill(signal);
        exit = await within(this.#exited.promise, this.#options.killStepMs ?? KILL_STEP_MS);
      }
    }
    this.#queue.drop();
    this.#copies.clear();
    await this.#file?.close();
    const clean = !diedBefore && !forced && exit?.code === 0 && !this.#failed;
    return { bytes: this.bytesWritten, clean };
  }

  #watch(child: EncoderChild, file: SegmentFile): void {
    child.stdout.on('data', (bytes: Buffer) => {
      const written = file.append(bytes);
      if (file.pendingBytes > MAX_OUTPUT_BACKLOG_BYTES) {
        child.stdout.pause();
        void written.then(() => child.stdout.resume());
      }
    });
    child.stdout.on('error', () => {});
    child.stderr.on('data', (bytes: Buffer) => this.#keepStderr(bytes.toString('utf8')));
    child.stderr.on('error', () => {});
    // 'close' comes after the last output, 'error' alone when there was never a process.
    child.on('close', (code, signal) => this.#exited.resolve({ code, signal }));
    child.on('error', (error) => {
      this.#keepStderr(`${error.message}\n`);
      if (child.pid === undefined) this.#exited.resolve({ code: null, signal: null });
    });
  }

  async #encoderExited(exit: Exit): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    this.#queue.drop();
    await this.#file?.settled();
    if (this.#failed || this.#finished) return;
    this.#options.listener.onDied({ ...exit, stalled: this.#stalled, stderrTail: [...this.#stderr] });
  }

  #fileFailed(error: Error): void {
    this.#failed = true;
    this.#ended = true;
    this.#queue.drop();
    this.#child?.kill('SIGKILL');
    if (!this.#finished) this.#options.listener.onWriteError(error);
  }

  /**
   * A picture was read. Of a slow encoder's pictures not all are taken, so that as many as ever would be older: as many may wait as it
   * reads in the time that one may wait.
   */
  #wasRead(): void {
    const { sinceMs = 0, count = 0 } = this.#waiting.shift() ?? {};
    const mostAtItsPace = Math.ceil((count * WAITING_SECONDS * 1000) / Math.max(1, this.#nowMs() - sinceMs));
    const most = this.#options.maxWaitingPictures ?? this.#picturesIn(WAITING_SECONDS);
    const fewest = Math.min(most, this.#picturesIn(FEWEST_WAITING_SECONDS));
    this.#mayWait = Math.max(fewest, Math.min(most, mostAtItsPace));
  }

  #picturesIn(seconds: number): number {
    return Math.ceil(seconds * (this.#options.tracks.video?.fps ?? 0));
  }

  /** A disk that is slow makes ffmpeg wait as well; killing it would not help then. */
  #killWhenStalled(): void {
    const limitMs = this.#options.stallTimeoutMs ?? STALL_TIMEOUT_MS;
    if (!this.#stalled && !this.#ended && this.#queue.stalledMs > limitMs && this.#file?.pendingBytes === 0) {
      this.#stalled = true;
      this.#child?.kill('SIGKILL');
    }
  }

  #keepStderr(chunk: string): void {
    const lines = (this.#stderrRest + chunk).split(/\r?\n|\r/);
    this.#stderrRest = (lines.pop() ?? '').slice(-STDERR_LINE_CHARS);
    for (const line of lines.filter(Boolean)) {
      this.#stderr.push(line.slice(0, STDERR_LINE_CHARS));
    }
    this.#stderr.splice(0, Math.max(0, this.#stderr.length - STDERR_LINES));
  }
}

/**
 * Starts ffmpeg in a process group of its own: Ctrl-C in a terminal must reach the recorder alone, which then ends the segment in
 * order. Should the recorder die, its end of the pipe closes and ffmpeg ends too.
 */
function spawnEncoder(file: string, args: string[]): EncoderChild {
  return spawn(file, args, {
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: process.platform !== 'win32',
    windowsHide: true,
    env: ffmpegEnvironment(process.env),
  });
}

async function within<T>(promise: Promise<T>, timeoutMs: number): Promise<T | null> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<null>((resolve) => {
    timer = setTimeout(() => resolve(null), timeoutMs);
  });
  try {
    return await Promise.race([promise, timeout]);
  } finally {
    clearTimeout(timer);
  }
}
