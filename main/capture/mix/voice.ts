import { Arrivals } from './arrivals.ts';
import type { SoundKernel } from './kernel/sound-kernel.ts';
import { MIX_RATE, RateConverter } from './rate-converter.ts';
import { SINC_REACH, SINC_TAPS, sincAt } from './sinc.ts';
import { SPLICE_SAMPLES, splice } from './splice.ts';
import type { PcmBlock } from './types.ts';

/** Samples kept per participant: 2.7 s at 48 kHz. */
const RING = 1 << 17;
/** Fade in and out at every beginning and end, in samples: 10 ms. */
const FADE = 480;
/** The speed is corrected from this misplacement on, in samples: 3 ms. */
const CORRECT_FROM = 144;
/** … until it is below this: half a millisecond. */
const CORRECT_TO = 24;
/** From this misplacement on, sound is left out or repeated instead, in samples: 15 ms. */
const SPLICE_FROM = 720;
/** No more than this is repeated at a time, in samples: 40 ms. More would be heard as a stutter. */
const MOST_REPEATED = 1920;
/** Sound between two such splices, in samples: 200 ms. */
const SPLICE_PAUSE = 9600;
/** Sound that lies this much too early is ended and placed anew, in samples: 120 ms. */
const REPLACE_FROM = 5760;
/**
 * At most one sample in so many is added or left out: 0.05 %, twice what the worst clocks need and too little to be heard as another
 * pitch.
 */
const CORRECTION_LIMIT = 2000;

/**
 * One participant's sound on its way to the mix: placed on the timeline by arrival, silence where nothing came. Placing happens when
 * the sound is mixed, not when it comes: by then 200 ms of later arrivals tell a late burst from lost sound, and a first block
 * that came late from the beginning of a sentence.
 *
 * While it plays, the stream lies on the timeline in one piece. A misplacement up to 15 ms is corrected by playing single samples more
 * or less, a larger one by leaving out or repeating a stretch between two places that sound alike. Only a stream that lies more than
 * 120 ms too early is ended and placed anew.
 */
export class Voice {
  readonly #kernel: SoundKernel;
  /** Samples by number in the stream modulo `RING`, 48 kHz mono in 16-bit units. */
  readonly #ring = new Float32Array(RING);
  readonly #arrivals = new Arrivals();
  /** Number of the next sample to be written and of the next one to be played. */
  #written = 0;
  #cursor = 0;
  #playing = false;
  /** Number of the first sample of the piece that plays. */
  #pieceStart = 0;
  #correcting = false;
  /** Samples played since one was added or left out. */
  #sinceCorrection = 0;
  /** Samples played since the last splice. */
  #sinceSplice = SPLICE_PAUSE;
  /** Present gain of the fades, 0…1. */
  #gain = 0;
  /** Where the piece that plays was told to end; Infinity when it was not. */
  #endAt = Number.POSITIVE_INFINITY;
  #converter: RateConverter | null = null;
  /** Stream number of the converter's first sample. */
  #converterStart = 0;
  #mono = new Float32Array(0);
  #converted = new Float32Array(1024);
  #peak = 0;
  #energy = 0;
  /** The highest `energy` that whoever renders has noted. */
  loudestEnergy = 0;

  constructor(kernel: SoundKernel) {
    this.#kernel = kernel;
  }

  /** Highest level in the samples rendered last, in 16-bit units. */
  get peak(): number {
    return this.#peak;
  }

  /** Sum of squares of the samples rendered last, in 16-bit units. */
  get energy(): number {
    return this.#energy;
  }

  /** Nothing plays and nothing waits to be played. */
  get isDrained(): boolean {
    return !this.#playing && this.#cursor >= this.#written;
  }

  /** Takes over a block that arrived at `arrivalMs` on the timeline. */
  push(block: PcmBlock, arrivalMs: number): void {
    const count = Math.floor(block.data.length / block.channels);
    if (count === 0) return;
    const converter = this.#converterFor(block.sampleRate);
    this.#arrivals.add(this.#converterStart + converter.inputPosition, (arrivalMs * MIX_RATE) / 1000);
    this.#convert(converter, this.#toMono(block, count));
    if (this.#written - this.#cursor > RING - SINC_TAPS) {
      // The mix stands still: the oldest sound is lost, the rest is placed anew.
      this.#playing = false;
      this.#cursor = this.#written - RING / 2;
    }
  }

