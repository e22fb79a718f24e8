import { type Loop, lastLine, runFfmpeg } from './ffmpeg.ts';
import { type FrameReader, frameBytes, KeptClip, openRawFrames, StreamedFrames } from './frames.ts';
import type { PictureSource, Size } from './scenario.ts';

/** What is in a media file. */
export interface MediaFacts {
  pictures: { size: Size; fps: number; durationMs: number } | null;
  hasSound: boolean;
}

/** A sound track as 48 kHz mono, played in an endless loop. */
export interface Sound {
  samples: Int16Array;
  /** Length of one round in samples, not necessarily whole; silence fills what `samples` lacks. */
  loopSamples: number;
}

/** Pictures of one source, ready to be opened in any size at any position. */
export interface Pictures {
  /** Size in which they are played unless a change says otherwise. */
  size: Size;
  fps: number;
  /** Length of one round. */
  loopSeconds: number;
  /** Starts reading at picture `startIndex` of the endless loop. */
  open(size: Size, startIndex: number): FrameReader;
}

/** Where the simulation gets pictures and sound from; tests put generated media in its place. */
export interface MediaLibrary {
  /** Null when the file has no picture. */
  pictures(source: PictureSource): Promise<Pictures | null>;
  /** Null when the file has no sound. `loopSeconds` null: as long as the sound itself. */
  sound(path: string, loopSeconds: number | null): Promise<Sound | null>;
  close(): void;
}

const PROBE_TIMEOUT_MS = 30_000;
const SOUND_TIMEOUT_MS = 120_000;
/** A clip whose decoded loop is no larger than this is kept in memory instead of being decoded again and again. */
const KEPT_CLIP_BYTES = 24 * 1024 * 1024;
const MAX_FPS = 60;
const DEFAULT_FPS = 25;

/** Media decoded by the ffmpeg at `ffmpegPath`; works with builds from 2018 on. */
export function createMediaLibrary(ffmpegPath: string, onFailure: (message: string) => void): MediaLibrary {
  const facts = new Map<string, Promise<MediaFacts>>();
  const samples = new Map<string, Promise<Int16Array>>();
  const clips = new Map<string, KeptClip>();
  const factsOf = (path: string) => remember(facts, path, () => probeMedia(ffmpegPath, path));

  const open = (loop: Loop, startIndex: number): FrameReader => {
    if (loop.frameCount * frameBytes(loop.size) > KEPT_CLIP_BYTES) {
      return new StreamedFrames(ffmpegPath, loop, startIndex, (error) => onFailure(`${loop.path}: ${error.message}`));
    }
    const key = `${loop.size.width}x${loop.size.height} ${loop.fps} ${loop.path}`;
    return remember(clips, key, () => new KeptClip(ffmpegPath, loop)).open();
  };

  return {
    async pictures(source) {
      if (source.isRaw) return rawPictures(source);
      const found = (await factsOf(source.path)).pictures;
      if (!found) return null;
      const fps = source.fps ?? found.fps;
      const frameCount = Math.max(1, Math.round((found.durationMs * fps) / 1000));
      return {
        size: source.size ?? found.size,
        fps,
        loopSeconds: frameCount / fps,
        open: (size, startIndex) => open({ path: source.path, size, fps, frameCount }, startIndex),
      };
    },
    async sound(path, loopSeconds) {
      if (!(await factsOf(path)).hasSound) return null;
      const decoded = await remember(samples, path, () => decodeSound(ffmpegPath, path));
      return { samples: decoded, loopSamples: loopSeconds === null ? decoded.length : loopSeconds * 48_000 };
    },
    close() {
      for (const clip of clips.values()) clip.close();
    },
  };
}

/** Looks into a file without decoding it: streams from ffmpeg's listing, the picture track's length from its packets. */
export async function probeMedia(ffmpegPath: string, path: string): Promise<MediaFacts> {
  const args = ['-hide_banner', '-nostdin', '-i', path, '-map', '0:v:0?', '-c', 'copy', '-f', 'framecrc', '-'];
  const { stdout, stderr } = await runFfmpeg(ffmpegPath, args, PROBE_TIMEOUT_MS);
  const listing = stderr.split('Output #0')[0] ?? '';
  const video = /Stream #0:\d+.*: Video: (?!.*attached pic)(.*)/.exec(listing)?.[1];
  const hasSound = /Stream #0:\d+.*: Audio: /.test(listing);
  if (!video && !hasSound) throw new Error(`${path} has neither picture nor sound: ${lastLine(stderr)}`);
  const [, width, height] = /\b(\d{2,5})x(\d{2,5})\b/.exec(video ?? '')?.map(Number) ?? [];
  if (!video || !width || !height) return { pictures: null, hasSound };
  const isTurned = /rotation of -?(90|270)\./.test(listing);
  const size = { width: even(isTurned ? height : width), height: even(isTurned ? width : height) };
  const rate = Number((/([\d.]+) fps/.exec(video) ?? /([\d.]+) tbr/.exec(video))?.[1] ?? DEFAULT_FPS);
  const fps = Math.min(MAX_FPS, Math.max(1, rate || DEFAULT_FPS));
  return { pictures: { size, fps, durationMs: packetsEndMs(stdout.toString('latin1'), fps) }, hasSound };
}

/**
 * End of the last picture according to a `framecrc` listing. The container's own duration is no use: it covers the
 * longest track, and sound tracks are a little longer than their pictures.
 */
function packetsEndMs(listing: string, fps: number): number {
  const [, numerator = 1, denominator = 1000] = /^#tb 0: (\d+)\/(\d+)/m.exec(listing)?.map(Number) ?? [];
  const tickMs = (1000 * numerator) / denominator;
  let endMs = 0;
  for (const line of listing.split('\n')) {
    if (line.startsWith('#')) continue;
    const [, , pts = Number.NaN, duration = 0] = line.split(',').map(Number);
    if (Number.isNaN(pts)) continue;
    endMs = Math.max(endMs, pts * tickMs + (duration > 0 ? duration * tickMs : 1000 / fps));
  }
  return endMs;
}

async function decodeSound(ffmpegPath: string, path: string): Promise<Int16Array> {
  const { code, stdout, stderr } = await runFfmpeg(
    ffmpegPath,
    [
      ...['-v', 'error', '-nostdin', '-i', path, '-map', '0:a:0', '-af', 'aresample=48000:async=1:first_pts=0'],
      ...['-ac', '1', '-f', 's16le', '-'],
    ],
    SOUND_TIMEOUT_MS,
  );
  if (code !== 0 || stdout.byteLength < 2) throw new Error(`${path}: sound cannot be decoded: ${lastLine(stderr)}`);
  const count = Math.floor(stdout.byteLength / 2);
  return new Int16Array(stdout.buffer.slice(stdout.byteOffset, stdout.byteOffset + count * 2));
}

function rawPictures(source: PictureSource): Pictures {
  if (!source.size || !source.fps) throw new Error(`${source.path}: headerless I420 needs a size and a rate`);
  const { size, fps } = source;
  const first = openRawFrames(source.path, size);
  first.close();
  return { size, fps, loopSeconds: first.frameCount / fps, open: () => openRawFrames(source.path, size) };
}

function even(length: number): number {
  return Math.max(16, length - (length % 2));
}

function remember<T>(map: Map<string, T>, key: string, make: () => T): T {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = make();
  map.set(key, made);
  return made;
}
