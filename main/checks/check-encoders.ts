import { CHECK_TEXTS, filled } from '../../shared/texts/checks.ts';
import type { Text } from '../../shared/texts/language.ts';
import { type FfmpegFacts, NEEDED_ENCODERS } from '../capture/encode/ffmpeg.ts';

/** Runs a program: how long it took, or what it said when it failed. Rejects only when its signal aborts. */
export type RunTimed = (
  file: string,
  args: readonly string[],
  timeoutMs: number,
) => Promise<{ kind: 'done'; tookMs: number } | { kind: 'failed'; said: string } | { kind: 'late' }>;

export interface EncoderFacts {
  name: string;
  kind: 'picture' | 'sound';
  hardware: boolean;
  works: boolean;
  /** Whether recordings are made with it. */
  used: boolean;
  speed: number | null;
  message: Text;
}

/** H.264 encoders of graphics hardware, in the order of the vendors' shares of servers. */
const HARDWARE = ['h264_nvenc', 'h264_qsv', 'h264_vaapi', 'h264_videotoolbox', 'h264_amf', 'h264_mf'] as const;
/** What every recording is made with. */
const USED: ReadonlySet<string> = new Set(NEEDED_ENCODERS);
const SOUND: ReadonlySet<string> = new Set(['aac', 'libmp3lame']);
const SECONDS = 1;
const TIMEOUT_MS = 8_000;
const SAID_CHARACTERS = 160;

/** Lets each encoder make one second of 1280x720, or of sound, one after the other. */
export async function checkEncoders(
  ffmpeg: Pick<FfmpegFacts, 'path' | 'encoders'>,
  { preset, crf, fps }: { preset: string; crf: number; fps: number },
  run: RunTimed,
): Promise<EncoderFacts[]> {
  const names = [...NEEDED_ENCODERS, ...HARDWARE.filter((name) => ffmpeg.encoders.has(name))];
  const found: EncoderFacts[] = [];
  for (const name of names) {
    const args = SOUND.has(name) ? soundArgs(name) : pictureArgs(name, { preset, crf, fps });
    const outcome = ffmpeg.encoders.has(name) ? await run(ffmpeg.path, args, TIMEOUT_MS) : null;
    found.push({
      name,
      kind: SOUND.has(name) ? 'sound' : 'picture',
      hardware: !USED.has(name),
      works: outcome?.kind === 'done',
      used: USED.has(name) && outcome?.kind === 'done',
      speed: outcome?.kind === 'done' ? speedOf(outcome.tookMs) : null,
      message: wordsOf(outcome),
    });
  }
  return found;
}

/** Times real time, with the program's start in it, to two digits. */
function speedOf(tookMs: number): number {
  return Number(((SECONDS * 1000) / Math.max(1, tookMs)).toPrecision(2));
}

function wordsOf(outcome: Awaited<ReturnType<RunTimed>> | null): Text {
  if (outcome === null) return CHECK_TEXTS.encoderAbsent;
  if (outcome.kind === 'done') return CHECK_TEXTS.encoderWorks;
  if (outcome.kind === 'late') return filled('encoderLate', { seconds: TIMEOUT_MS / 1000 });
  const lines = outcome.said.split('\n').map((line) => line.replace(/^\[[^\]]*\]\s*/, '').trim());
  const reason = lines.find((line) => line !== '') ?? '?';
  return filled('encoderFails', { error: reason.slice(0, SAID_CHARACTERS) });
}

const QUIET = ['-hide_banner', '-nostdin', '-nostats', '-v', 'error'];
const NOWHERE = ['-f', 'null', '-'];

function pictureArgs(name: string, { preset, crf, fps }: { preset: string; crf: number; fps: number }): string[] {
  const source = ['-f', 'lavfi', '-i', `testsrc2=s=1280x720:r=${fps}`, '-t', String(SECONDS)];
  if (name === 'h264_vaapi') {
    return [
      ...QUIET,
      '-vaapi_device',
      '/dev/dri/renderD128',
      ...source,
      '-vf',
      'format=nv12,hwupload',
      '-c:v',
      name,
      ...NOWHERE,
    ];
  }
  const own = name === 'libx264' ? ['-preset', preset, '-crf', String(crf), '-bf', '0'] : [];
  return [...QUIET, ...source, '-pix_fmt', name === 'h264_qsv' ? 'nv12' : 'yuv420p', '-c:v', name, ...own, ...NOWHERE];
}

function soundArgs(name: string): string[] {
  return [...QUIET, '-f', 'lavfi', '-i', 'sine=f=440:r=48000', '-t', String(SECONDS), '-c:a', name, ...NOWHERE];
}
