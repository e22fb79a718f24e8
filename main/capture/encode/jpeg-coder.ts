import { spawn } from 'node:child_process';
import { constants, setPriority } from 'node:os';
import { ffmpegEnvironment } from './ffmpeg.ts';

/** Turns pictures of one size into JPEG, one at a time. */
export interface JpegCoder {
  /** A tight I420 picture, read at once. Null when it could not be coded; the coder is of no further use then. */
  encode(picture: Uint8Array): Promise<Uint8Array | null>;
  /** Gives the coder back. A picture in the making becomes null. */
  close(): void;
}

export type OpenJpegCoder = (size: { width: number; height: number }) => JpegCoder;

/** A picture takes milliseconds; on a machine that has no time for it there is none. */
const ENCODE_TIMEOUT_MS = 3000;
const CLOSE_TIMEOUT_MS = 2000;
/** Enough for the size of a preview; more is no picture. */
const MAX_JPEG_BYTES = 4 * 1024 ** 2;
const END_OF_IMAGE = 0xd9;

/**
 * One ffmpeg that stays for as long as pictures are wanted: starting one for each would cost many times what coding does. It has the lowest
 * priority, so that it waits whenever an encoder has work.
 */
export function createJpegCoder(ffmpegPath: string, { width, height }: { width: number; height: number }): JpegCoder {
  const child = spawn(ffmpegPath, jpegArgs(width, height), {
    stdio: ['pipe', 'pipe', 'ignore'],
    detached: process.platform !== 'win32',
    windowsHide: true,
    env: ffmpegEnvironment(process.env),
  });
  lowerPriority(child.pid);
  let pieces: Buffer[] = [];
  let bytes = 0;
  let waiting: ((jpeg: Uint8Array | null) => void) | null = null;
  let isOver = false;

  const answer = (jpeg: Uint8Array | null): void => {
    waiting?.(jpeg);
    waiting = null;
    pieces = [];
    bytes = 0;
  };
  const fail = (): void => {
    isOver = true;
    child.kill('SIGKILL');
    answer(null);
  };
  child.stdout.on('data', (piece: Buffer) => {
    pieces.push(piece);
    bytes += piece.length;
    if (bytes > MAX_JPEG_BYTES) fail();
    // One picture goes in at a time, and inside the data of a picture an end-of-image marker cannot stand.
    else if (piece.at(-1) === END_OF_IMAGE && endsImage(pieces)) answer(Buffer.concat(pieces));
  });
  child.stdin.on('error', () => {});
  child.on('error', fail);
  child.on('close', () => {
    isOver = true;
    answer(null);
  });

  return {
    encode(picture) {
      if (isOver || waiting) return Promise.resolve(null);
      return new Promise((resolve) => {
        const deadline = setTimeout(fail, ENCODE_TIMEOUT_MS);
        waiting = (jpeg) => {
          clearTimeout(deadline);
          resolve(jpeg);
        };
        // The pipe takes it over later: the caller may draw on it before that.
        child.stdin.write(Buffer.from(picture));
      });
    },
    close() {
      if (isOver) return;
      isOver = true;
      answer(null);
      child.stdin.end();
      const deadline = setTimeout(() => child.kill('SIGKILL'), CLOSE_TIMEOUT_MS);
      child.on('close', () => clearTimeout(deadline));
    },
  };
}

function jpegArgs(width: number, height: number): string[] {
  return [
    ...['-hide_banner', '-nostats', '-loglevel', 'quiet', '-probesize', '32', '-analyzeduration', '0'],
    ...['-f', 'rawvideo', '-pix_fmt', 'yuv420p', '-video_size', `${width}x${height}`, '-framerate', '1'],
    ...['-color_range', 'tv', '-i', 'pipe:0', '-threads', '1', '-vf', 'scale=in_range=tv:out_range=pc'],
    ...['-pix_fmt', 'yuvj420p', '-c:v', 'mjpeg', '-q:v', '5', '-f', 'image2pipe', '-flush_packets', '1', 'pipe:1'],
  ];
}

/** Whether the last two bytes are the marker that ends a picture. */
function endsImage(pieces: readonly Buffer[]): boolean {
  const last = pieces.at(-1);
  const before = last && last.length > 1 ? last.at(-2) : pieces.at(-2)?.at(-1);
  return before === 0xff;
}

function lowerPriority(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    setPriority(pid, constants.priority.PRIORITY_LOW);
  } catch {
    // It has ended already, or the system does not allow it: it works all the same.
  }
}