  /** Stops playing at once; what waits is placed anew. For a jump of the timeline. */
  interrupt(): void {
    this.#playing = false;
  }

  /**
   * Adds `count` samples for the timeline from sample number `at` on to the kernel's `sum`. Calls follow each other without gap or
   * overlap.
   */
  render(at: number, count: number): void {
    this.#peak = 0;
    this.#energy = 0;
    let done = 0;
    while (done < count) {
      if (this.#playing) {
        done += this.#play(at + done, done, count - done);
      } else {
        const silence = this.#start(at + done, count - done);
        if (silence === null) return;
        done += silence;
      }
    }
  }

  #converterFor(sampleRate: number): RateConverter {
    const old = this.#converter;
    if (old !== null && old.sampleRate === sampleRate && !this.isDrained) return old;
    // A new filter: after a pause the old one would smear the end before it into the beginning after it.
    const converter = new RateConverter(sampleRate, this.#kernel);
    if (this.isDrained) {
      this.#arrivals.restart();
      this.#cursor = this.#written;
    } else if (old !== null) {
      this.#convert(old, new Float32Array(SINC_REACH));
    }
    this.#converter = converter;
    this.#converterStart = this.#written;
    return converter;
  }

  #toMono({ data, channels }: PcmBlock, count: number): Float32Array | Int16Array {
    if (channels === 1) return data;
    if (this.#mono.length !== count) this.#mono = new Float32Array(count);
    const mono = this.#mono;
    for (let index = 0; index < count; index++) mono[index] = (data[2 * index]! + data[2 * index + 1]!) / 2;
    return mono;
  }

