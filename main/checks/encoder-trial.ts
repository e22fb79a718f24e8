import { type EncoderSetting, HARDWARE_ENCODERS, type HardwareEncoder } from '../../shared/encoders.ts';
import { CHECK_TEXTS, filled } from '../../shared/texts/checks.ts';
import type { Text } from '../../shared/texts/language.ts';
import type { FfmpegFacts } from '../capture/encode/ffmpeg.ts';
import { hardwareArgs } from '../capture/encode/hardware.ts';
import type { VideoSettings } from '../capture/messages.ts';

/** Runs a program: how long it took, or what it said when it failed. Rejects only when its signal aborts. */
export type RunTimed = (
  file: string,
  args: readonly string[],
  timeoutMs: number,
) => Promise<{ kind: 'done'; tookMs: number } | { kind: 'failed'; said: string } | { kind: 'late' }>;

/** What a trial depends on: pictures as recordings have them. */
export type TrialVideo = Pick<
  VideoSettings,
  'width' | 'height' | 'fps' | 'preset' | 'crf' | 'maxRateKbps' | 'gopSeconds'
>;

/** What a trial showed. */
export interface Trial {
  works: boolean;
  /** Times real time, with the program's start in it; null when it does not work. */
  speed: number | null;
  message: Text;
}

/** This much is encoded in a trial. */
export const TRIAL_SECONDS = 1;
const TIMEOUT_MS = 8_000;
const SAID_CHARACTERS = 160;

/** Lets an encoder make a second with these arguments. Rejects only when the run's signal aborts. */
export async function tryEncoder(
  ffmpeg: Pick<FfmpegFacts, 'path' | 'encoders'>,
  name: string,
  args: readonly string[],
  run: RunTimed,
): Promise<Trial> {
  if (!ffmpeg.encoders.has(name)) return { works: false, speed: null, message: CHECK_TEXTS.encoderAbsent };
  const outcome = await run(ffmpeg.path, args, TIMEOUT_MS);
  if (outcome.kind === 'done') {
    // To two digits.
    const speed = Number(((TRIAL_SECONDS * 1000) / Math.max(1, outcome.tookMs)).toPrecision(2));
    return { works: true, speed, message: CHECK_TEXTS.encoderWorks };
  }
  const message = outcome.kind === 'late' ? filled('encoderLate', { seconds: TIMEOUT_MS / 1000 }) : wordsOf(outcome);
  return { works: false, speed: null, message };
}

function wordsOf({ said }: { said: string }): Text {
  const lines = said.split('\n').map((line) => line.replace(/^\[[^\]]*\]\s*/, '').trim());
  const reason = lines.find((line) => line !== '') ?? '?';
  return filled('encoderFails', { error: reason.slice(0, SAID_CHARACTERS) });
}

/** What every trial begins with, and where its result goes. */
export const TRIAL_QUIET = ['-hide_banner', '-nostdin', '-nostats', '-v', 'error'];
export const TRIAL_NOWHERE = ['-f', 'null', '-'];

/** Drawn pictures of the size and rate of recordings, for a second. */
export function trialPictures({ width, height, fps }: TrialVideo): string[] {
  return ['-f', 'lavfi', '-i', `testsrc2=s=${width}x${height}:r=${fps}`, '-t', String(TRIAL_SECONDS)];
}

/** Lets an encoder of graphics hardware make a second of pictures, with the options of a recording. */
export async function tryHardware(
  ffmpeg: Pick<FfmpegFacts, 'path' | 'encoders'>,
  encoder: HardwareEncoder,
  video: TrialVideo,
  run: RunTimed,
): Promise<Trial> {
  const { device, coder } = hardwareArgs(encoder, video);
  const args = [...TRIAL_QUIET, ...device, ...trialPictures(video), ...coder, ...TRIAL_NOWHERE];
  return await tryEncoder(ffmpeg, encoder, args, run);
}

/** The encoders of graphics hardware that a build has. */
export function hardwareOf({ encoders }: Pick<FfmpegFacts, 'encoders'>): HardwareEncoder[] {
  return HARDWARE_ENCODERS.filter((name) => encoders.has(name));
}

/** The encoder that a setting names, or null for the others. */
export function namedEncoder(setting: EncoderSetting): HardwareEncoder | null {
  return setting === 'software' || setting === 'auto' ? null : setting;
}
