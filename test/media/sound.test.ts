import { describe, expect, test } from 'vitest';
import { ffmpegPath } from '../support/flash-and-beep.ts';
import { toneLevelDb } from '../support/goertzel.ts';
import { calmSender, type SenderPlan } from '../support/simulated-senders.ts';
import { codeAndDecode, levelDb, loudestHighDb } from '../support/sound-measures.ts';
import { simulateSync } from '../support/sync-simulation.ts';
import { mixDown, sine, TALKER_KINDS, talker } from '../support/talkers.ts';
import { truePeakDb } from '../support/true-peak.ts';

const RATE = 48_000;

/** Samples between two moments in ms. */
function between<T extends Int16Array | Float32Array>(samples: T, fromMs: number, toMs: number): T {
  return samples.subarray(fromMs * 48, toMs * 48) as T;
}

/** What the mixer makes of one sender's tone of 440 Hz under his conditions. */
function gatedTone(
  plan: Partial<SenderPlan>,
  durationMs: number,
  isOn: (seconds: number) => boolean = () => true,
): Int16Array {
  const mixed = new Int16Array(durationMs * 48);
  simulateSync({
    senders: [
      {
        ...calmSender('user_0'),
        flashPhaseMs: 1e9,
        sound: (seconds) => (isOn(seconds) ? 16_000 * Math.sin(2 * Math.PI * 440 * seconds) : 0),
        ...plan,
      },
    ],
    durationMs,
    onBlock: (samples, block) => mixed.set(samples, block * samples.length),
  });
  return mixed;
}

describe('six talkers at full scale', () => {
  test.each(TALKER_KINDS)(
    '%s stay 1 dB below full scale also between samples, in the mix and in the file',
    async (kind) => {
      const mixed = mixDown(Array.from({ length: 6 }, (_, index) => talker(kind, index, 4)));
      expect(truePeakDb(mixed)).toBeLessThanOrEqual(-2.4);
      // Not by making everything quiet: the sum is as loud as the ceiling allows.
      expect(truePeakDb(mixed)).toBeGreaterThan(-3);
      for (const coder of ['aac', 'mp3'] as const) {
        const decoded = await codeAndDecode(ffmpegPath, mixed, coder);
        expect(Math.abs(decoded.length - mixed.length)).toBeLessThan(4800);
        expect(truePeakDb(decoded), coder).toBeLessThanOrEqual(-1);
        expect(Math.abs(levelDb(decoded) - levelDb(mixed)), `level after ${coder}`).toBeLessThan(1);
      }
    },
  );

  test('are turned down, not clipped: between their tones there is nothing', () => {
    const mixed = mixDown(Array.from({ length: 6 }, (_, index) => talker('tones', index, 3)));
    const steady = between(mixed, 1000, 2900);
    const level = toneLevelDb(steady, RATE, 1150);
    for (const hz of [350, 500, 720, 1000, 1360, 1900, 3000]) {
      expect(toneLevelDb(steady, RATE, hz) - level, `${hz} Hz`).toBeLessThan(-30);
    }
  });
});

describe('one talker', () => {
  test.each([16_000, 24_000, 32_000, 44_100, 48_000])('at %i Hz passes within 0.1 dB', (sampleRate) => {
    for (const hz of [120, 1000, 3400, 0.38 * sampleRate]) {
      const mixed = new Int16Array(2000 * 48);
      const calm = calmSender('user_0');
      const sound = (seconds: number) => 23_000 * Math.sin(2 * Math.PI * hz * seconds);
      simulateSync({
        senders: [{ ...calm, flashPhaseMs: 1e9, sound, audio: { ...calm.audio, sampleRate } }],
        durationMs: 2000,
        onBlock: (samples, block) => mixed.set(samples, block * samples.length),
      });
      const change = toneLevelDb(between(mixed, 300, 1800), RATE, hz) - 20 * Math.log10(23_000 / 32_768);
      expect(Math.abs(change), `${hz} Hz`).toBeLessThan(0.1);
    }
  });

  test('is not touched by the ceiling for several, be he as loud as can be, when the others are silent', () => {
    const voice = talker('voices', 2, 3);
    const silent = new Int16Array(voice.length);
    const mixed = mixDown([voice, silent, silent]);
    expect(between(mixed, 20, 2900)).toEqual(between(voice, 20, 2900));
  });
});

