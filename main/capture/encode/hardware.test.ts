import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { HARDWARE_ENCODERS } from '../../../shared/encoders.ts';
import { FFMPEG_BUILDS } from '../../../test/support/segment-recording.ts';
import { inspectFfmpeg } from './ffmpeg.ts';
import { hardwareArgs, isForHardware } from './hardware.ts';

const VIDEO = { fps: 15, crf: 23, maxRateKbps: 2500, gopSeconds: 2 };

it.each([
  [
    'h264_nvenc',
    '',
    '-c:v h264_nvenc -profile:v high -rc vbr -cq 23 -b:v 0 -maxrate 2500k -bufsize 5000k -spatial-aq 1 -delay 0 -pix_fmt yuv420p -g 30 -bf 0',
  ],
  ['h264_qsv', '', '-c:v h264_qsv -profile:v high -global_quality 23 -async_depth 1 -pix_fmt nv12 -g 30 -bf 0'],
  [
    'h264_vaapi',
    '-vaapi_device /dev/dri/renderD128',
    '-vf format=nv12,hwupload -c:v h264_vaapi -profile:v high -qp 23 -g 30 -bf 0',
  ],
  ['h264_videotoolbox', '', '-c:v h264_videotoolbox -profile:v high -q:v 64 -realtime 1 -pix_fmt nv12 -g 30 -bf 0'],
  ['h264_amf', '', '-c:v h264_amf -profile:v high -rc cqp -qp_i 23 -qp_p 23 -pix_fmt nv12 -g 30 -bf 0'],
  ['h264_mf', '', '-c:v h264_mf -hw_encoding 1 -rate_control quality -quality 55 -pix_fmt nv12 -g 30 -bf 0'],
] as const)('%s is asked for quality, and for no pictures that it would hold back', (encoder, device, coder) => {
  const args = hardwareArgs(encoder, VIDEO);
  expect([args.device.join(' '), args.coder.join(' ')]).toEqual([device, coder]);
});

it('whatever is set, every value is one that the encoder takes', () => {
  const settings = fc.record({
    fps: fc.integer({ min: 1, max: 60 }),
    crf: fc.integer({ min: 0, max: 51 }),
    maxRateKbps: fc.integer({ min: 100, max: 100_000 }),
    gopSeconds: fc.double({ min: 0.5, max: 10, noNaN: true }),
  });
  const ranges: Record<string, [number, number]> = {
    ...{ '-cq': [1, 51], '-global_quality': [1, 51], '-qp': [1, 51], '-qp_i': [1, 51], '-qp_p': [1, 51] },
    ...{ '-q:v': [1, 100], '-quality': [0, 100], '-g': [1, 600] },
  };
  fc.assert(
    fc.property(fc.constantFrom(...HARDWARE_ENCODERS), settings, (encoder, video) => {
      const { coder } = hardwareArgs(encoder, video);
      for (const [option, [least, most]] of Object.entries(ranges)) {
        if (!coder.includes(option)) continue;
        const value = Number(coder[coder.indexOf(option) + 1]);
        expect(Number.isInteger(value) && value >= least && value <= most, `${encoder} ${option} ${value}`).toBe(true);
      }
      // The better the set quality, the better the asked one.
      const worse = hardwareArgs(encoder, { ...video, crf: Math.min(51, video.crf + 5) }).coder;
      if (video.crf > 1 && video.crf < 46) expect(worse).not.toEqual(coder);
    }),
  );
});

it.each(FFMPEG_BUILDS)(
  'builds know all options of the encoders that they have, or the build cannot have such hardware: %s',
  async (ffmpeg) => {
    const { encoders } = await inspectFfmpeg(ffmpeg);
    const known = HARDWARE_ENCODERS.filter((name) => encoders.has(name));
    expect(known).toContain('h264_vaapi');
    for (const encoder of known) {
      const { device, coder } = hardwareArgs(encoder, VIDEO);
      const source = ['-f', 'lavfi', '-i', 'testsrc2=s=320x180:r=15', '-frames:v', '2'];
      const { stderr } = spawnSync(ffmpeg, ['-v', 'error', ...device, ...source, ...coder, '-f', 'null', '-']);
      expect(stderr.toString(), encoder).not.toMatch(
        /Unrecognized option|Option not found|Undefined constant|Unable to parse/,
      );
    }
  },
);

it('small pictures are not for hardware, upright or not', () => {
  expect([1280, 320, 240].map((width) => isForHardware({ width, height: 180 }))).toEqual([true, true, true]);
  expect([isForHardware({ width: 160, height: 90 }), isForHardware({ width: 90, height: 160 })]).toEqual([
    false,
    false,
  ]);
});
