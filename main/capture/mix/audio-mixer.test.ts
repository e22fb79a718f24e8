import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { toneLevelDb } from '../../../test/support/goertzel.ts';
import { soundKernel } from '../../../test/support/sound-kernel.ts';
import { AudioMixer, BLOCK_SAMPLES } from './audio-mixer.ts';
import { MIXING_DELAY_MS } from './timeline.ts';

interface Arrival {
  userId: string;
  data: Int16Array;
  sampleRate: number;
  channels: 1 | 2;
  arrivalMs: number;
}

/** Full-scale amplitude of a sample. */
const FULL = 32_767;

function tone(frequencyHz: number, amplitude: number): (seconds: number) => number {
  return (seconds) => amplitude * Math.sin(2 * Math.PI * frequencyHz * seconds);
}

/** Blocks of 20 ms of `signal`, block k sent at `fromMs + k·20` and arriving `lateMs(k)` later, never before the one before it. */
function stream(
  userId: string,
  signal: (seconds: number) => number,
  options: {
    fromMs?: number;
    blocks: number;
    sampleRate?: number;
    channels?: 1 | 2;
    lateMs?: (block: number) => number;
    lost?: (block: number) => boolean;
    periodMs?: number;
  },
): Arrival[] {
  const { fromMs = 0, blocks, sampleRate = 48_000, channels = 1, lateMs = () => 0, lost = () => false } = options;
  const frames = sampleRate / 50;
  const arrivals: Arrival[] = [];
  let newestMs = 0;
  for (let block = 0; block < blocks; block++) {
    if (lost(block)) continue;
    const data = new Int16Array(frames * channels);
    for (let frame = 0; frame < frames; frame++) {
      const value = Math.round(signal((block * frames + frame) / sampleRate));
      for (let channel = 0; channel < channels; channel++) data[frame * channels + channel] = value;
    }
    newestMs = Math.max(newestMs, fromMs + block * (options.periodMs ?? 20) + lateMs(block));
    arrivals.push({ userId, data, sampleRate, channels, arrivalMs: newestMs });
  }
  return arrivals;
}

/** Plays arrivals into a mixer in their order, mixing every block exactly when it is due. */
function record(arrivals: Arrival[], durationMs: number, mixer = new AudioMixer(soundKernel)): Int16Array {
  const ordered = arrivals.toSorted((a, b) => a.arrivalMs - b.arrivalMs);
  mixer.setActive(new Set(arrivals.map((arrival) => arrival.userId)));
  const mixed = new Int16Array((durationMs / 20) * BLOCK_SAMPLES);
  let next = 0;
  for (let block = 0; block < durationMs / 20; block++) {
    const dueMs = (block + 1) * 20 + MIXING_DELAY_MS;
    while (next < ordered.length && ordered[next]!.arrivalMs <= dueMs) {
      const { userId, arrivalMs, ...pcm } = ordered[next++]!;
      mixer.push(userId, pcm, arrivalMs);
      // The sender's buffer is his again.
      pcm.data.fill(0x5555);
    }
    mixed.set(mixer.mix(block), block * BLOCK_SAMPLES);
  }
  return mixed;
}

/** Samples between two moments. */
function between(samples: Int16Array, fromMs: number, toMs: number): Int16Array {
  return samples.subarray(fromMs * 48, toMs * 48);
}

/** The samples of a signal between two moments, as a sender would have them. */
function exact(signal: (seconds: number) => number, fromMs: number, toMs: number): Int16Array {
  return Int16Array.from({ length: (toMs - fromMs) * 48 }, (_, index) =>
    Math.round(signal((fromMs * 48 + index) / 48_000)),
  );
}

/** Index of the first sample that differs, -1 when none does. */
function firstDifference(actual: Int16Array, expected: Int16Array): number {
  if (actual.length !== expected.length) return Math.min(actual.length, expected.length);
  return actual.findIndex((value, index) => value !== expected[index]);
}

function peak(samples: Int16Array): number {
  return samples.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
}

/** Longest stretch in ms in which no sample is louder than `level`. */
function longestSilenceMs(samples: Int16Array, level: number): number {
  let longest = 0;
  let run = 0;
  for (const sample of samples) {
    run = Math.abs(sample) <= level ? run + 1 : 0;
    longest = Math.max(longest, run);
  }
  return longest / 48;
}

/** Largest step from one sample to the next. */
function steepest(samples: Int16Array): number {
  let most = 0;
  for (let index = 1; index < samples.length; index++)
    most = Math.max(most, Math.abs(samples[index]! - samples[index - 1]!));
  return most;
}