describe('no pumping', () => {
  const quietDb = 20 * Math.log10(1000 / 32_768);
  const burstFromMs = 1000;
  const burstToMs = 1600;
  const isBurst = (seconds: number) => seconds * 1000 >= burstFromMs && seconds * 1000 < burstToMs;
  // Two at full scale so that the limiter has 6 dB and more to do, and one quiet and steady beside them.
  const mixed = mixDown([
    sine(1000, 3, () => 1000),
    sine(260, 3, (seconds) => (isBurst(seconds) ? 32_000 : 0)),
    sine(410, 3, (seconds) => (isBurst(seconds) ? 32_000 : 0)),
  ]);
  const quietAt = (ms: number) => toneLevelDb(between(mixed, ms - 15, ms + 15), RATE, 1000) - quietDb;

  test('a quiet talker is turned down only while the loud ones speak, and is back within 300 ms', () => {
    for (let ms = 50; ms < burstFromMs - 30; ms += 10) expect(Math.abs(quietAt(ms)), `${ms} ms`).toBeLessThan(0.1);
    expect(quietAt(1300)).toBeLessThan(-6);
    for (let ms = burstToMs + 300; ms < 2900; ms += 10) expect(Math.abs(quietAt(ms)), `${ms} ms`).toBeLessThan(0.5);
    for (let ms = burstToMs + 700; ms < 2900; ms += 10) expect(Math.abs(quietAt(ms)), `${ms} ms`).toBeLessThan(0.1);
  });

  test('he comes back smoothly: never down again, never by more than 2 dB in 10 ms', () => {
    let last = quietAt(burstToMs + 30);
    for (let ms = burstToMs + 40; ms < burstToMs + 700; ms += 10) {
      const now = quietAt(ms);
      expect(now - last, `${ms} ms`).toBeGreaterThan(-0.1);
      expect(now - last, `${ms} ms`).toBeLessThan(2);
      last = now;
    }
  });
});

describe('no clicks', () => {
  /** A tone cut off hard, as it would be without fades: what the measure has to see. */
  const hardDb = loudestHighDb(
    Int16Array.from({ length: RATE }, (_, n) =>
      n > 12_000 && n < 24_027 ? 16_000 * Math.sin((2 * Math.PI * 440 * n) / RATE) : 0,
    ),
  );
  const CLICK_FREE_DB = -75;

  test('the measure hears a click', () => {
    expect(hardDb).toBeGreaterThan(-55);
    expect(loudestHighDb(sine(440, 1, () => 16_000))).toBeLessThan(-85);
  });

  test('entering, leaving and muting are fades', () => {
    const tone = sine(440, 4, () => 16_000);
    // Comes at 0.4 s, is muted from 1 s on, again and again for other times, and goes at 3.4 s.
    const sends = (_: number, block: number) => block >= 20 && block < 170 && !(block > 50 && (block >> 3) % 3 === 0);
    const mixed = mixDown([tone], sends);
    expect(levelDb(between(mixed, 500, 900))).toBeGreaterThan(-10);
    expect(loudestHighDb(mixed)).toBeLessThan(CLICK_FREE_DB);
  });

  test('someone who is taken out of the mix and let in again in mid-sentence fades', () => {
    const tone = sine(440, 2, () => 16_000);
    const mixed = mixDown([tone], (_, block) => block < 37 || block > 58);
    expect(loudestHighDb(mixed)).toBeLessThan(CLICK_FREE_DB);
  });

  test.each(['uniform', 'spiky', 'waves', 'tail'] as const)(
    'placing sound anew under %s jitter cannot be heard',
    (kind) => {
      const { audio } = calmSender('user_0');
      const jitter = { kind, maxMs: 100 };
      const steps = [
        { atMs: 4000, shiftMs: -60 },
        { atMs: 7000, shiftMs: 90 },
      ];
      const mixed = gatedTone({ startMs: 100, seed: 4, clockPpm: 150, audio: { ...audio, jitter }, steps }, 10_000);
      expect(loudestHighDb(mixed)).toBeLessThan(CLICK_FREE_DB);
    },
  );

  test.each([
    ['lost blocks', { lostShare: 0.02, stalls: [] }],
    ['a stall that costs sound', { lostShare: 0, stalls: [{ atMs: 3000, durationMs: 700 }] }],
  ])('%s are fades on a line with little jitter', (_, { lostShare, stalls }) => {
    const { audio } = calmSender('user_0');
    const jitter = { kind: 'uniform' as const, maxMs: 5 };
    const mixed = gatedTone({ startMs: 100, seed: 8, audio: { ...audio, jitter, lostShare }, stalls }, 10_000);
    expect(loudestHighDb(mixed)).toBeLessThan(CLICK_FREE_DB);
  });
});
