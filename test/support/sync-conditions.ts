import fc from 'fast-check';
import { calmSender, type JitterPlan, type SenderPlan } from './simulated-senders.ts';

/** Flashes of six participants come in turn, so far apart that no beep is taken for another's. */
export const SLOT_MS = 800;
export const PARTICIPANTS = 6;
/** A little more than a round of turns, so that flashes fall on every part of a tick: otherwise what is measured would be that part. */
export const FLASH_PERIOD_MS = PARTICIPANTS * SLOT_MS + 37;

export const JITTER_KINDS = ['uniform', 'spiky', 'waves', 'tail'] as const satisfies readonly JitterPlan['kind'][];
const SAMPLE_RATES = [16_000, 24_000, 32_000, 44_100, 48_000] as const;
const FRAME_RATES = [5, 8, 10, 15, 20, 24, 25, 30, 50, 60] as const;

/** Flash turn of participant `index` who enters at `startMs`, the first one second after everybody is there. */
export function turn(index: number, startMs: number): Pick<SenderPlan, 'flashPeriodMs' | 'flashPhaseMs' | 'startMs'> {
  return { startMs, flashPeriodMs: FLASH_PERIOD_MS, flashPhaseMs: 2000 + index * SLOT_MS - startMs };
}

/** Six participants whose cameras, microphones and clocks differ, as their makers meant them: no jitter, clocks within ±100 ppm. */
export function constantSenders(
  fpsOf: (index: number) => number = (index) => [15, 24, 30, 25, 15, 30][index]!,
): SenderPlan[] {
  const ppm = [-100, 63, -37, 100, 12, -71];
  return ppm.map((clockPpm, index) => {
    const calm = calmSender(`user_${index}`);
    return {
      ...calm,
      ...turn(index, 100 + 83 * index),
      seed: 10 * index,
      clockPpm,
      video: { ...calm.video, fps: fpsOf(index) },
    };
  });
}

function jitter(mostMs: number): fc.Arbitrary<JitterPlan> {
  return fc.record({ kind: fc.constantFrom(...JITTER_KINDS), maxMs: fc.integer({ min: 0, max: mostMs }) });
}

/**
 * Six participants as bad as they may come: jitter up to 150 ms, clocks off by up to ±200 ppm, all sample and picture rates, mono and
 * stereo, lost blocks, stalls that end in bursts, and ways that become longer or shorter for good.
 * @param jitterOf `line`: a participant's pictures and sound suffer the same kind and size of jitter, each by its own dice, because they
 * come the same way; `stream`: not even that
 */
export function roughSenders(durationMs: number, jitterOf: 'line' | 'stream' = 'line'): fc.Arbitrary<SenderPlan[]> {
  const senders = Array.from({ length: PARTICIPANTS }, (_, index) => roughSender(index, durationMs, jitterOf));
  return fc.tuple(...senders);
}

function roughSender(index: number, durationMs: number, jitterOf: 'line' | 'stream'): fc.Arbitrary<SenderPlan> {
  const at = fc.integer({ min: 3000, max: durationMs });
  const drawn = fc.record({
    seed: fc.nat(1e9),
    startMs: fc.integer({ min: 0, max: 1000 }),
    clockPpm: fc.integer({ min: -200, max: 200 }),
    sampleRate: fc.constantFrom(...SAMPLE_RATES),
    channels: fc.constantFrom<1 | 2>(1, 2),
    lostShare: fc.constantFrom(0, 0, 0.001, 0.01),
    fps: fc.constantFrom(...FRAME_RATES),
    jitters: fc.tuple(jitter(150), jitter(150)),
    stalls: fc.array(fc.record({ atMs: at, durationMs: fc.integer({ min: 40, max: 600 }) }), { maxLength: 3 }),
    steps: fc.array(fc.record({ atMs: at, shiftMs: fc.integer({ min: -100, max: 100 }) }), { maxLength: 2 }),
  });
  return drawn.map(({ seed, startMs, clockPpm, sampleRate, channels, lostShare, fps, jitters, stalls, steps }) => ({
    ...turn(index, startMs),
    userId: `user_${index}`,
    seed,
    clockPpm,
    audio: { sampleRate, channels, lostShare, jitter: jitters[0] },
    video: { fps, jitter: jitterOf === 'line' ? jitters[0] : jitters[1] },
    stalls,
    steps,
    sound: null,
  }));
}
