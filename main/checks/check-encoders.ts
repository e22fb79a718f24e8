import type { HardwareEncoder } from '../../shared/encoders.ts';
import { type FfmpegFacts, NEEDED_ENCODERS } from '../capture/encode/ffmpeg.ts';
import {
  hardwareOf,
  type RunTimed,
  TRIAL_NOWHERE,
  TRIAL_QUIET,
  TRIAL_SECONDS,
  type Trial,
  type TrialVideo,
  trialPictures,
  tryEncoder,
  tryHardware,
} from './encoder-trial.ts';

export interface EncoderFacts extends Trial {
  name: string;
  kind: 'picture' | 'sound';
  hardware: boolean;
  /** Whether recordings are made with it. */
  used: boolean;
}

type Needed = (typeof NEEDED_ENCODERS)[number];

/**
 * Lets each encoder make one second of pictures as they are set, or of sound, one after the other.
 * @param chosen the encoder of graphics hardware that recordings are encoded by; null for x264
 */
export async function checkEncoders(
  ffmpeg: Pick<FfmpegFacts, 'path' | 'encoders'>,
  video: TrialVideo,
  chosen: HardwareEncoder | null,
  run: RunTimed,
): Promise<EncoderFacts[]> {
  const found: EncoderFacts[] = [];
  for (const name of NEEDED_ENCODERS) {
    const kind = name === 'libx264' ? 'picture' : 'sound';
    const trial = await tryEncoder(ffmpeg, name, neededArgs(name, video), run);
    const used = trial.works && (kind === 'sound' || chosen === null);
    found.push({ name, kind, hardware: false, ...trial, used });
  }
  for (const name of hardwareOf(ffmpeg)) {
    const trial = await tryHardware(ffmpeg, name, video, run);
    found.push({ name, kind: 'picture', hardware: true, ...trial, used: trial.works && name === chosen });
  }
  return found;
}

function neededArgs(name: Needed, video: TrialVideo): string[] {
  if (name !== 'libx264') {
    const sound = ['-f', 'lavfi', '-i', 'sine=f=440:r=48000', '-t', String(TRIAL_SECONDS)];
    return [...TRIAL_QUIET, ...sound, '-c:a', name, ...TRIAL_NOWHERE];
  }
  const coder = ['-c:v', name, '-preset', video.preset, '-crf', String(video.crf), '-bf', '0', '-pix_fmt', 'yuv420p'];
  return [...TRIAL_QUIET, ...trialPictures(video), ...coder, ...TRIAL_NOWHERE];
}
