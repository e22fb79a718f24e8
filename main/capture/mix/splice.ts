/** Length of the cross-fade at a splice, in samples at 48 kHz: 10 ms. */
export const SPLICE_SAMPLES = 480;
/** How far from the wanted place a better one is looked for, in samples: 6 ms, half a period of the deepest voices. */
export const SPLICE_REACH = 288;

/** Step of the rough search, in samples: a sixth of a millisecond is a small part of a voice's period. */
const ROUGH_STEP = 8;

/**
 * Finds where, within `SPLICE_REACH` of `wanted`, sound goes on most like it does at `from`, and fades from the one into the other: the
 * `SPLICE_SAMPLES` from the returned place on are overwritten. Left out or repeated like that, a stretch of sound is hardly heard.
 * @param ring samples by number modulo the ring's length; `from`, and everything from `least` to `most`, with `SPLICE_SAMPLES` behind it
 * @returns the number of the sample to go on with
 */
export function splice(ring: Float32Array, from: number, wanted: number, least: number, most: number): number {
  const low = Math.max(least, wanted - SPLICE_REACH);
  const high = Math.min(most, wanted + SPLICE_REACH);
  const rough = bestLikeness(ring, from, low, high, ROUGH_STEP, wanted);
  const around = [Math.max(low, rough - ROUGH_STEP), Math.min(high, rough + ROUGH_STEP)] as const;
  const place = bestLikeness(ring, from, ...around, 1, rough);
  const size = ring.length;
  const faded = new Float32Array(SPLICE_SAMPLES);
  for (let index = 0; index < SPLICE_SAMPLES; index++) {
    const weight = (index + 0.5) / SPLICE_SAMPLES;
    faded[index] = ring[(from + index) % size]! * (1 - weight) + ring[(place + index) % size]! * weight;
  }
  for (let index = 0; index < SPLICE_SAMPLES; index++) ring[(place + index) % size] = faded[index]!;
  return place;
}

/** The place between two others whose sound is most like that at `from`; `preferred` when all is silence. */
function bestLikeness(
  ring: Float32Array,
  from: number,
  low: number,
  high: number,
  step: number,
  preferred: number,
): number {
  const size = ring.length;
  let best = Math.max(low, Math.min(high, preferred));
  let most = 0;
  for (let place = low; place <= high; place += step) {
    let product = 0;
    let square = 1;
    for (let index = 0; index < SPLICE_SAMPLES; index += 2) {
      const sample = ring[(place + index) % size]!;
      product += sample * ring[(from + index) % size]!;
      square += sample * sample;
    }
    const likeness = product / Math.sqrt(square);
    if (likeness > most) {
      most = likeness;
      best = place;
    }
  }
  return best;
}
