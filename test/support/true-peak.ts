const OVERSAMPLING = 8;
const REACH = 24;

/** A long windowed sinc per point between two samples. */
const WEIGHTS = Array.from({ length: OVERSAMPLING - 1 }, (_, index) => {
  const fraction = (index + 1) / OVERSAMPLING;
  return Float64Array.from({ length: 2 * REACH }, (__, tap) => {
    const distance = tap - (REACH - 1) - fraction;
    const place = distance / REACH;
    const window = 0.42 + 0.5 * Math.cos(Math.PI * place) + 0.08 * Math.cos(2 * Math.PI * place);
    return (Math.sin(Math.PI * distance) / (Math.PI * distance)) * window;
  });
});

/**
 * Highest level of sound, also between its samples, in dB below full scale (dBTP). Finer than what loudness meters have to do (eight
 * points per sample instead of four), and made otherwise than the limiter's own detector.
 * @param samples 16-bit samples, or floats of -1…1
 */
export function truePeakDb(samples: Int16Array | Float32Array): number {
  let peak = 1e-10;
  for (let index = 0; index < samples.length; index++) peak = Math.max(peak, Math.abs(samples[index]!));
  // Between quiet samples nothing can be higher than what is known already: no overshoot of a real sound doubles it.
  const floor = peak / 2.5;
  for (let index = REACH - 1; index + REACH < samples.length; index++) {
    if (Math.max(Math.abs(samples[index]!), Math.abs(samples[index + 1]!)) < floor) continue;
    for (const weights of WEIGHTS) {
      let sum = 0;
      for (let tap = 0; tap < 2 * REACH; tap++) sum += weights[tap]! * samples[index - REACH + 1 + tap]!;
      peak = Math.max(peak, Math.abs(sum));
    }
  }
  return 20 * Math.log10(peak / (samples instanceof Int16Array ? 32_768 : 1));
}
