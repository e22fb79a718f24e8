import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { type EncoderDeath, SegmentEncoder, type SegmentEncoderOptions } from '../../main/capture/encode/encoder.ts';
import { inspectFfmpeg } from '../../main/capture/encode/ffmpeg.ts';
import {
  enableAudio,
  enableVideo,
  liveEncoderArgs,
  type MediaMode,
  tracksOfMode,
} from '../../main/capture/encode/ffmpeg-args.ts';
import type { VideoSettings } from '../../main/capture/messages.ts';
import { ffmpegPath, mixBetween } from './flash-and-beep.ts';

/** Small and quick to encode; the rest as a box does it by default. */
export const SMALL_VIDEO: VideoSettings = {
  width: 192,
  height: 108,
  fps: 15,
  preset: 'veryfast',
  crf: 23,
  maxRateKbps: 2500,
  gopSeconds: 2,
  fit: 'fit',
  background: '#000000',
};

const SYSTEM_FFMPEG = '/usr/bin/ffmpeg';

/** The build that comes with the packages, and the machine's own when there is one: the product has to work with both. */
export const FFMPEG_BUILDS: string[] = [ffmpegPath, ...(existsSync(SYSTEM_FFMPEG) ? [SYSTEM_FFMPEG] : [])];

export interface RecorderOptions {
  file: string;
  mode: MediaMode;
  ffmpeg?: string;
  video?: VideoSettings;
  overrides?: Partial<SegmentEncoderOptions>;
}

export interface TestRecorder {
  encoder: SegmentEncoder;
  deaths: EncoderDeath[];
  writeErrors: Error[];
  /** Encodes the flashing and beeping mix of a stretch of the timeline, at the encoder's pace. */
  feed(fromMs: number, toMs: number, onTick?: (tick: number) => unknown): Promise<void>;
}

/** A segment encoder as the capture process sets it up, that remembers what it was told. */
export async function openRecorder(options: RecorderOptions): Promise<TestRecorder> {
  const { file, mode, ffmpeg = ffmpegPath, video = SMALL_VIDEO, overrides = {} } = options;
  const facts = await inspectFfmpeg(ffmpeg);
  const audio = { aacKbps: 96, mp3Kbps: 64 };
  const settings = { mode, video, audio, matrix: 'bt601' as const, threads: 2, ffmpeg: facts };
  const deaths: EncoderDeath[] = [];
  const writeErrors: Error[] = [];
  const encoder = new SegmentEncoder({
    ffmpegPath: ffmpeg,
    args: liveEncoderArgs(settings),
    tracks: tracksOfMode(settings),
    file,
    listener: { onDied: (death) => deaths.push(death), onWriteError: (error) => writeErrors.push(error) },
    // Time stands still for it: however slowly ffmpeg starts and reads, no picture is too old and it is not taken for stalled.
    nowMs: () => 0,
    ...overrides,
  });
  const target = {
    ...(enableVideo(mode)
      ? { writePicture: (canvas: Uint8Array, ns: number) => encoder.writePicture(canvas, ns) }
      : {}),
    ...(enableAudio(mode) ? { writeAudio: (pcm: Int16Array, ns: number) => encoder.writeAudio(pcm, ns) } : {}),
  };
  const feed: TestRecorder['feed'] = async (fromMs, toMs, onTick) => {
    for (const tick of mixBetween(video, fromMs, toMs, target)) {
      await onTick?.(tick);
      await until(() => encoder.backlogBytes < 200_000 || deaths.length + writeErrors.length > 0);
    }
  };
  return { encoder, deaths, writeErrors, feed };
}

/** Waits for a state; fails loudly when it does not come. */
export async function until(condition: () => boolean, timeoutMs = 30_000): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`This never became true: ${condition}`);
    await sleep(2);
  }
}
