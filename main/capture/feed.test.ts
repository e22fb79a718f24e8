import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { soundKernel } from '../../test/support/sound-kernel.ts';
import { Feed, type MixSink } from './feed.ts';
import { AudioMixer } from './mix/audio-mixer.ts';
import { Compositor } from './mix/compositor.ts';
import { loadKernel } from './mix/kernel/load.ts';
import { AUDIO_BLOCK_MS, alignedStart, MIXING_DELAY_MS, Timeline } from './mix/timeline.ts';

const FPS = 15;
/** Pictures and sound blocks begin together this often. */
const STEP_MS = 200;
let compositor: Compositor;

beforeAll(async () => {
  compositor = new Compositor(await loadKernel(), { width: 16, height: 16, background: '#000000', fit: 'fit' });
});

interface Sink extends MixSink {
  pictures: number[];
  sound: { timestampNs: number; pcm: Int16Array }[];
  isSkipping: boolean;
}

function createSink(): Sink {
  const sink: Sink = {
    pictures: [],
    sound: [],
    isSkipping: false,
    writePicture(_, timestampNs) {
      if (sink.isSkipping) return 'skipped';
      sink.pictures.push(timestampNs);
      return 'written';
    },
    writeAudio: (pcm, timestampNs) => sink.sound.push({ timestampNs, pcm: pcm.slice() }),
  };
  return sink;
}

function timelineAt(positionMs: number): Timeline {
  const { firstTick, firstBlock } = alignedStart(FPS, positionMs);
  return new Timeline({ fps: FPS, t0Ms: 0, firstTick, firstBlock });
}

/** A participant whose every sample is different, up to a moment. */
function talker(mixer: AudioMixer): { until(timelineMs: number): void } {
  mixer.setActive(['a']);
  let block = 0;
  return {
    until(timelineMs) {
      for (; block * AUDIO_BLOCK_MS <= timelineMs; block += 1) {
        const data = Int16Array.from({ length: 960 }, (_, index) => ((block * 960 + index) * 7919) % 20_011);
        mixer.push('a', { data, sampleRate: 48_000, channels: 1 }, block * AUDIO_BLOCK_MS);
      }
    },
  };
}

function createFeed() {
  const audioMixer = new AudioMixer(soundKernel);
  const feed = new Feed({ pictures: compositor, audioMixer, fps: FPS, timeline: timelineAt(0) });
  return { feed, talker: talker(audioMixer) };
}

function loudness(pcm: Int16Array): number {
  return Math.sqrt(pcm.reduce((sum, sample) => sum + sample * sample, 0) / pcm.length);
}

describe('what is due', () => {
  it('is handed over once each, in order, whatever the steps, and the end is exact', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 700 }), { maxLength: 30 }), (steps) => {
        const { feed } = createFeed();
        const sink = createSink();
        let nowMs = 0;
        for (const step of steps) {
          nowMs += step;
          feed.advance(nowMs, sink);
          expect(feed.positionMs).toBeLessThanOrEqual(Math.max(200, nowMs));
          expect(nowMs - feed.positionMs).toBeLessThan(AUDIO_BLOCK_MS);
        }
        feed.flush(nowMs, sink);
        const ticks = Math.round((nowMs * FPS) / 1000);
        const blocks = Math.round((ticks * 50) / FPS);
        expect(sink.pictures).toEqual(Array.from({ length: ticks }, (_, tick) => Math.round((tick * 1e9) / FPS)));
        expect(sink.sound.map(({ timestampNs }) => timestampNs)).toEqual(
          Array.from({ length: blocks }, (_, block) => block * 20e6),
        );
        expect(feed.picturesSent).toBe(ticks);
      }),
      { numRuns: 50 },
    );
  });

  it('counts skipped pictures and goes on at the right time; sound is not skipped', () => {
    const { feed } = createFeed();
    const sink = createSink();
    feed.advance(1000, sink);
    sink.isSkipping = true;
    feed.advance(2000, sink);
    sink.isSkipping = false;
    feed.advance(3000, sink);
    expect(feed.picturesSkipped).toBe(15);
    expect(feed.picturesSent).toBe(27);
    expect(sink.pictures.map((ns) => Math.round((ns * FPS) / 1e9)).slice(11, 14)).toEqual([11, 27, 28]);
    expect(sink.sound).toHaveLength(140);
  });

  it('without pictures or without sound only the other one comes', () => {
    const soundOnly = createSink();
    const timeline = new Timeline({ fps: null, t0Ms: 0 });
    new Feed({ pictures: null, audioMixer: new AudioMixer(soundKernel), fps: FPS, timeline }).flush(1000, soundOnly);
    expect([soundOnly.pictures.length, soundOnly.sound.length]).toEqual([0, 50]);
    const picturesOnly = createSink();
    new Feed({ pictures: compositor, audioMixer: null, fps: FPS, timeline: timelineAt(0) }).flush(1000, picturesOnly);
    expect([picturesOnly.pictures.length, picturesOnly.sound.length]).toEqual([15, 0]);
  });
});

