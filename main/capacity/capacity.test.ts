import { describe, expect, it } from 'vitest';
import type { HardwareEncoder } from '../../shared/encoders.ts';
import { createFakeClock } from '../../test/support/fake-clock.ts';
import type { PictureCoder } from '../capture/messages.ts';
import { silentLogger } from '../logging.ts';
import { defaultSettings } from '../settings/settings.ts';
import { createAdmission } from './admission.ts';
import { type CapacityDeps, createCapacity } from './capacity.ts';
import { KINDS, type Work } from './model.ts';
import { parseMeasurement, type Speed } from './speed.ts';

const SPEED: Speed = {
  drawPerMegapixel: 0.003,
  encodePerMegapixel: 0.011,
  soundMixPerSecond: 0.005,
  soundEncodePerSecond: 0.01,
};
const MACHINE = { cores: 2, memoryBytes: 64e9, cpu: 'A processor' };
const MIXED: Work = KINDS.mixed;

function rig(changes: Partial<CapacityDeps> = {}) {
  const clock = createFakeClock();
  const facts = new Map<string, string>();
  const settings = defaultSettings();
  const running: Work[] = [];
  const told: Record<string, unknown>[] = [];
  /** Each measurement that was begun; a test ends it. */
  const begun: {
    end(speed: Speed): void;
    fail(error: Error): void;
    signal: AbortSignal;
    preset: string;
    coder: PictureCoder | undefined;
    parallel: number;
  }[] = [];
  const state = { isBusy: false, relieved: 0, hardware: null as HardwareEncoder | null };
  const open = () =>
    createCapacity({
      facts: { get: (key) => facts.get(key) ?? null, set: (key, value) => void facts.set(key, value) },
      events: { append: (_type, _id, data) => void told.push(data) },
      settings,
      ffmpeg: { path: '/ffmpeg', version: '7.1', hasFpsMode: true },
      hardware: () => state.hardware,
      machine: MACHINE,
      directory: () => '/nowhere',
      running: () => running,
      isBusy: () => state.isBusy,
      relieved: () => state.relieved,
      measure: (task, signal) =>
        new Promise((resolve, reject) => {
          signal.addEventListener('abort', () => reject(new Error('given up')), { once: true });
          const { preset, coder } = task.video;
          begun.push({ end: resolve, fail: reject, signal, preset, coder, parallel: task.parallel });
        }),
      clock,
      log: silentLogger(),
      ...changes,
    });
  return { clock, facts, settings, running, told, begun, state, open, capacity: open() };
}

/** Lets what was promised happen. */
const settle = () => new Promise((resolve) => setImmediate(resolve));

