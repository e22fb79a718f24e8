import type { Mode } from '../../../shared/recording.ts';
import type { AudioSettings, VideoSettings } from '../messages.ts';
import type { FfmpegFacts } from './ffmpeg.ts';
import { hardwareArgs, isHardware } from './hardware.ts';
import type { ColourMatrix, MatroskaTracks } from './matroska.ts';

/** Which tracks a file has, in the words of the mixed modes: 10 sound, 11 pictures, 12 both. */
export type MediaMode = Extract<Mode, '10' | '11' | '12'>;

/** The mode that has these tracks. @throws RangeError for none. */
export function modeOfMedia({ video, audio }: { video: boolean; audio: boolean }): MediaMode {
  if (video) return audio ? '12' : '11';
  if (audio) return '10';
  throw new RangeError('a file without pictures and without sound cannot be made');
}

export interface LiveEncoderSettings {
  mode: MediaMode;
  video: VideoSettings;
  audio: AudioSettings;
  /** How the canvas is to be understood; the same as its Matroska track says. */
  matrix: ColourMatrix;
  /** Threads of the video encoder: each beyond the first holds back one more picture. */
  threads: number;
  ffmpeg: Pick<FfmpegFacts, 'hasFpsMode'>;
}

export const AUDIO_SAMPLE_RATE = 48_000;

/** Fragments are closed when they are this long; it bounds what stays inside ffmpeg. */
const FRAGMENT_MICROSECONDS = 500_000;
/**
 * Pictures the encoder looks ahead, and no B-pictures: what the encoder holds is what a killed encoder loses. Its defaults for the
 * preset hold 1.5 to 1.75 s, these 0.65 to 0.95 s, of which half a second is the fragment itself.
 */
const LOOK_AHEAD_PICTURES = 5;
const COLOUR_NAMES = { bt601: 'smpte170m', bt709: 'bt709' } as const satisfies Record<ColourMatrix, string>;

/** Whether recordings in a mode have pictures. */
export function enableVideo(mode: MediaMode): boolean {
  return mode !== '10';
}

/** Whether recordings in a mode have sound. */
export function enableAudio(mode: MediaMode): boolean {
  return mode !== '11';
}

/** The tracks that the stream into ffmpeg has in a mode. */
export function tracksOfMode(settings: Pick<LiveEncoderSettings, 'mode' | 'video' | 'matrix'>): MatroskaTracks {
  const { width, height, fps } = settings.video;
  return {
    video: enableVideo(settings.mode) ? { width, height, fps, matrix: settings.matrix } : null,
    audio: enableAudio(settings.mode) ? { sampleRate: AUDIO_SAMPLE_RATE, channels: 1 } : null,
  };
}

/** File name extension, and how the file has to be finalized. */
export function containerOfMode(mode: MediaMode): 'mp4' | 'mp3' {
  return mode === '10' ? 'mp3' : 'mp4';
}

/**
 * Arguments of the encoder of one segment: raw Matroska comes in on stdin, the segment file's bytes leave on stdout.
 * Timestamps pass unchanged, so a picture that was skipped is a longer picture before it and nothing moves.
 */
export function liveEncoderArgs(settings: LiveEncoderSettings): string[] {
  const tracks = tracksOfMode(settings);
  const { coder } = settings.video;
  return [
    ...['-hide_banner', '-nostats', '-nostdin', '-loglevel', 'warning'],
    ...(tracks.video && isHardware(coder) ? hardwareArgs(coder, settings.video).device : []),
    // The header says all there is to know: reading on before starting would only hold pictures back. (`-fflags nobuffer` would go
    // one step further and throw away what was read so far, which is the first picture.)
    ...['-probesize', '32', '-analyzeduration', '0'],
    ...['-copyts', '-f', 'matroska', '-i', 'pipe:0'],
    ...(tracks.video ? videoArgs(settings) : ['-vn']),
    ...(tracks.audio ? audioArgs(settings) : ['-an']),
    ...(settings.mode === '10' ? MP3_STREAM : FRAGMENTED_MP4),
    ...['-flush_packets', '1', 'pipe:1'],
  ];
}

