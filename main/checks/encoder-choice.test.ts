import { pino } from 'pino';
import { expect, it } from 'vitest';
import { type EncoderSetting, HARDWARE_ENCODERS } from '../../shared/encoders.ts';
import { createEncoderChoice, type EncoderChoiceDeps } from './encoder-choice.ts';

/** Lets what was promised happen. */
const settle = () => new Promise((resolve) => setImmediate(resolve));

function rig(encoder: EncoderSetting) {
  const facts = new Map<string, string>();
  const asked: string[] = [];
  const logged: string[] = [];
  const state = {
    nowMs: 0,
    works: ['h264_qsv'],
    video: { encoder, width: 640, height: 360, fps: 15, preset: 'veryfast', crf: 23, maxRateKbps: 900, gopSeconds: 2 },
    ffmpeg: { path: '/ffmpeg', version: '7.1', encoders: new Set<string>(HARDWARE_ENCODERS.slice(0, 3)) },
  };
  const open = (changes: Partial<EncoderChoiceDeps> = {}) =>
    createEncoderChoice({
      facts: { get: (key) => facts.get(key) ?? null, set: (key, value) => void facts.set(key, value) },
      settings: state,
      ffmpeg: state.ffmpeg,
      run: async (_file, args) => {
        const name = args[args.indexOf('-c:v') + 1] ?? '';
        asked.push(`${name} ${args[args.indexOf('-i') + 1]}`);
        return state.works.includes(name)
          ? { kind: 'done', tookMs: 400 }
          : { kind: 'failed', said: `[${name} @ 0x1] no such device` };
      },
      now: () => state.nowMs,
      log: pino({}, { write: (line: string) => void logged.push(line) }),
      ...changes,
    });
  return { facts, asked, logged, state, open };
}

it('is x264 by default, and asks nothing', async () => {
  const one = rig('software');
  expect(one.open().current()).toBe(null);
  await settle();
  expect([one.asked, one.facts.size]).toEqual([[], 0]);
});

it('takes by itself the first that passes a trial in the size of the recordings, and keeps that over a restart', async () => {
  const one = rig('auto');
  const choice = one.open();
  expect([choice.current(), choice.current()]).toEqual([null, null]);
  await settle();
  expect(choice.current()).toBe('h264_qsv');
  const size = 'testsrc2=s=640x360:r=15';
  expect(one.asked).toEqual([`h264_nvenc ${size}`, `h264_qsv ${size}`]);
  expect(one.logged.join()).toContain('no such device');
  expect(one.open().current()).toBe('h264_qsv');
  expect(one.asked).toHaveLength(2);
});

it.each([
  ['another ffmpeg', (state: ReturnType<typeof rig>['state']) => ({ ffmpeg: { ...state.ffmpeg, version: '8.0' } })],
  [
    'another place of it',
    (state: ReturnType<typeof rig>['state']) => ({ ffmpeg: { ...state.ffmpeg, path: '/other' } }),
  ],
  [
    'another size',
    (state: ReturnType<typeof rig>['state']) => ({ settings: { video: { ...state.video, width: 320 } } }),
  ],
])('tries again with %s', async (_what, changes) => {
  const one = rig('auto');
  one.open().current();
  await settle();
  one.asked.length = 0;
  const later = one.open(changes(one.state));
  expect(later.current()).toBe(null);
  await settle();
  expect(one.asked.length).toBe(2);
  expect(later.current()).toBe('h264_qsv');
});

it('stays with x264 where none works, says why, and tries again an hour later or at the next start', async () => {
  const one = rig('auto');
  one.state.works = [];
  const choice = one.open();
  choice.current();
  await settle();
  expect([choice.current(), one.asked.length]).toEqual([null, 3]);
  expect(one.logged.join()).toMatch(/no hardware encoder works/);
  expect(one.logged.join()).toMatch(/h264_vaapi.*no such device/);
  await settle();
  expect(one.asked.length).toBe(3);
  one.state.works = ['h264_vaapi'];
  one.state.nowMs = 3_500_000;
  expect([choice.current(), one.asked.length]).toEqual([null, 3]);
  one.state.nowMs = 3_700_000;
  choice.current();
  await settle();
  expect(choice.current()).toBe('h264_vaapi');
  one.facts.clear();
  const next = one.open();
  next.current();
  await settle();
  expect(next.current()).toBe('h264_vaapi');
});

it('does not choose what failed in a recording before it has passed another trial', async () => {
  const one = rig('auto');
  const choice = one.open();
  choice.current();
  await settle();
  one.state.works = [];
  choice.doubt();
  expect(choice.current()).toBe(null);
  await settle();
  expect(choice.current()).toBe(null);
  expect(one.open().current()).toBe(null);
});

it('takes the one that is named without a trial, if the build has it', async () => {
  const named = rig('h264_vaapi');
  expect(named.open().current()).toBe('h264_vaapi');
  const missing = rig('h264_amf');
  const choice = missing.open();
  expect([choice.current(), choice.current()]).toEqual([null, null]);
  expect(missing.logged.filter((line) => line.includes('lacks the encoder'))).toHaveLength(1);
  await settle();
  expect([named.asked, missing.asked]).toEqual([[], []]);
});

it('what was kept and cannot be read is found out again', async () => {
  for (const text of ['{', '[]', '{"encoder":"libx264"}']) {
    const one = rig('auto');
    one.facts.set('hardwareEncoder', text);
    const choice = one.open();
    choice.current();
    await settle();
    expect(choice.current(), text).toBe('h264_qsv');
  }
});
