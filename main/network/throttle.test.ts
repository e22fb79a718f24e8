import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createFakeClock } from '../../test/support/fake-clock.ts';
import { createThrottle } from './throttle.ts';
import { createTokenBucket } from './token-bucket.ts';

describe('a token bucket', () => {
  it('never lets more out than rate and burst allow, and wastes nothing while somebody waits', () => {
    const takes = fc.array(fc.record({ bytes: fc.integer({ min: 0, max: 5000 }), restMs: fc.nat(400) }), {
      minLength: 1,
    });
    fc.assert(
      fc.property(fc.integer({ min: 100, max: 1e6 }), fc.nat(10_000), takes, (rate, burst, list) => {
        const bucket = createTokenBucket(rate, burst);
        let nowMs = 1e12;
        const startMs = nowMs;
        let sent = 0;
        for (const { bytes, restMs } of list) {
          nowMs += bucket.take(bytes, nowMs);
          sent += bytes;
          // One millisecond's worth for rounding up.
          expect(sent).toBeLessThanOrEqual(burst + ((nowMs - startMs + 1) * rate) / 1000 + 1e-6);
          nowMs += restMs;
        }
        expect(bucket.take(0, nowMs + (sent / rate) * 1000 + 1)).toBe(0);
      }),
    );
  });

  it('keeps a full line busy: a long queue takes bytes / rate', () => {
    const bucket = createTokenBucket(1000, 0);
    let nowMs = 0;
    for (let piece = 0; piece < 100; piece += 1) nowMs += bucket.take(100, nowMs);
    expect(nowMs).toBeGreaterThanOrEqual(9_999);
    expect(nowMs).toBeLessThanOrEqual(10_100);
  });

  it('gives nothing for a clock that is set back', () => {
    const bucket = createTokenBucket(1000, 0);
    bucket.take(1000, 1e6);
    expect(bucket.take(0, 0)).toBe(1000);
    expect(bucket.take(0, 500)).toBe(500);
  });

  it.each([
    [16_384, 4096],
    [500, 256],
    [1e9, 262_144],
  ])('pieces at %i B/s are of %i bytes', (rate, pieceBytes) => {
    expect(createTokenBucket(rate).pieceBytes).toBe(pieceBytes);
  });
});

describe('a throttle', () => {
  it('is shared: two uploads together get the rate, each about half', async () => {
    const clock = createFakeClock();
    const throttle = createThrottle(() => 10_000, clock);
    const sent = [0, 0];
    const { signal } = new AbortController();
    let isOver = false;
    const work = [0, 1].map(async (index) => {
      while (!isOver) {
        await throttle.wait(500, signal);
        sent[index] = (sent[index] ?? 0) + 500;
      }
    });
    for (let second = 0; second < 40; second += 1) await clock.advance(250);
    isOver = true;
    await clock.advance(1000);
    await Promise.all(work);
    const [one = 0, two = 0] = sent;
    expect(one + two).toBeGreaterThan(95_000);
    expect(one + two).toBeLessThan(106_000);
    expect(Math.abs(one - two)).toBeLessThanOrEqual(1000);
  });

  it('follows a rate that changes: none, some, more', async () => {
    const clock = createFakeClock();
    let rate: number | null = null;
    const throttle = createThrottle(() => rate, clock);
    const { signal } = new AbortController();
    const timeFor = async (bytes: number): Promise<number> => {
      const startMs = clock.now();
      let isSent = false;
      const sending = throttle.wait(bytes, signal).then(() => {
        isSent = true;
      });
      await Promise.resolve();
      await Promise.resolve();
      for (let step = 0; step < 1000 && !isSent; step += 1) await clock.advance(100);
      await sending;
      return clock.now() - startMs;
    };
    expect(await timeFor(1e9)).toBe(0);
    expect(throttle.pieceBytes).toBe(262_144);
    rate = 1000;
    expect(throttle.pieceBytes).toBe(256);
    expect(await timeFor(10_250)).toBe(10_000);
    rate = 10_000;
    expect(await timeFor(12_500)).toBe(1000);
    rate = null;
    expect(await timeFor(1e9)).toBe(0);
  });

  it('lets go at once of whoever is interrupted', async () => {
    const clock = createFakeClock();
    const throttle = createThrottle(() => 1000, clock);
    const stop = new AbortController();
    const waiting = throttle.wait(1e6, stop.signal);
    stop.abort();
    await waiting;
    await throttle.wait(1e6, stop.signal);
  });
});