describe('one talker', () => {
  test('passes bit-exact at the place of his arrival, up to full scale', () => {
    const signal = tone(440, FULL);
    const mixed = record(stream('a', signal, { fromMs: 100, blocks: 40 }), 1000);
    expect(firstDifference(between(mixed, 110, 890), exact(signal, 10, 790))).toBe(-1);
    expect(peak(between(mixed, 0, 100))).toBe(0);
    expect(peak(between(mixed, 900, 1000))).toBe(0);
  });

  test.each([16_000, 24_000, 32_000, 44_100, 48_000])(
    '%i Hz becomes 48 kHz with 60 dB between tone and the rest, in step',
    (rate) => {
      const frequency = 0.3 * rate;
      const signal = tone(frequency, 16_000);
      const mixed = record(stream('a', signal, { blocks: 30, sampleRate: rate }), 600);
      let noise = 0;
      for (let sample = 960; sample < 28 * 960; sample++) noise += (mixed[sample]! - signal(sample / 48_000)) ** 2;
      const noisePower = noise / (27 * 960);
      expect(10 * Math.log10(16_000 ** 2 / 2 / noisePower)).toBeGreaterThan(60);
    },
  );

  test('stereo is averaged', () => {
    const arrivals = stream('a', () => 8000, { blocks: 10, channels: 2 });
    for (const { data } of arrivals) for (let index = 1; index < data.length; index += 2) data[index] = 4000;
    const mixed = record(arrivals, 200);
    expect(new Set(between(mixed, 20, 180))).toEqual(new Set([6000]));
  });

  test('a change of rate in mid-stream leaves no hole and keeps the tone', () => {
    const arrivals = [
      ...stream('a', tone(400, 16_000), { blocks: 25, sampleRate: 48_000 }),
      ...stream('a', tone(400, 16_000), { fromMs: 500, blocks: 25, sampleRate: 16_000, channels: 2 }),
    ];
    const mixed = record(arrivals, 1000);
    expect(longestSilenceMs(between(mixed, 20, 980), 8000)).toBeLessThan(2);
    expect(toneLevelDb(between(mixed, 600, 900), 48_000, 400)).toBeCloseTo(20 * Math.log10(16_000 / 32_768), 0);
  });

  test('fades in and out within 10 ms instead of clicking', () => {
    const mixed = record(
      stream('a', () => 20_000, { fromMs: 100, blocks: 10 }),
      500,
    );
    expect(steepest(mixed)).toBeLessThan(60);
    expect(peak(between(mixed, 111, 288))).toBe(20_000);
  });

  test('after a mute goes on where he arrives', () => {
    const arrivals = stream('a', () => 10_000, { blocks: 100, lost: (block) => block >= 30 && block < 60 });
    const mixed = record(arrivals, 2000);
    expect(peak(between(mixed, 600, 1200))).toBe(0);
    expect(mixed[1212 * 48]).toBe(10_000);
    expect(longestSilenceMs(mixed, 0)).toBeGreaterThan(598);
    expect(longestSilenceMs(mixed, 0)).toBeLessThan(604);
  });

  test('who is not active is not heard; who was is heard up to the moment he was taken out', () => {
    const mixer = new AudioMixer(soundKernel);
    mixer.setActive(['a']);
    const levels: number[] = [];
    for (let block = 0; block < 40; block++) {
      if (block === 20) mixer.setActive([]);
      mixer.push('a', { data: new Int16Array(960).fill(5000), sampleRate: 48_000, channels: 1 }, block * 20);
      mixer.push('b', { data: new Int16Array(960).fill(9000), sampleRate: 48_000, channels: 1 }, block * 20);
      if (block >= 11) {
        levels.push(peak(mixer.mix(block - 11)));
        if (block === 15) expect(mixer.rms('a')).toBeCloseTo(5000 / 32_768, 3);
      }
    }
    expect(levels.slice(0, 20)).toEqual(new Array(20).fill(5000));
    expect(levels.slice(20)).toEqual(new Array(9).fill(0));
    expect(mixer.rms('b')).toBe(0);
  });
});

