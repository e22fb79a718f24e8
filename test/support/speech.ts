import { BLOCK_SAMPLES, SAMPLE_RATE } from './flash-and-beep.ts';

/**
 * Sound with the measures of talk: a gliding pitch with overtones, syllables of all loudnesses, hisses, pauses between sentences, and
 * peaks some 18 dB above its loudness. The same at every call.
 */
export function* speechBlocks(seconds: number, peak: number): Generator<Int16Array> {
  let seed = 7;
  const random = (): number => {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
    return seed / 2 ** 32;
  };
  const SYLLABLE_SAMPLES = SAMPLE_RATE / 5;
  let syllable = { loudness: 0, pitchHz: 120, hiss: 0 };
  let phase = 0;
  for (let block = 0; block < (seconds * SAMPLE_RATE) / BLOCK_SAMPLES; block += 1) {
    const pcm = new Int16Array(BLOCK_SAMPLES);
    for (let index = 0; index < BLOCK_SAMPLES; index += 1) {
      const sample = block * BLOCK_SAMPLES + index;
      const at = sample % SYLLABLE_SAMPLES;
      if (at === 0) {
        const isPause = sample % (SAMPLE_RATE * 4) > SAMPLE_RATE * 3;
        const loudness = isPause ? 0 : 0.3 + 0.7 * random() ** 2;
        syllable = { loudness, pitchHz: 100 + 60 * random(), hiss: random() < 0.3 ? 0.6 : 0.05 };
      }
      phase += (2 * Math.PI * syllable.pitchHz) / SAMPLE_RATE;
      const shape = Math.sin((Math.PI * at) / SYLLABLE_SAMPLES) ** 2;
      let voice = 0;
      for (let overtone = 1; overtone <= 12; overtone += 1)
        voice += Math.sin(phase * overtone + overtone * overtone) / (2 + overtone);
      pcm[index] = Math.round(
        peak * 32_767 * syllable.loudness * shape * (voice + syllable.hiss * (random() - 0.5)) * 0.75,
      );
    }
    yield pcm;
  }
}
