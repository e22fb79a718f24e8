import { mkdtempSync, rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it } from 'vitest';
import { FFMPEG_BUILDS, openRecorder, SMALL_VIDEO } from '../../../test/support/segment-recording.ts';
import {
  containerOfMode,
  type LiveEncoderSettings,
  liveEncoderArgs,
  type MediaMode,
  tracksOfMode,
} from './ffmpeg-args.ts';

function settings(mode: MediaMode, more: Partial<LiveEncoderSettings> = {}): LiveEncoderSettings {
  const audio = { aacKbps: 96, mp3Kbps: 64 };
  return { mode, video: SMALL_VIDEO, audio, matrix: 'bt601', threads: 2, ffmpeg: { hasFpsMode: false }, ...more };
}

/** The value after an option. */
function after(args: string[], option: string): string | undefined {
  const at = args.indexOf(option);
  return at < 0 ? undefined : args[at + 1];
}

it('gives each mode its tracks and its container', () => {
  expect(tracksOfMode(settings('10'))).toEqual({ video: null, audio: { sampleRate: 48_000, channels: 1 } });
  expect(tracksOfMode(settings('11'))).toEqual({
    video: { width: 192, height: 108, fps: 15, matrix: 'bt601' },
    audio: null,
  });
  expect(tracksOfMode(settings('12'))).toMatchObject({ video: { fps: 15 }, audio: { channels: 1 } });
  expect((['10', '11', '12'] as const).map(containerOfMode)).toEqual(['mp3', 'mp4', 'mp4']);
});

it('turns the settings into options', () => {
  const args = liveEncoderArgs(settings('12', { video: { ...SMALL_VIDEO, fps: 20, gopSeconds: 3, maxRateKbps: 900 } }));
  const told = ['-preset', '-crf', '-maxrate', '-bufsize', '-g', '-b:a', '-threads'].map((option) =>
    after(args, option),
  );
  expect(told).toEqual(['veryfast', '23', '900k', '1800k', '60', '96k', '2']);
  expect(after(liveEncoderArgs(settings('10')), '-b:a')).toBe('64k');
  expect(liveEncoderArgs(settings('10'))).not.toContain('libx264');
  expect(liveEncoderArgs(settings('11'))).toContain('-an');
});

it('asks for untouched timestamps in the words of the build', () => {
  expect(after(liveEncoderArgs(settings('12')), '-vsync')).toBe('passthrough');
  const newer = liveEncoderArgs(settings('12', { ffmpeg: { hasFpsMode: true } }));
  expect(after(newer, '-fps_mode')).toBe('passthrough');
  expect(newer).not.toContain('-vsync');
});

it('does not slow the fastest preset down', () => {
  const fastest = settings('12', { video: { ...SMALL_VIDEO, preset: 'ultrafast' } });
  expect(liveEncoderArgs(fastest)).not.toContain('-rc-lookahead');
  expect(after(liveEncoderArgs(settings('12')), '-rc-lookahead')).toBe('5');
});

it('gives pictures to graphics hardware where that is said, and sound never', () => {
  const video = { ...SMALL_VIDEO, coder: 'h264_vaapi' } as const;
  const args = liveEncoderArgs(settings('12', { video }));
  expect(after(args, '-vaapi_device')).toBe('/dev/dri/renderD128');
  expect(args.indexOf('-vaapi_device')).toBeLessThan(args.indexOf('-i'));
  expect(args.join(' ')).toContain('-vsync passthrough -vf format=nv12,hwupload -c:v h264_vaapi');
  for (const option of ['-preset', '-crf', '-x264-params', '-rc-lookahead', '-threads', 'libx264']) {
    expect(args).not.toContain(option);
  }
  expect(after(args, '-colorspace')).toBe('smpte170m');
  expect(after(args, '-c:a')).toBe('aac');
  expect(liveEncoderArgs(settings('10', { video }))).toEqual(liveEncoderArgs(settings('10')));
});

it('sound in MP4 is searched the quick way whatever the build does by default', () => {
  expect(after(liveEncoderArgs(settings('12')), '-aac_coder')).toBe('fast');
  expect(liveEncoderArgs(settings('10'))).not.toContain('-aac_coder');
});

it('x264 beside graphics hardware numbers its headers apart, with a lighter preset as well', () => {
  const video = { ...SMALL_VIDEO, coder: 'standIn' } as const;
  expect(after(liveEncoderArgs(settings('12', { video })), '-x264-params')).toBe('sps-id=1');
  const lighter = { ...video, preset: 'superfast', begunWithPreset: 'veryfast' };
  expect(after(liveEncoderArgs(settings('12', { video: lighter })), '-x264-params')).toMatch(/^cabac=1:.*:sps-id=1$/);
  expect(liveEncoderArgs(settings('12'))).not.toContain('-x264-params');
});

const PAIRS = [
  ['veryfast', 'superfast'],
  ['veryfast', 'ultrafast'],
  ['superfast', 'ultrafast'],
  ['fast', 'veryfast'],
  ['medium', 'ultrafast'],
  ['slow', 'superfast'],
] as const;

it.each(FFMPEG_BUILDS)('lighter presets write the headers that the recording was begun with: %s', async (ffmpeg) => {
  const directory = mkdtempSync(path.join(tmpdir(), 'recorder-headers-'));
  /** The decoder's configuration in the file. */
  const headers = async (name: string, video: typeof SMALL_VIDEO): Promise<string> => {
    const file = path.join(directory, `${name}.mp4`);
    const recorder = await openRecorder({ file, mode: '11', ffmpeg, video });
    await recorder.feed(0, 400);
    expect(await recorder.encoder.finish(20_000)).toMatchObject({ clean: true });
    const bytes = await readFile(file);
    const at = bytes.indexOf('avcC');
    return bytes.subarray(at, at - 4 + bytes.readUInt32BE(at - 4)).toString('hex');
  };
  try {
    const begun = new Map<string, string>();
    for (const [begunWithPreset, preset] of PAIRS) {
      const known =
        begun.get(begunWithPreset) ?? (await headers(begunWithPreset, { ...SMALL_VIDEO, preset: begunWithPreset }));
      begun.set(begunWithPreset, known);
      const lighter = { ...SMALL_VIDEO, preset, begunWithPreset };
      expect(await headers(`${begunWithPreset}-${preset}`, lighter), `${begunWithPreset} and ${preset}`).toBe(known);
    }
    expect(await headers('bare', { ...SMALL_VIDEO, preset: 'ultrafast' })).not.toBe(begun.get('veryfast'));
  } finally {
    rmSync(directory, { recursive: true });
  }
});
