import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createAttemptLimit } from './attempts.ts';

const PER_ADDRESS = { burst: 3, everyMs: 1000 };
const OVERALL = { burst: 10, everyMs: 100 };
const limit = () => createAttemptLimit(PER_ADDRESS, OVERALL);

describe('failed attempts', () => {
  it('a few may follow one another; then one by one, with the seconds to wait', () => {
    const attempts = limit();
    const answers = [0, 0, 0, 0, 0].map((atMs) => attempts.failed('10.0.0.1', atMs));
    expect(answers).toEqual([null, null, null, 1, 1]);
    expect(attempts.failed('10.0.0.1', 1000)).toBeNull();
    expect(attempts.failed('10.0.0.1', 1000)).toBe(1);
  });

  it('one address does not use up what others may fail', () => {
    const attempts = limit();
    for (let count = 0; count < 1000; count += 1) attempts.failed('10.0.0.1', 0);
    expect(attempts.failed('10.0.0.2', 0)).toBeNull();
  });

  it('all addresses together are limited as well', () => {
    const attempts = limit();
    const answers = Array.from({ length: 12 }, (_, index) => attempts.failed(`10.0.0.${index}`, 0));
    expect(answers.filter((answer) => answer === null)).toHaveLength(OVERALL.burst);
    expect(answers.at(-1)).toBe(1);
  });

  it.each([
    ['2001:db8::1', '2001:db8::ffff:1', true],
    ['2001:db8:0:0:1::', '2001:db8::2', true],
    ['2001:db8:0:1::1', '2001:db8:0:2::1', false],
    ['::ffff:10.0.0.1', '::ffff:10.0.0.2', false],
  ])('%s and %s are one neighbourhood: %s', (one, other, same) => {
    const attempts = limit();
    for (let count = 0; count < 3; count += 1) attempts.failed(one, 0);
    expect(attempts.failed(other, 0) !== null).toBe(same);
  });

  it('never lets more through than burst and rate allow, whatever the clock does', () => {
    const steps = fc.array(fc.record({ address: fc.nat(3), stepMs: fc.integer({ min: -500, max: 900 }) }), {
      maxLength: 200,
    });
    fc.assert(
      fc.property(steps, (list) => {
        const attempts = limit();
        const taken = new Map<number, number>();
        let [nowMs, forwardMs] = [1e12, 0];
        for (const { address, stepMs } of list) {
          nowMs += stepMs;
          forwardMs += Math.max(0, stepMs);
          if (attempts.failed(`10.0.0.${address}`, nowMs) === null) taken.set(address, (taken.get(address) ?? 0) + 1);
          // Times that a clock goes through twice can count twice.
          for (const count of taken.values()) {
            expect(count).toBeLessThanOrEqual(PER_ADDRESS.burst + forwardMs / PER_ADDRESS.everyMs + 1e-6);
          }
        }
      }),
    );
  });

  it('remembers only so many addresses', () => {
    const attempts = createAttemptLimit(PER_ADDRESS, { burst: 1e9, everyMs: 1 });
    for (let count = 0; count < 4; count += 1) attempts.failed('10.0.0.1', 0);
    for (let index = 0; index < 1000; index += 1) attempts.failed(`192.168.${index >> 8}.${index & 255}`, 0);
    expect(attempts.failed('10.0.0.1', 0)).toBeNull();
  });
});
