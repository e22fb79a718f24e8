import { readFile } from 'node:fs/promises';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { AudioMixer } from '../audio-mixer.ts';
import { SINC_TAPS } from '../sinc.ts';
import { ATTACK, LOOK_AHEAD, PEAK_DELAY, type SoundFunctions, UNITY } from './sound.ts';
import { SoundKernel } from './sound-kernel.ts';
import { createReferenceSound } from './sound-reference.ts';

const WASM = new URL('../../../../resources/kernel/mix.wasm', import.meta.url);
let module: WebAssembly.Module;

beforeAll(async () => {
  module = await WebAssembly.compile(await readFile(WASM));
});

function compiled(): SoundFunctions {
  return new WebAssembly.Instance(module, {}).exports as unknown as SoundFunctions;
}

function reference(): SoundFunctions {
  return createReferenceSound(new WebAssembly.Memory({ initial: 1 }));
}

/** Places that are far enough from each other. */
const FIRST = 2048;
const SECOND = 16_384;
const THIRD = 24_576;
const FOURTH = 32_768;
const FIFTH = 40_960;
const LAST = 50_000;
/** Weights are what lies there: some of the sound. */
const WEIGHTS = FIRST + 4096;

/** Numbers of sound, and such as rounding does not like. */
const level = fc.oneof(
  fc.integer({ min: -32_768, max: 32_767 }),
  fc.double({ min: -250_000, max: 250_000, noNaN: true }),
  fc.constantFrom(0, 0.5, -0.5, 1.5, 32_767.5, -32_768.5),
);
const sound = fc.array(level, { minLength: 1, maxLength: 300 });

/**
 * Runs something on memory with the same contents every time.
 * @returns all of the memory, and what was answered
 */
function run(functions: SoundFunctions, values: readonly number[], work: (functions: SoundFunctions) => unknown) {
  const { buffer } = functions.memory;
  const line = new Float32Array(buffer, FIRST, (SECOND - FIRST) / 4);
  for (let index = 0; index < line.length; index++) line[index] = values[index % values.length]!;
  new Uint8Array(buffer, SECOND).fill(0x11);
  const answer = work(functions);
  return { answer, memory: new Uint8Array(buffer).slice() };
}

/** Both give the same answer and the same memory, but for three samples after the places named. */
function expectSame(
  values: readonly number[],
  ends: readonly number[],
  work: (functions: SoundFunctions) => unknown,
  kernels: { wasm: SoundFunctions; twin: SoundFunctions },
) {
  const actual = run(kernels.wasm, values, work);
  const expected = run(kernels.twin, values, work);
  for (const end of ends) for (const { memory } of [actual, expected]) memory.fill(0, end, end + 12);
  expect(actual.answer).toBe(expected.answer);
  expect(Buffer.compare(actual.memory, expected.memory)).toBe(0);
}