describe('measuring', () => {
  it('is done once, at a quiet moment, kept, and found again at the next start', async () => {
    const one = rig();
    one.capacity.start();
    expect(one.capacity.get()).toMatchObject({ basis: 'assumed', state: 'due', measuredAt: null, holds: { mixed: 3 } });
    one.running.push(MIXED);
    await one.clock.advance(60_000);
    expect(one.begun).toEqual([]);
    one.running.pop();
    one.state.isBusy = true;
    await one.clock.advance(60_000);
    expect(one.begun).toEqual([]);
    one.state.isBusy = false;
    await one.clock.advance(20_000);
    expect(one.capacity.get().state).toBe('measuring');
    one.begun[0]!.end(SPEED);
    await settle();
    const measured = { basis: 'measured', state: 'idle', holds: { mixed: 7, singles: 4, sound: 48 } };
    expect(one.capacity.get()).toMatchObject({
      ...measured,
      measuredWith: { ffmpeg: '7.1', encoder: 'libx264 veryfast' },
    });
    expect(one.told).toEqual([{ mixed: 7, singles: 4, sound: 48, preset: 'veryfast' }]);
    await one.clock.advance(10 * 60_000);
    expect(one.begun).toHaveLength(1);
    const next = one.open();
    next.start();
    await one.clock.advance(60_000);
    expect(next.get()).toMatchObject(measured);
    expect(one.begun).toHaveLength(1);
  });

  it('is done again when what it depends on changes; until then what is known is scaled', async () => {
    const one = rig();
    one.capacity.start();
    await one.clock.advance(20_000);
    one.begun[0]!.end(SPEED);
    await settle();
    one.settings.video.preset = 'medium';
    expect(one.capacity.get()).toMatchObject({ state: 'due', holds: { mixed: 3 } });
    await one.clock.advance(20_000);
    expect(one.begun.map(({ preset }) => preset)).toEqual(['veryfast', 'medium']);
    one.begun[1]!.end({ ...SPEED, encodePerMegapixel: 0.04 });
    await settle();
    expect(one.capacity.get()).toMatchObject({ state: 'idle', measuredWith: { encoder: 'libx264 medium' } });
    one.settings.audio.aacKbps = 64;
    await one.clock.advance(60_000);
    expect(one.begun).toHaveLength(2);
  });

  it('is made with the encoder that recordings get; hardware that was not measured counts as x264', async () => {
    const one = rig();
    one.capacity.start();
    await one.clock.advance(20_000);
    one.begun[0]!.end(SPEED);
    await settle();
    const withX264 = one.capacity.get().holds.mixed;
    one.state.hardware = 'h264_nvenc';
    expect(one.capacity.get()).toMatchObject({ state: 'due', holds: { mixed: withX264 } });
    await one.clock.advance(20_000);
    expect(one.begun[1]).toMatchObject({ coder: 'h264_nvenc', parallel: 1 });
    one.begun[1]!.end({ ...SPEED, encodePerMegapixel: 0.001 });
    await settle();
    expect(one.capacity.get()).toMatchObject({ state: 'idle', measuredWith: { encoder: 'h264_nvenc' } });
    expect(one.capacity.get().holds.mixed).toBeGreaterThan(2 * withX264);
    // What was measured with hardware says nothing of x264.
    one.state.hardware = null;
    expect(one.capacity.get()).toMatchObject({ state: 'due' });
    expect(one.capacity.get().holds.mixed).toBeLessThanOrEqual(withX264);
    await one.clock.advance(20_000);
    expect(one.begun[2]).toMatchObject({ coder: undefined });
  });

  it('gives way to a recording and is made up for later', async () => {
    const one = rig();
    one.capacity.start();
    await one.clock.advance(20_000);
    one.capacity.giveWay();
    one.running.push(MIXED);
    await settle();
    expect(one.begun[0]!.signal.aborted).toBe(true);
    expect(one.capacity.get()).toMatchObject({ state: 'due', problem: null });
    one.running.pop();
    await one.clock.advance(20_000);
    expect(one.begun).toHaveLength(2);
  });

  it('that fails is told, and not tried again for an hour', async () => {
    const one = rig();
    one.capacity.start();
    await one.clock.advance(20_000);
    one.begun[0]!.fail(new Error('ffmpeg ended with 1'));
    await settle();
    expect(one.capacity.get()).toMatchObject({ state: 'due', problem: 'ffmpeg ended with 1', basis: 'assumed' });
    await one.clock.advance(50 * 60_000);
    expect(one.begun).toHaveLength(1);
    await one.clock.advance(15 * 60_000);
    expect(one.begun).toHaveLength(2);
  });

  it('on demand is refused while it would disturb or be disturbed', async () => {
    const one = rig();
    one.running.push(MIXED);
    expect(one.capacity.measure()).toMatchObject({ code: 'NOT_QUIET', detail: { en: expect.stringContaining('run') } });
    one.running.pop();
    expect(one.capacity.measure()).toMatchObject({ state: 'measuring' });
    expect(one.capacity.measure()).toMatchObject({ code: 'NOT_QUIET' });
    await one.capacity.stop();
    expect(one.begun[0]!.signal.aborted).toBe(true);
    expect(one.capacity.measure()).toMatchObject({ code: 'SHUTTING_DOWN' });
    expect(rig({ ffmpeg: null }).capacity.measure()).toMatchObject({ code: 'FFMPEG_MISSING' });
  });

  it.each(['', '{', '{}', '{"atMs":1,"conditions":{},"speed":{}}', 'null'])(
    'that was kept as %j counts as none',
    (text) => {
      expect(parseMeasurement(text)).toBeNull();
    },
  );
});

describe('admission', () => {
  const settings = defaultSettings();
  const open = (relieved = 0, maxRecordings: number | null = null) =>
    createAdmission({
      settings: { video: settings.video, limits: { maxRecordings } },
      machine: MACHINE,
      speed: () => SPEED,
      relieved: () => relieved,
    });
  const many = (count: number, work: Work = MIXED) => Array.from({ length: count }, () => work);

  it('takes what fits, and says of the rest what runs, what it takes and what can be done', () => {
    const admission = open();
    expect(admission.judge(MIXED, many(6))).toBeNull();
    expect(admission.judge(MIXED, many(7))).toMatchObject({
      detail: { en: expect.stringMatching(/run \(7\) need 1\.5\d of the 1\.60 processor cores .* need 0\.23 more/) },
      remedy: { en: expect.stringContaining('limits.maxRecordings') },
    });
    // What a recording takes counts, not how many there are.
    expect(admission.judge(MIXED, [...many(6), KINDS.sound])).not.toBeNull();
    expect(admission.judge(KINDS.sound, [...many(6), KINDS.sound])).toBeNull();
    expect(admission.room(many(6))).toMatchObject({ capacity: 7, room: { mixed: 1 } });
  });

  it('takes the first whatever it costs', () => {
    const slow = createAdmission({
      ...{ settings: { video: settings.video, limits: { maxRecordings: null } }, relieved: () => 0 },
      machine: MACHINE,
      speed: () => ({ ...SPEED, encodePerMegapixel: 1 }),
    });
    expect(slow.judge(MIXED, [])).toBeNull();
    expect(slow.room([])).toMatchObject({ capacity: 1, room: { mixed: 1, singles: 1 } });
    expect(slow.judge(MIXED, [MIXED])).not.toBeNull();
  });

  it('takes no more while the machine does not keep up', () => {
    expect(open(1).judge(KINDS.sound, many(1))).toMatchObject({ detail: { en: expect.stringContaining('keep up') } });
    expect(open(1).room(many(1))).toMatchObject({ room: { mixed: 0, sound: 0 }, capacity: 1 });
  });

  it("goes by the operator's number when there is one", () => {
    const admission = open(1, 20);
    expect(admission.judge(MIXED, many(19))).toBeNull();
    expect(admission.judge(MIXED, many(20))).toMatchObject({
      detail: { en: expect.stringContaining('20 recordings') },
    });
    expect(admission.room(many(12))).toMatchObject({ capacity: 20, room: { mixed: 8, singles: 8, sound: 8 } });
  });
});