/**
 * `delay_moov`: the moov box comes with the first fragment, when the encoder delays are known, so that it can hold the edit lists.
 * Without it the first picture and the first block of sound are misplaced against the rest.
 */
export const FRAGMENTED_MP4 = [
  ...['-movflags', '+empty_moov+default_base_moof+delay_moov+write_colr'],
  ...['-frag_duration', `${FRAGMENT_MICROSECONDS}`, '-f', 'mp4'],
];
/** Bare frames, so that files can be cut and put together anywhere. */
const MP3_STREAM = ['-write_xing', '0', '-id3v2_version', '0', '-f', 'mp3'];

function videoArgs({ video, matrix, threads, ffmpeg }: LiveEncoderSettings): string[] {
  const colour = COLOUR_NAMES[matrix];
  return [
    ...['-map', '0:v:0', ffmpeg.hasFpsMode ? '-fps_mode' : '-vsync', 'passthrough'],
    ...(isHardware(video.coder) ? hardwareArgs(video.coder, video).coder : x264Args(video, threads)),
    ...['-colorspace', colour, '-color_primaries', colour, '-color_trc', colour, '-color_range', 'tv'],
  ];
}

function x264Args(video: VideoSettings, threads: number): string[] {
  const headers = [
    ...(video.begunWithPreset === undefined ? [] : [headersOf(video.begunWithPreset)]),
    ...(video.coder === 'standIn' ? [`sps-id=${STAND_IN_HEADERS}`] : []),
  ];
  return [
    ...['-c:v', 'libx264', '-preset', video.preset, '-crf', `${video.crf}`],
    ...['-maxrate', `${video.maxRateKbps}k`, '-bufsize', `${video.maxRateKbps * 2}k`],
    ...['-g', `${Math.max(1, Math.round(video.gopSeconds * video.fps))}`, '-bf', '0'],
    ...(headers.length === 0 ? [] : ['-x264-params', headers.join(':')]),
    // The fastest preset looks ahead not at all, which must not be made slower.
    ...(video.preset === 'ultrafast' ? [] : ['-rc-lookahead', `${LOOK_AHEAD_PICTURES}`]),
    ...['-threads', `${threads}`, '-pix_fmt', 'yuv420p'],
  ];
}

/** Number of the headers of x264 beside an encoder of graphics hardware, which all number theirs 0: both then fit into one file. */
const STAND_IN_HEADERS = 1;

/** What the presets write into the headers beyond the settings here: reference pictures and the offset of their psychovisual part. */
const HEADERS: Readonly<Record<string, { references: number; chromaOffset: number }>> = {
  faster: { references: 2, chromaOffset: 0 },
  fast: { references: 2, chromaOffset: -2 },
  medium: { references: 3, chromaOffset: -2 },
  slow: { references: 5, chromaOffset: -2 },
  slower: { references: 8, chromaOffset: -2 },
  veryslow: { references: 16, chromaOffset: -2 },
};

/**
 * Makes a lighter preset write the headers of the one the recording was begun with: all its segments then fit into one file as they
 * are. Without that they would all have to be encoded anew in the end, on a machine that is too slow already.
 */
function headersOf(preset: string): string {
  const { references, chromaOffset } = HEADERS[preset] ?? { references: 1, chromaOffset: 0 };
  return `cabac=1:8x8dct=1:weightp=1:ref=${references}:chroma-qp-offset=${chromaOffset}`;
}

/**
 * AAC by ffmpeg's own encoder. Builds differ in how it searches by default; the quick way takes a sixth of the other's CPU, and for one
 * channel it is nearer to the original at every bit rate (docs/quality.md).
 */
export function aacArgs(kbps: number): string[] {
  return ['-c:a', 'aac', '-aac_coder', 'fast', '-b:a', `${kbps}k`];
}

function audioArgs({ mode, audio }: LiveEncoderSettings): string[] {
  const coder = mode === '10' ? ['-c:a', 'libmp3lame', '-b:a', `${audio.mp3Kbps}k`] : aacArgs(audio.aacKbps);
  return ['-map', '0:a:0', ...coder, '-ac', '1', '-ar', `${AUDIO_SAMPLE_RATE}`];
}
