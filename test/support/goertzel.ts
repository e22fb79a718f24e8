/**
 * Level of one tone in a stretch of sound, in dB relative to a full-scale sine (0 dB); silence is -200. A Hann window keeps other
 * tones out from about `3·sampleRate/samples.length` Hz away.
 * @param samples 16-bit samples, or floats of -1…1
 */
export function toneLevelDb(samples: Int16Array | Float32Array, sampleRate: number, frequencyHz: number): number {
  const count = samples.length;
  const coefficient = 2 * Math.cos((2 * Math.PI * frequencyHz) / sampleRate);
  let last = 0;
  let beforeLast = 0;
  let windowSum = 0;
  for (let index = 0; index < count; index++) {
    const window = 0.5 - 0.5 * Math.cos((2 * Math.PI * (index + 0.5)) / count);
    windowSum += window;
    const next = samples[index]! * window + coefficient * last - beforeLast;
    beforeLast = last;
    last = next;
  }
  const power = last * last + beforeLast * beforeLast - coefficient * last * beforeLast;
  const fullScale = samples instanceof Int16Array ? 32_768 : 1;
  const amplitude = (2 * Math.sqrt(Math.max(0, power))) / (windowSum * fullScale);
  return amplitude > 1e-10 ? 20 * Math.log10(amplitude) : -200;
}