describe('lost sound', () => {
  test.each([3, 5, 8, 9, 12])('%i lost blocks are silence exactly there and nothing moves', (lostBlocks) => {
    const first = 50;
    // A ramp tells for every sample which one it was.
    const signal = (seconds: number) => 1000 + seconds * 10_000;
    const mixed = record(
      stream('a', signal, {
        blocks: 100,
        lost: (block) => block >= first && block < first + lostBlocks,
        lateMs: (block) => (block * 7) % 4,
      }),
      2000,
    );
    const holeMs = first * 20;
    const afterMs = (first + lostBlocks) * 20;
    expect(peak(between(mixed, holeMs + 4, afterMs - 1))).toBe(0);
    for (const ms of [20, holeMs - 15, afterMs + 15, 1900]) {
      const placedMs = ((mixed[ms * 48]! - 1000) / 10_000) * 1000;
      expect(Math.abs(placedMs - ms)).toBeLessThan(4);
    }
  });

  test.each([60, 120, 180])('a stall of %i ms that ends in a burst loses nothing', (stallMs) => {
    const signal = (seconds: number) => 1000 + seconds * 10_000;
    const from = 1000;
    const arrivals = stream('a', signal, {
      blocks: 100,
      lateMs: (block) => Math.max(0, stallMs - Math.max(0, block * 20 - from)) * Number(block * 20 >= from),
    });
    const mixed = record(arrivals, 2000);
    expect(firstDifference(between(mixed, 10, 1980), exact(signal, 10, 1980))).toBe(-1);
  });

  test('a rough beginning, where every block but the first is late, is no loss', () => {
    const signal = (seconds: number) => 1000 + seconds * 10_000;
    const late = [0, 100, 90, 70, 60, 50, 45, 50, 45, 45, 25, 5];
    const mixed = record(stream('a', signal, { blocks: 50, lateMs: (block) => late[block] ?? 0 }), 1000);
    expect(firstDifference(between(mixed, 10, 980), exact(signal, 10, 980))).toBe(-1);
  });

  test('a stall longer than the delay costs what came too late and no more', () => {
    const signal = (seconds: number) => 1000 + seconds * 10_000;
    const arrivals = stream('a', signal, {
      blocks: 100,
      lateMs: (block) => (block < 50 ? 0 : Math.max(0, 500 - (block - 50) * 20)),
    });
    const mixed = record(arrivals, 2000);
    expect(longestSilenceMs(mixed, 0)).toBeGreaterThan(270);
    expect(longestSilenceMs(mixed, 0)).toBeLessThan(310);
    for (const ms of [900, 1330, 1900]) expect(mixed[ms * 48]).toBe(Math.round(signal(ms / 1000)));
  });
});

