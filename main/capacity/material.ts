import { BLOCK_SAMPLES } from '../capture/mix/audio-mixer.ts';
import type { I420Frame, PcmBlock } from '../capture/mix/types.ts';

/** Size of the pictures that most rooms send. */
const SIZE = { width: 640, height: 360 };
/** A person moves to and fro once in so many pictures. */
const LOOP_PICTURES = 15;
const SAMPLE_RATE = 48_000;
/** With so much of it, an encoder needs as long as for the clips of people that the benchmark records. */
const NOISE = 20;

/**
 * Pictures of a "person in front of a camera": a still background with detail, something in front of it that moves a little, and the noise
 * of a sensor. To an encoder they are as much work as people are. The same at each call.
 */
export function person(index: number): I420Frame[] {
  const { width, height } = SIZE;
  const noise = noiseOf(index + 1);
  return Array.from({ length: LOOP_PICTURES }, (_, at) => {
    const data = new Uint8Array((width * height * 3) / 2);
    const turn = (2 * Math.PI * at) / LOOP_PICTURES;
    const head = { x: width / 2 + 14 * Math.sin(turn), y: height * 0.55 + 5 * Math.cos(turn), radius: height * 0.33 };
    for (let y = 0; y < height; y += 1) {
      for (let x = 0; x < width; x += 1) {
        const [dx, dy] = [x - head.x, y - head.y];
        const isHead = dx * dx * 1.4 + dy * dy < head.radius * head.radius;
        const light = isHead
          ? 140 + 30 * Math.sin(dx / 9) * Math.cos(dy / 13)
          : 90 + 40 * Math.sin((x + 31 * index) / 23) * Math.sin(y / 17) + (((x >> 4) + (y >> 5)) % 2) * 18;
        data[y * width + x] = light + (noise() % NOISE);
      }
    }
    for (let place = width * height; place < data.length; place += 1) data[place] = 120 + (noise() % 4);
    return { data, width, height, rotation: 0 };
  });
}

/** 20 ms of a voice: a tone that swells and rests like speech. */
export function voice(index: number, block: number): PcmBlock {
  const from = block * BLOCK_SAMPLES;
  const data = Int16Array.from({ length: BLOCK_SAMPLES }, (_, at) => {
    const seconds = (from + at) / SAMPLE_RATE;
    const swell = Math.max(0, Math.sin(2 * Math.PI * (2 + index / 3) * seconds));
    const pitch = 2 * Math.PI * (110 + 25 * index) * seconds;
    return 5000 * swell * (Math.sin(pitch) + 0.5 * Math.sin(3.1 * pitch) + 0.3 * Math.sin(9.7 * pitch));
  });
  return { data, sampleRate: SAMPLE_RATE, channels: 1 };
}

/** The same sequence of numbers for the same seed. */
function noiseOf(seed: number): () => number {
  let state = seed * 2_654_435_761;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state >>> 16;
  };
}
