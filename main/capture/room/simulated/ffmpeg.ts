import { spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import type { Size } from './scenario.ts';

/** Which pictures a reader plays: frame `index` of the endless loop is frame `index % frameCount` of the clip. */
export interface Loop {
  path: string;
  size: Size;
  fps: number;
  frameCount: number;
}

/** A running ffmpeg whose standard output is read piece by piece. */
export interface Decoder {
  readonly output: AsyncIterable<Buffer>;
  /** What ffmpeg said about its failure. */
  failure(): string;
  kill(): void;
}

/** What an ffmpeg that ran to its end left behind. */
export interface FfmpegResult {
  code: number | null;
  stdout: Buffer;
  stderr: string;
}

/** Decodes a clip from picture `fromFrame` to its end as raw I420 in the loop's size and rate. */
export function startDecoder(ffmpegPath: string, loop: Loop, fromFrame: number): Decoder {
  const { width, height } = loop.size;
  // A quarter of a picture before the wanted one: neither the seek nor the rate filter can round to a neighbour.
  const seek = fromFrame > 0 ? ['-ss', ((fromFrame - 0.25) / loop.fps).toFixed(6)] : [];
  const child = spawn(
    ffmpegPath,
    [
      ...['-v', 'error', '-nostdin', '-threads', '1', ...seek, '-i', loop.path, '-map', '0:v:0'],
      // From time 0, not from the first picture: pictures stay in step with a sound track that begins earlier.
      ...['-vf', `fps=${loop.fps}:start_time=0,scale=${width}:${height}:flags=bicubic`, '-pix_fmt', 'yuv420p'],
      ...['-frames:v', String(loop.frameCount - fromFrame), '-f', 'rawvideo', '-'],
    ],
    { stdio: ['ignore', 'pipe', 'pipe'], windowsHide: true },
  );
  // Node throws away what nobody has begun to read when the child exits; a decoder started ahead of time is read later.
  child.stdout.on('readable', () => undefined);
  const stderr = collectTail(child.stderr);
  let spawnFailure = '';
  child.on('error', (error) => {
    spawnFailure = error.message;
  });
  return {
    output: ignoreEarlyEnd(child.stdout),
    failure: () => spawnFailure || lastLine(stderr()) || `ffmpeg gave no picture of ${loop.path}`,
    kill: () => void child.kill('SIGKILL'),
  };
}

/** Runs ffmpeg to its end, for at most `timeoutMs`. */
export function runFfmpeg(ffmpegPath: string, args: readonly string[], timeoutMs: number): Promise<FfmpegResult> {
  const child = spawn(ffmpegPath, args, { stdio: ['ignore', 'pipe', 'pipe'], windowsHide: true });
  const chunks: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  const stderr = collectTail(child.stderr);
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      reject(new Error(`ffmpeg did not finish within ${timeoutMs / 1000} s`));
    }, timeoutMs);
    child.on('error', (error) => {
      clearTimeout(timer);
      reject(error);
    });
    child.on('close', (code) => {
      clearTimeout(timer);
      resolve({ code, stdout: Buffer.concat(chunks), stderr: stderr() });
    });
  });
}

/** The last line that says something, for an error message. */
export function lastLine(text: string): string {
  return text.trim().split('\n').at(-1)?.trim() ?? '';
}

/** Being killed closes the pipe early; for the reader that is just the end. */
async function* ignoreEarlyEnd(stream: Readable): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of stream) yield chunk as Buffer;
  } catch {
    return;
  }
}

const STDERR_KEPT = 32_000;

function collectTail(stream: Readable): () => string {
  let text = '';
  stream.setEncoding('utf8');
  stream.on('data', (chunk: string) => {
    text = (text + chunk).slice(-STDERR_KEPT);
  });
  return () => text;
}