describe('jitter and clocks', () => {
  /** Lateness 0…150 ms per block, from a small generator so that a counterexample is two numbers. */
  function jitterOf(seed: number, kind: 'uniform' | 'rare' | 'calm'): (block: number) => number {
    let state = seed;
    const random = () => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return state / 2 ** 32;
    };
    const late = Array.from({ length: 600 }, () => {
      if (kind === 'uniform') return random() * 150;
      if (kind === 'rare') return random() < 0.1 ? 150 * random() : 3 * random();
      return random() * 20;
    });
    return (block) => late[block]!;
  }

  test('jitter up to 150 ms leaves no gap and keeps the tone', () => {
    fc.assert(
      fc.property(fc.nat(1e9), fc.constantFrom('uniform', 'rare', 'calm'), (seed, kind) => {
        const arrivals = stream('a', tone(500, 16_000), { fromMs: 200, blocks: 600, lateMs: jitterOf(seed, kind) });
        const mixed = record(arrivals, 12_200);
        // From where the first block can have been placed to where sound ends.
        const heard = between(mixed, 380, 12_150);
        expect(longestSilenceMs(heard, 1000)).toBeLessThan(25);
        // Where sound was left out to come back into step, the two ends may cancel each other in one window.
        let weak = 0;
        for (let ms = 0; ms + 100 < 11_700; ms += 100)
          weak += Number(toneLevelDb(between(heard, ms, ms + 100), 48_000, 500) < -7.5);
        expect(weak).toBeLessThanOrEqual(2);
      }),
      { numRuns: 12 },
    );
  });

  test.each([200, -200])('a sender whose clock is off by %i ppm stays within 15 ms for ten minutes', (ppm) => {
    // One impulse per second of the sender's time, in a stream of otherwise plain sound.
    const periodMs = 20 * (1 + ppm / 1e6);
    const seconds = 600;
    const mixer = new AudioMixer(soundKernel);
    mixer.setActive(['a']);
    const plain = new Int16Array(960).fill(100);
    const marked = plain.slice();
    marked[0] = 20_000;
    let pushed = 0;
    let marks = 0;
    let worstMs = 0;
    for (let block = 0; block < seconds * 50; block++) {
      const dueMs = (block + 1) * 20 + MIXING_DELAY_MS;
      // Callbacks come up to 8 ms late in a fixed pattern.
      for (; pushed * periodMs + ((pushed * 37) % 9) <= dueMs; pushed++) {
        const data = pushed % 50 === 25 ? marked : plain;
        mixer.push('a', { data, sampleRate: 48_000, channels: 1 }, pushed * periodMs + ((pushed * 37) % 9));
      }
      const mixed = mixer.mix(block);
      const at = mixed.findIndex((sample) => sample > 8000);
      if (at < 0) continue;
      const placedMs = block * 20 + at / 48;
      worstMs = Math.max(worstMs, Math.abs(placedMs - (marks * 50 + 25) * periodMs));
      marks++;
    }
    expect(marks).toBeGreaterThanOrEqual(seconds - 1);
    expect(worstMs).toBeLessThan(15);
  });

  test('correcting the speed keeps a tone clean', () => {
    const mixed = record(
      stream('a', tone(1000, 16_000), { blocks: 750, lateMs: (block) => (block < 20 ? 30 : 0) }),
      15_000,
    );
    // Windows so long that a tenth of a percent of pitch would fall out of the measuring filter.
    for (let ms = 100; ms < 14_000; ms += 900) {
      const level = toneLevelDb(between(mixed, ms, ms + 900), 48_000, 1000);
      expect(Math.abs(level - 20 * Math.log10(16_000 / 32_768)), `level from ${ms} ms on`).toBeLessThan(1);
    }
    expect(longestSilenceMs(between(mixed, 60, 14_900), 4000)).toBeLessThan(2);
    expect(steepest(mixed)).toBeLessThan(16_000 * 2 * Math.PI * (1000 / 48_000) * 1.05);
  });

  test('a stretch of the timeline may be left out, and time may begin late', () => {
    const mixer = new AudioMixer(soundKernel);
    mixer.setActive(['a']);
    const push = (block: number) =>
      mixer.push('a', { data: new Int16Array(960).fill(7000), sampleRate: 48_000, channels: 1 }, block * 20);
    for (let block = 100_000; block < 100_012; block++) push(block);
    expect(peak(mixer.mix(100_001))).toBe(7000);
    for (let block = 100_400; block < 100_412; block++) push(block);
    expect(mixer.mix(100_401).at(-1)).toBe(7000);
  });
});

describe('several talkers', () => {
  const frequencies = [300, 420, 610, 830, 1150, 1570];

  test('every tone is in the sum at its level', () => {
    const arrivals = frequencies.flatMap((hz, index) =>
      stream(`u${index}`, tone(hz, 4000), { blocks: 100, lateMs: (block) => (block * (index + 3)) % 7 }),
    );
    const mixed = record(arrivals, 2000);
    for (const hz of frequencies) {
      const level = toneLevelDb(between(mixed, 500, 1500), 48_000, hz);
      expect(Math.abs(level - 20 * Math.log10(4000 / 32_768))).toBeLessThan(1);
    }
    expect(toneLevelDb(between(mixed, 500, 1500), 48_000, 1000)).toBeLessThan(-70);
  });

  test('six at full scale stay 2.5 dB below it without clipping', () => {
    const arrivals = frequencies.flatMap((hz, index) =>
      stream(`u${index}`, tone(hz, FULL), { fromMs: index * 100, blocks: 100 }),
    );
    const mixed = record(arrivals, 2600);
    expect(peak(between(mixed, 110, 2000))).toBeLessThanOrEqual(24_573);
    expect(peak(between(mixed, 1000, 2000))).toBeGreaterThan(22_000);
    // Clipping would add products of the tones; the strongest between 1200 and 1500 Hz would be 1160+300 and the like.
    expect(toneLevelDb(between(mixed, 1000, 2000), 48_000, 1360)).toBeLessThan(-45);
    // Equal tones stay equal under one gain.
    const levels = frequencies.map((hz) => toneLevelDb(between(mixed, 1000, 2000), 48_000, hz));
    expect(Math.max(...levels) - Math.min(...levels)).toBeLessThan(1);
  });

  test('a loud and a silent participant are one talker', () => {
    const signal = tone(440, FULL);
    const mixed = record([...stream('a', signal, { blocks: 30 }), ...stream('b', () => 1, { blocks: 30 })], 500);
    expect(peak(mixed)).toBe(FULL);
  });
});
