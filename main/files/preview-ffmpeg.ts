import { spawn } from 'node:child_process';
import { constants, setPriority } from 'node:os';
import { ffmpegEnvironment } from '../capture/encode/ffmpeg.ts';
import { createPeakMeter, type Peaks } from './peaks.ts';

/** What previews are made from. */
export interface PreviewSource {
  path: string;
  durationMs: number;
}

/** Makes previews; every promise settles soon after its signal aborts. */
export interface PreviewMaker {
  /** A JPEG picture out of the first tenth. Rejects with `PreviewError`, or with the signal's reason. */
  thumbnail(source: PreviewSource, signal: AbortSignal): Promise<Uint8Array>;
  /** Rejects with `PreviewError`, or with the signal's reason. */
  waveform(source: PreviewSource, signal: AbortSignal): Promise<Peaks>;
}

/** ffmpeg could not make sense of the file. */
export class PreviewError extends Error {
  constructor(detail: string) {
    super(`no preview could be made: ${detail}`);
    this.name = 'PreviewError';
  }
}

const MAX_WIDTH = 480;
/** Enough for a picture of that width; more is no picture. */
const MAX_PICTURE_BYTES = 4 * 1024 ** 2;
/** Pictures from the very beginning show people who are still coming in. */
const LATEST_PICTURE_MS = 30_000;
const SAMPLES_PER_SECOND = 48_000;
const STDERR_CHARS = 400;

/** Previews by ffmpeg, one thread at the lowest priority: whatever is recorded meanwhile comes first. */
export function createPreviewMaker(ffmpegPath: string): PreviewMaker {
  const pictureAt = async (source: PreviewSource, atMs: number, signal: AbortSignal): Promise<Uint8Array> => {
    const scale = `scale=w='min(${MAX_WIDTH},iw)':h=-2`;
    const pieces: Uint8Array[] = [];
    let bytes = 0;
    await run(
      ffmpegPath,
      [
        ...['-ss', (atMs / 1000).toFixed(3), '-i', source.path, '-map', '0:v:0', '-frames:v', '1'],
        ...['-vf', scale, '-q:v', '4', '-f', 'mjpeg', 'pipe:1'],
      ],
      (piece) => {
        bytes += piece.length;
        if (bytes > MAX_PICTURE_BYTES) throw new PreviewError('the picture is too large');
        pieces.push(piece);
      },
      signal,
    );
    return Buffer.concat(pieces);
  };
  return {
    async thumbnail(source, signal) {
      const atMs = Math.min(LATEST_PICTURE_MS, source.durationMs / 10);
      const picture = await pictureAt(source, atMs, signal);
      // The pictures of a file may end before its sound.
      const any = picture.length > 0 || atMs === 0 ? picture : await pictureAt(source, 0, signal);
      if (any.length === 0) throw new PreviewError('there is no picture in the file');
      return any;
    },
    async waveform(source, signal) {
      const meter = createPeakMeter(source.durationMs, SAMPLES_PER_SECOND);
      const asSamples = ['-map', '0:a:0', '-ac', '1', '-ar', String(SAMPLES_PER_SECOND), '-f', 's16le', 'pipe:1'];
      await run(ffmpegPath, ['-i', source.path, ...asSamples], meter.take, signal);
      return meter.result();
    },
  };
}

/** Runs ffmpeg and hands over what it writes to stdout. What `take` throws ends it. */
async function run(
  ffmpegPath: string,
  args: readonly string[],
  take: (piece: Uint8Array) => void,
  signal: AbortSignal,
): Promise<void> {
  signal.throwIfAborted();
  const quiet = [
    '-hide_banner',
    '-nostats',
    '-nostdin',
    '-loglevel',
    'error',
    '-threads',
    '1',
    '-protocol_whitelist',
    'file,pipe',
  ];
  const child = spawn(ffmpegPath, [...quiet, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    windowsHide: true,
    env: ffmpegEnvironment(process.env),
  });
  lowerPriority(child.pid);
  let stderr = '';
  let thrown: unknown;
  const kill = (): void => {
    child.kill('SIGKILL');
  };
  child.stderr.on('data', (bytes: Buffer) => {
    stderr = (stderr + bytes.toString('utf8')).slice(-STDERR_CHARS);
  });
  child.stdout.on('data', (bytes: Buffer) => {
    if (thrown !== undefined) return;
    try {
      take(bytes);
    } catch (error) {
      thrown = error;
      kill();
    }
  });
  signal.addEventListener('abort', kill, { once: true });
  try {
    const code = await new Promise<number | null>((resolve, reject) => {
      child.on('close', resolve);
      child.on('error', reject);
    });
    signal.throwIfAborted();
    if (thrown !== undefined) throw thrown;
    if (code !== 0) throw new PreviewError(stderr.trim() || `ffmpeg ended with ${code}`);
  } finally {
    signal.removeEventListener('abort', kill);
  }
}

function lowerPriority(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    setPriority(pid, constants.priority.PRIORITY_LOW);
  } catch {
    // It has ended already, or the system does not allow it: it works all the same.
  }
}
