import { SINC_TAPS } from '../sinc.ts';
import { ATTACK, PEAK_DELAY, RELEASE_SAMPLES, type SoundFunctions, UNITY } from './sound.ts';

const { fround } = Math;

/** Four sums side by side, then the first and third, the second and fourth, and those two together. */
function addedUp(lanes: Float32Array): number {
  return fround(fround(lanes[0]! + lanes[2]!) + fround(lanes[1]! + lanes[3]!));
}

/**
 * The kernel's arithmetic on sound in plain TypeScript: the definition that the WebAssembly module must match bit for bit. For tests only.
 */
export function createReferenceSound(memory: WebAssembly.Memory): SoundFunctions {
  const floats = (pointer: number, length: number) => new Float32Array(memory.buffer, pointer, length);
  const integers = (pointer: number, length: number) => new Int32Array(memory.buffer, pointer, length);
  return {
    memory,

    convert(input, weights, phases, step, phase, count, output) {
      for (let index = 0; index < count; index++) {
        const place = phase + index * step;
        const samples = floats(input + 4 * Math.floor(place / phases), SINC_TAPS);
        const row = floats(weights + 4 * SINC_TAPS * (place % phases), SINC_TAPS);
        // What is added to -0 stays as it is, -0 as well.
        const lanes = new Float32Array(4).fill(-0);
        for (let tap = 0; tap < SINC_TAPS; tap++) lanes[tap & 3]! += fround(row[tap]! * samples[tap]!);
        floats(output, count)[index] = addedUp(lanes);
      }
    },

    highest: (samples, count) => floats(samples, count).reduce((most, sample) => Math.max(most, Math.abs(sample)), 0),

    findPeaks(line, weights, count, peaks) {
      const found = floats(peaks, count);
      const pairs = floats(weights, 3 * PEAK_DELAY);
      for (let index = 0; index < count; index++)
        found[index] = peakOf(floats(line + 4 * index, 2 * PEAK_DELAY), pairs);
    },

    limit(line, peaks, count, sampleCeiling, peakCeiling, needs, _lows, gains, output) {
      const samples = floats(line, ATTACK + count);
      const found = floats(peaks, count);
      const needed = integers(needs, ATTACK + count);
      const held = integers(gains, ATTACK + count);
      for (let index = 0; index < count; index++) {
        const bySample = fround(fround(sampleCeiling) / Math.abs(samples[ATTACK + index]!));
        const byPeak = fround(fround(peakCeiling) / found[index]!);
        needed[ATTACK + index] = Math.min(UNITY, Math.floor(Math.min(bySample, byPeak) * UNITY));
      }
      let sum = held.subarray(0, ATTACK).reduce((total, gain) => total + gain, 0);
      for (let index = 0; index < count; index++) {
        // Lowest gain needed by any sample from the one that leaves now to the newest, then released slowly.
        const lowest = Math.min(...needed.subarray(index, ATTACK + index + 1));
        const before = held[ATTACK + index - 1]!;
        const gain = Math.min(lowest, before + Math.ceil((UNITY - before) / RELEASE_SAMPLES));
        // Every gain in the average was held while the leaving sample was in the window: the average is low enough for it.
        sum += gain - held[index]!;
        held[ATTACK + index] = gain;
        floats(output, count)[index] = samples[index]! * fround(fround(sum) / (ATTACK * UNITY));
      }
      return sum;
    },

    add(samples, count, into) {
      const [added, sums] = [floats(samples, count), floats(into, count)];
      const lanes = new Float32Array(4);
      const whole = count & ~3;
      for (let index = 0; index < whole; index++) lanes[index & 3]! += fround(added[index]! ** 2);
      let energy = addedUp(lanes);
      for (let index = whole; index < count; index++) energy = fround(energy + fround(added[index]! ** 2));
      for (let index = 0; index < count; index++) sums[index]! += added[index]!;
      return energy;
    },

    toPcm(samples, count, pcm) {
      const numbers = new Int16Array(memory.buffer, pcm, count);
      const lanes = new Float32Array(4);
      for (const [index, sample] of floats(samples, count).entries()) {
        const level = Math.max(-32_768, Math.min(32_767, Math.floor(fround(sample + 0.5))));
        numbers[index] = level;
        lanes[index & 3]! += fround(level ** 2);
      }
      return addedUp(lanes);
    },
  };
}

/** Highest size of a window's sample before the middle and of the three points behind it; see `pointPairs`. */
function peakOf(window: Float32Array, pairs: Float32Array): number {
  // Of the middle point; of what the other two have in common; of what one has more and the other less.
  const sums = new Float32Array(3);
  for (let pair = 0; pair < PEAK_DELAY; pair++) {
    const [left, right] = [window[pair]!, window[2 * PEAK_DELAY - 1 - pair]!];
    sums[0]! += fround(pairs[3 * pair]! * fround(left + right));
    sums[1]! += fround(pairs[3 * pair + 1]! * fround(left + right));
    sums[2]! += fround(pairs[3 * pair + 2]! * fround(left - right));
  }
  const [middle, shared, difference] = sums.map(Math.abs);
  return Math.max(middle!, fround(shared! + difference!), Math.abs(window[PEAK_DELAY - 1]!));
}
