import { spawn } from 'node:child_process';
import { ffmpegEnvironment } from '../capture/encode/ffmpeg.ts';
import { aacArgs, FRAGMENTED_MP4 } from '../capture/encode/ffmpeg-args.ts';
import type { AudioSettings } from '../capture/messages.ts';

/** What EBU R128 says of a piece of sound. */
export interface Loudness {
  /** Integrated loudness in LUFS, to a tenth; −70 for silence and for less than 0.4 s of sound. */
  lufs: number;
  /** True peak in dBTP, to a tenth; −∞ for digital silence. */
  peakDb: number;
}

/** What is done to the sound. */
export interface Gain {
  gainDb: number;
  /** Ceiling of a limiter in dBFS, oversampled; null when no peak gets near it. */
  ceilingDb: number | null;
}

/** How to run ffmpeg over a file. */
export interface SoundRun {
  ffmpegPath: string;
  input: string;
  durationMs: number;
  signal: AbortSignal;
  /** Share of the file that was worked off, 0…1. */
  onProgress?: ((share: number) => void) | undefined;
}

/** ffmpeg ended, but not well. */
export class LoudnessError extends Error {
  constructor(detail: string) {
    super(`ffmpeg could not work on the loudness: ${detail}`);
    this.name = 'LoudnessError';
  }
}

/** ffmpeg reports about twice a second; one that says nothing for so long hangs. */
const SILENT_AFTER_MS = 60_000;
const STDERR_CHARS = 4000;
const SHOWN_CHARS = 400;
const OVERSAMPLED_HZ = 192_000;
const ATTACK_MS = 5;
const RELEASE_MS = 80;
/** The limiter looks ahead for its attack time, and that is how late its sound comes: one sample less than the attack has. */
const LATE_SAMPLES = (OVERSAMPLED_HZ * ATTACK_MS) / 1000 - 1;

/** Measures loudness and true peak. Rejects with `LoudnessError`, or with the signal's reason. */
export async function measureLoudness(run: SoundRun): Promise<Loudness> {
  const filter = ['-map', '0:a:0', '-af', 'ebur128=peak=true:framelog=verbose', '-f', 'null', '-'];
  const told = await runFfmpeg(run, 'info', filter);
  const summary = told.slice(told.lastIndexOf('Integrated loudness:'));
  const lufs = /\bI:\s+(\S+) LUFS/.exec(summary)?.[1];
  const peak = /\bPeak:\s+(\S+) dBFS/.exec(summary)?.[1];
  if (lufs === undefined || peak === undefined) throw new LoudnessError('it did not tell the loudness');
  return { lufs: decibels(lufs), peakDb: decibels(peak) };
}

/**
 * Encodes the file's sound anew with a gain, into fragmented MP4 or bare MP3 frames; `output` is overwritten. Times stay as they are.
 * Rejects with `LoudnessError`, with ENOSPC, or with the signal's reason.
 */
export async function encodeWithGain(
  run: SoundRun,
  gain: Gain,
  target: { output: string; kind: 'mp4' | 'mp3'; audio: AudioSettings },
): Promise<void> {
  const { output, kind, audio } = target;
  const coder =
    kind === 'mp4'
      ? [...aacArgs(audio.aacKbps), ...FRAGMENTED_MP4]
      : ['-c:a', 'libmp3lame', '-b:a', `${audio.mp3Kbps}k`, '-write_xing', '0', '-id3v2_version', '0', '-f', 'mp3'];
  const metadata = ['-map_metadata', '-1', '-map_chapters', '-1'];
  await runFfmpeg(run, 'error', ['-map', '0:a:0', '-af', gainFilter(gain), ...metadata, ...coder, output]);
}

/**
 * The filters of a gain. The limiter works on oversampled sound, so that it sees the peaks between samples; what it holds back for
 * looking ahead is cut off at the front and filled up at the end.
 */
export function gainFilter({ gainDb, ceilingDb }: Gain): string {
  const volume = `volume=${gainDb.toFixed(3)}dB`;
  if (ceilingDb === null) return volume;
  const limit = 10 ** (ceilingDb / 20);
  return [
    volume,
    `aresample=${OVERSAMPLED_HZ}`,
    `apad=pad_len=${LATE_SAMPLES}`,
    `alimiter=limit=${limit.toFixed(6)}:attack=${ATTACK_MS}:release=${RELEASE_MS}:level=0`,
    `atrim=start_sample=${LATE_SAMPLES}`,
    `asetpts=PTS-${LATE_SAMPLES}/${OVERSAMPLED_HZ}/TB`,
    'aresample=48000',
  ].join(',');
}

function decibels(text: string): number {
  const value = Number(text);
  return text === '-inf' || text === 'nan' || Number.isNaN(value) ? Number.NEGATIVE_INFINITY : value;
}

/** Runs ffmpeg over one file and resolves with the end of what it said on stderr. */
async function runFfmpeg(run: SoundRun, level: 'info' | 'error', args: readonly string[]): Promise<string> {
  const { ffmpegPath, input, durationMs, signal, onProgress } = run;
  signal.throwIfAborted();
  const child = spawn(
    ffmpegPath,
    [
      ...['-hide_banner', '-nostats', '-nostdin', '-loglevel', level, '-progress', 'pipe:1', '-y'],
      ...['-copyts', '-i', input, ...args],
    ],
    { stdio: ['ignore', 'pipe', 'pipe'], windowsHide: true, env: ffmpegEnvironment(process.env) },
  );
  let stderr = '';
  let isSilent = false;
  const kill = (): void => {
    child.kill('SIGKILL');
  };
  const watchdog = setTimeout(() => {
    isSilent = true;
    kill();
  }, SILENT_AFTER_MS);
  child.stderr.on('data', (bytes: Buffer) => {
    stderr = (stderr + bytes.toString('utf8')).slice(-STDERR_CHARS);
  });
  child.stdout.on('data', (bytes: Buffer) => {
    watchdog.refresh();
    // Despite its name it counts microseconds.
    const micros = [...bytes.toString('latin1').matchAll(/out_time_ms=(\d+)/g)].at(-1)?.[1];
    if (micros !== undefined && durationMs > 0) onProgress?.(Math.min(1, Number(micros) / 1000 / durationMs));
  });
  signal.addEventListener('abort', kill, { once: true });
  try {
    const code = await new Promise<number | null>((resolve, reject) => {
      child.on('close', resolve);
      child.on('error', reject);
    });
    signal.throwIfAborted();
    if (isSilent) throw new LoudnessError(`it said nothing for ${SILENT_AFTER_MS / 1000} s`);
    if (/No space left on device/.test(stderr)) throw Object.assign(new Error('the disk is full'), { code: 'ENOSPC' });
    if (code !== 0) throw new LoudnessError(stderr.trim().slice(-SHOWN_CHARS) || `it ended with ${code}`);
    return stderr;
  } finally {
    clearTimeout(watchdog);
    signal.removeEventListener('abort', kill);
  }
}