describe('after an encoder died', () => {
  it('the same sound comes again, byte for byte, wherever the new segment starts', () => {
    const restarts = fc.array(
      fc.record({ runMs: fc.integer({ min: 40, max: 900 }), backMs: fc.integer({ min: 0, max: 2_000 }) }),
      { maxLength: 6 },
    );
    fc.assert(
      fc.property(restarts, fc.boolean(), (plan, isListening) => {
        const { feed, talker } = createFeed();
        const heard = new Map<number, Int16Array>();
        let nowMs = 0;
        let sink = createSink();
        const run = (forMs: number): void => {
          for (const endMs = nowMs + forMs; nowMs < endMs; nowMs += 10) {
            talker.until(nowMs);
            if (isListening) feed.listen(nowMs);
            feed.advance(nowMs, sink);
          }
        };
        const compare = (): void => {
          for (const { timestampNs, pcm } of sink.sound) {
            const before = heard.get(timestampNs);
            if (before) expect(Buffer.compare(Buffer.from(before.buffer), Buffer.from(pcm.buffer))).toBe(0);
            heard.set(timestampNs, pcm);
          }
        };
        for (const { runMs, backMs } of plan) {
          run(runMs);
          compare();
          sink = createSink();
          const fedMs = feed.positionMs - MIXING_DELAY_MS;
          feed.restart(timelineAt(Math.max(0, Math.floor((fedMs - backMs) / STEP_MS) * STEP_MS)));
        }
        run(400);
        compare();
        const starts = [...heard.keys()].sort((a, b) => a - b);
        expect(starts).toEqual(starts.map((_, block) => block * 20e6));
        for (const ns of starts.slice(5)) expect(loudness(heard.get(ns)!)).toBeGreaterThan(1000);
      }),
      { numRuns: 25 },
    );
  });

  it('no sound is lost while nobody takes any for longer than the mixer can hold it', () => {
    const { feed, talker } = createFeed();
    const sink = createSink();
    for (let nowMs = 0; nowMs <= 17_000; nowMs += 20) {
      talker.until(nowMs);
      feed.listen(nowMs);
    }
    feed.advance(17_000, sink);
    expect(sink.sound).toHaveLength(840);
    expect(sink.sound.slice(5).filter(({ pcm }) => loudness(pcm) < 1000)).toEqual([]);
  });

  it('keeps a bounded past: what is older is silence, what is younger is there', () => {
    const { feed, talker } = createFeed();
    for (let nowMs = 0; nowMs <= 40_000; nowMs += 100) {
      talker.until(nowMs);
      feed.advance(nowMs, createSink());
    }
    feed.restart(timelineAt(0));
    const sink = createSink();
    feed.advance(40_000, sink);
    const loud = sink.sound.map(({ pcm }) => loudness(pcm) > 1000);
    expect(loud.slice(0, 400)).not.toContain(true);
    expect(loud.slice(-1_400)).not.toContain(false);
    expect(loud.filter(Boolean).length).toBeLessThanOrEqual(1_500);
  });
});
