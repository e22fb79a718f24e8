import { spawn } from 'node:child_process';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { ffmpegEnvironment, inspectFfmpeg } from '../../capture/encode/ffmpeg.ts';
import { aacArgs, FRAGMENTED_MP4 } from '../../capture/encode/ffmpeg-args.ts';

export interface ReencodeOptions {
  ffmpegPath: string;
  input: string;
  /** Bytes of the input that are whole. */
  inputBytes: number;
  /** Is overwritten. */
  output: string;
  /** Size of the pictures, even; null for sound alone. */
  size: { width: number; height: number } | null;
  hasAudio: boolean;
  signal: AbortSignal;
}

/** ffmpeg ended, but not well. */
export class ReencodeError extends Error {
  constructor(detail: string) {
    super(`ffmpeg could not encode a segment anew: ${detail}`);
    this.name = 'ReencodeError';
  }
}

/** Times of pictures may be anything here, so they get a fine clock. */
const VIDEO_TIMESCALE = 90_000;
/** Better than the live encoder's usual value: a second encoding should not show. */
const CRF = 19;
const KEYFRAME_EVERY_PICTURES = 60;
const AAC_KBPS = 128;
const SAMPLE_RATE = 48_000;
const STDERR_CHARS = 500;

/**
 * Encodes one segment anew into a segment of the same kind, with the same times. All segments that went through here fit each other,
 * whatever encoder made them. Rejects with `ReencodeError`, with ENOSPC, or with the signal's reason.
 */
export async function reencodeSegment(options: ReencodeOptions): Promise<void> {
  const { ffmpegPath, input, inputBytes, output, size, hasAudio, signal } = options;
  signal.throwIfAborted();
  const { hasFpsMode } = await inspectFfmpeg(ffmpegPath);
  const video = size
    ? [
        ...['-map', '0:v:0', hasFpsMode ? '-fps_mode' : '-vsync', 'passthrough'],
        ...['-vf', `scale=${size.width}:${size.height},setsar=1`, '-enc_time_base', `1:${VIDEO_TIMESCALE}`],
        ...['-c:v', 'libx264', '-preset', 'veryfast', '-crf', `${CRF}`, '-bf', '0', '-g', `${KEYFRAME_EVERY_PICTURES}`],
        ...['-pix_fmt', 'yuv420p', '-video_track_timescale', `${VIDEO_TIMESCALE}`],
      ]
    : ['-vn'];
  const audio = hasAudio ? ['-map', '0:a:0', ...aacArgs(AAC_KBPS), '-ac', '1', '-ar', `${SAMPLE_RATE}`] : ['-an'];
  const child = spawn(
    ffmpegPath,
    [
      ...['-hide_banner', '-nostats', '-nostdin', '-loglevel', 'error', '-y'],
      ...['-copyts', '-f', 'mp4', '-i', 'pipe:0'],
      ...video,
      ...audio,
      ...FRAGMENTED_MP4,
      output,
    ],
    { stdio: ['pipe', 'ignore', 'pipe'], windowsHide: true, env: ffmpegEnvironment(process.env) },
  );
  let stderr = '';
  child.stderr.on('data', (bytes: Buffer) => {
    stderr = (stderr + bytes.toString('utf8')).slice(-STDERR_CHARS);
  });
  const kill = (): void => {
    child.kill('SIGKILL');
  };
  signal.addEventListener('abort', kill, { once: true });
  try {
    const ended = new Promise<number | null>((resolve, reject) => {
      child.on('close', resolve);
      child.on('error', reject);
    });
    const fed = pipeline(createReadStream(input, { end: inputBytes - 1 }), child.stdin);
    // A pipe that breaks says less than the exit code that follows it.
    fed.catch(() => {});
    const code = await ended;
    signal.throwIfAborted();
    if (/No space left on device/.test(stderr)) {
      throw Object.assign(new Error('the disk is full'), { code: 'ENOSPC' });
    }
    if (code !== 0) throw new ReencodeError(stderr.trim() || `it ended with ${code}`);
    await fed;
  } finally {
    signal.removeEventListener('abort', kill);
  }
}