  #convert(converter: RateConverter, mono: Float32Array | Int16Array): void {
    const room = converter.maxOutput(mono.length);
    if (this.#converted.length < room) this.#converted = new Float32Array(room);
    const made = converter.convert(mono, this.#converted);
    const place = this.#written % RING;
    const toEnd = Math.min(made, RING - place);
    this.#ring.set(this.#converted.subarray(0, toEnd), place);
    if (toEnd < made) this.#ring.set(this.#converted.subarray(toEnd, made), 0);
    this.#written += made;
  }

  /** Places what waits. @returns samples of silence before it begins, or null when that is not within `room` */
  #start(at: number, room: number): number | null {
    let beginsAt = 0;
    for (;;) {
      if (this.#cursor >= this.#written) return null;
      const placement = this.#arrivals.expectedDelay();
      beginsAt = Math.round(placement + this.#cursor);
      if (beginsAt >= at + room) return null;
      if (beginsAt >= at) break;
      // Too late for its place; what follows still belongs where it belongs, which after a hole is somewhere else.
      const skipped = Math.min(this.#written - this.#cursor, at - beginsAt);
      const hole = this.#arrivals.findHole(this.#cursor, skipped, placement);
      this.#cursor = hole === null ? this.#cursor + skipped : hole.start;
      if (hole !== null) this.#arrivals.restartAt(hole.block);
    }
    this.#playing = true;
    this.#pieceStart = this.#cursor;
    this.#correcting = false;
    this.#gain = 0;
    this.#endAt = Number.POSITIVE_INFINITY;
    return beginsAt - at;
  }

  /** Plays until the piece ends or `room` samples have been added from `offset` on. @returns samples played */
  #play(at: number, offset: number, room: number): number {
    this.#sinceSplice += room;
    // Positive: the stream lies too early and has to be played slower.
    const misplaced = this.#spliceNearer(this.#arrivals.expectedDelay() - (at - this.#cursor));
    const placement = at - this.#cursor;
    if (misplaced > REPLACE_FROM) this.#endAt = Math.min(this.#endAt, this.#cursor + FADE);
    const correction = this.#endAt === Number.POSITIVE_INFINITY ? this.#correction(misplaced, room) : 0;
    const wanted = room - correction;
    const hole = this.#arrivals.findHole(this.#cursor, wanted + FADE, placement);
    let end = Math.min(this.#endAt, hole?.start ?? Number.POSITIVE_INFINITY);
    if (this.#written < this.#cursor + wanted + FADE) end = Math.min(end, this.#written);
    if (end >= this.#cursor + wanted) {
      this.#take(wanted, room);
      this.#add(offset, room, end);
      this.#cursor += wanted;
      return room;
    }
    const rest = end - this.#cursor;
    this.#take(rest, rest);
    this.#add(offset, rest, end);
    this.#cursor = end;
    this.#playing = false;
    if (hole !== null && hole.start === end) this.#arrivals.restartAt(hole.block);
    return rest;
  }

  /** Brings a stream that lies far from its place nearer, where that can be done unheard. @returns how far from it the stream lies now */
  #spliceNearer(misplaced: number): number {
    const distance = Math.abs(misplaced);
    if (distance < SPLICE_FROM || misplaced > MOST_REPEATED || this.#endAt !== Number.POSITIVE_INFINITY)
      return misplaced;
    const from = this.#cursor;
    const least = Math.max(this.#pieceStart, this.#written - RING + SPLICE_SAMPLES);
    const most = this.#written - SPLICE_SAMPLES;
    const wanted = from - Math.round(Math.min(misplaced, MOST_REPEATED));
    if (from > most || wanted < least || wanted > most) return misplaced;
    const [low, high] = misplaced > 0 ? [least, Math.min(most, from - 1)] : [Math.max(least, from + 1), most];
    this.#cursor = splice(this.#ring, from, wanted, low, high);
    // What lies before the new place is not what was played before it: no interpolating across that.
    this.#sinceCorrection = 0;
    this.#sinceSplice = 0;
    return misplaced + this.#cursor - from;
  }

  /** Samples to leave out of (positive) or to add to a chunk of `room`: one at a time. */
  #correction(misplaced: number, room: number): number {
    const distance = Math.abs(misplaced);
    this.#correcting = distance > (this.#correcting ? CORRECT_TO : CORRECT_FROM);
    this.#sinceCorrection += room;
    if (!this.#correcting || this.#sinceCorrection < CORRECTION_LIMIT) return 0;
    this.#sinceCorrection = 0;
    return Math.sign(misplaced);
  }

  /** Puts the next `source` samples, stretched or squeezed to `length`, into the kernel's `sound`. */
  #take(source: number, length: number): void {
    const out = this.#kernel.scratch.sound;
    if (source === length) {
      const place = this.#cursor % RING;
      const toEnd = Math.min(length, RING - place);
      out.set(this.#ring.subarray(place, place + toEnd));
      if (toEnd < length) out.set(this.#ring.subarray(0, length - toEnd), toEnd);
      return;
    }
    const window = new Float32Array(source + SINC_TAPS);
    const first = this.#cursor - (SINC_REACH - 1);
    let isSilent = true;
    for (let index = 0; index < window.length; index++) {
      const number = first + index;
      if (number < 0 || number >= this.#written) continue;
      const sample = this.#ring[number % RING]!;
      window[index] = sample;
      isSilent &&= sample === 0;
    }
    if (isSilent) {
      out.fill(0, 0, length);
      return;
    }
    for (let index = 0; index < length; index++) {
      const place = (index * source) / length;
      const whole = Math.floor(place);
      out[index] = sincAt(window, whole, place - whole);
    }
  }

  /** Adds what `#take` gave under the fades: in from the present gain, out towards stream position `end`. */
  #add(offset: number, count: number, end: number): void {
    const toEnd = end - this.#cursor;
    if (this.#gain < 1 || toEnd < count + FADE) this.#fade(count, toEnd);
    this.#peak = Math.max(this.#peak, this.#kernel.highest('sound', 0, count));
    this.#energy += this.#kernel.add(count, offset);
  }

  #fade(count: number, toEnd: number): void {
    const { sound } = this.#kernel.scratch;
    let gain = this.#gain;
    for (let index = 0; index < count; index++) {
      gain = Math.min(1, gain + 1 / FADE, Math.max(0, (toEnd - index) / FADE));
      if (gain < 1) sound[index]! *= gain;
    }
    this.#gain = gain;
  }
}