describe('the WebAssembly kernel equals the reference bit for bit', () => {
  let kernels: { wasm: SoundFunctions; twin: SoundFunctions };
  beforeAll(() => {
    kernels = { wasm: compiled(), twin: reference() };
  });

  test('converting', () => {
    const position = fc.record({ phases: fc.constantFrom(2, 3, 6, 20), step: fc.nat(19), phase: fc.nat(19) });
    fc.assert(
      fc.property(sound, position, fc.nat(200), (values, { phases, step, phase }, count) => {
        const work = ({ convert }: SoundFunctions) =>
          convert(FIRST, WEIGHTS, phases, 1 + (step % phases), phase % phases, count, SECOND);
        expectSame(values, [], work, kernels);
      }),
    );
  });

  test('the highest sample, the sum and 16-bit numbers', () => {
    fc.assert(
      fc.property(sound, fc.nat(500), fc.nat(3), (values, count, offset) => {
        const from = FIRST + 4 * offset;
        expectSame(values, [], ({ highest }) => highest(from, count), kernels);
        expectSame(values, [], ({ add }) => add(from, count, SECOND), kernels);
        expectSame(values, [], ({ toPcm }) => toPcm(from, count & ~3, SECOND), kernels);
      }),
    );
  });

  test('peaks between samples', () => {
    const weight = fc.double({ min: -1, max: 1, noNaN: true });
    const weights = fc.array(weight, { minLength: 3 * PEAK_DELAY, maxLength: 3 * PEAK_DELAY });
    fc.assert(
      fc.property(sound, weights, fc.nat(300), (values, pairs, count) => {
        expectSame(
          values,
          [SECOND + 4 * count],
          ({ memory, findPeaks }) => {
            new Float32Array(memory.buffer, THIRD, pairs.length).set(pairs);
            findPeaks(FIRST, THIRD, count, SECOND);
          },
          kernels,
        );
      }),
    );
  });

  test('limiting', () => {
    const gain = fc.oneof(fc.constant(UNITY), fc.integer({ min: 1, max: UNITY }));
    const gains = fc.array(gain, { minLength: 1, maxLength: 300 });
    const ceiling = fc.double({ min: 100, max: 40_000, noNaN: true });
    const peakCeiling = fc.oneof(ceiling, fc.constant(Number.POSITIVE_INFINITY));
    fc.assert(
      fc.property(sound, gains, ceiling, peakCeiling, fc.integer({ min: 1, max: 400 }), (values, held, ...rest) => {
        const [sampleCeiling, highestPeak, count] = rest;
        const after = 4 * (ATTACK + count);
        const work = ({ memory, highest, limit }: SoundFunctions) => {
          const table = (at: number) => new Int32Array(memory.buffer, at, ATTACK);
          for (let index = 0; index < ATTACK; index++) {
            table(SECOND)[index] = held[(index * 7) % held.length]!;
            table(THIRD)[index] = held[index % held.length]!;
          }
          const peaks = new Float32Array(memory.buffer, FIFTH, count);
          for (let index = 0; index < count; index++) peaks[index] = 1.3 * highest(FIRST + 4 * (ATTACK + index), 1);
          const sum = limit(FIRST, FIFTH, count, sampleCeiling, highestPeak, SECOND, FOURTH, THIRD, LAST);
          // What lies in the room for its own use is its own affair.
          new Uint8Array(memory.buffer, FOURTH, after + 12).fill(0);
          return sum;
        };
        expectSame(values, [SECOND + after, THIRD + after, LAST + 4 * count], work, kernels);
      }),
      { numRuns: 60 },
    );
  });

  test('a whole mix of several rates', () => {
    const [actual, expected] = [compiled(), reference()].map((functions) => mixes([new SoundKernel(functions)]));
    expect(Math.max(...actual!.flat())).toBeGreaterThan(20_000);
    expect(actual).toEqual(expected);
  });
});

/** Mixes talkers of several rates, on each kernel in turn, 20 ms at a time. @returns what each makes of them, with how loud it is */
function mixes(kernels: readonly SoundKernel[]): number[][] {
  const rates = [48_000, 16_000, 44_100];
  const mixers = kernels.map((kernel) => new AudioMixer(kernel));
  for (const mixer of mixers) mixer.setActive(rates.map(String));
  const mixed = mixers.map((): number[] => []);
  for (let block = 0; block < 50; block++) {
    for (const [index, mixer] of mixers.entries()) {
      for (const sampleRate of rates) {
        const data = Int16Array.from({ length: sampleRate / 50 }, (_, sample) => {
          const ms = block * 20 + (sample * 1000) / sampleRate;
          return (
            30_000 * Math.sin(ms * (1 + sampleRate / 48_000 + index)) * Math.max(0, Math.sin(ms / 70 + sampleRate))
          );
        });
        mixer.push(`${sampleRate}`, { data, sampleRate, channels: 1 }, block * 20 + ((block * 37) % 9));
      }
      if (block >= 11) mixed[index]!.push(...mixer.mix(block - 11), mixer.takeLoudest().mix);
    }
  }
  return mixed;
}

describe('SoundKernel', () => {
  test('one page is enough for all but the weights of the rates, which are kept once', () => {
    const functions = compiled();
    const kernel = new SoundKernel(functions);
    expect(functions.memory.buffer.byteLength).toBe(65_536);
    const before = [3, 160].map((phases) => kernel.weightsFor(phases));
    const size = functions.memory.buffer.byteLength;
    expect(size).toBe(3 * 65_536);
    expect([3, 160].map((phases) => kernel.weightsFor(phases))).toEqual(before);
    expect(functions.memory.buffer.byteLength).toBe(size);
  });

  test('mixers that share one do not hear each other', () => {
    const shared = new SoundKernel(compiled());
    const apart = [new SoundKernel(compiled()), new SoundKernel(compiled())];
    expect(mixes([shared, shared])).toEqual(mixes(apart));
  });

  test('goes on in the same places when a new rate makes it grow', () => {
    const kernel = new SoundKernel(compiled());
    const { line, pointWeights } = kernel.scratch;
    line.fill(1000);
    const weights = [...pointWeights];
    kernel.weightsFor(160);
    expect(line.length).toBe(0);
    expect(kernel.scratch.line[LOOK_AHEAD + SINC_TAPS]).toBe(1000);
    expect([...kernel.scratch.pointWeights]).toEqual(weights);
  });
});
