import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { enterRetryDelayMs, enterVerdict } from './enter-policy.ts';

describe('the verdict over a refusal', () => {
  it.each([
    // Network and service: the only thing that helps is to try again.
    ...[-3302, -3303, -3304, -3306, -3307, -3308, -70500, -102006].map((code) => [code, 'retry', 10] as const),
    // The room may come to exist, or somebody may leave it.
    ...[-101003, -102005, -102010, -102052, -102056].map((code) => [code, 'retry', 20] as const),
    // Worth one more try, no more.
    ...[-3340, -100018, -70001, -70347].map((code) => [code, 'retry', 2] as const),
    // The request itself is wrong.
    ...[-3316, -3317, -3318, -3319, -3320, -100006, -100010, -100011, -100013, -100014, -100015].map(
      (code) => [code, 'fail', 1] as const,
    ),
    ...[-70003, -70005, -70008, -70010, -70013, -70014, -70020, -70051, -70052].map(
      (code) => [code, 'fail', 1] as const,
    ),
    ...[-102001, -102008, -102011, -102018, -102029, -102030, -102055].map((code) => [code, 'fail', 1] as const),
    // Tokens that were wrong or too old are new in the next try.
    ...[-101000, -101001, -101002, -102003, -102004].map((code) => [code, 'retry', 2] as const),
    [-3301, 'retry', 3],
    [-424242, 'retry', 3],
  ] as const)('%i: %s, %i tries in all', (code, action, maxAttempts) => {
    expect(enterVerdict(code)).toMatchObject({ action, maxAttempts });
  });

  it('has words for every code, and names an unknown one', () => {
    expect(enterVerdict(-424242).meaning).toContain('-424242');
    expect(enterVerdict(-70007).meaning).toBe('UserSig is not valid');
  });
});

describe('the pauses', () => {
  it('double from the first one up to a minute and end with the tries', () => {
    const pauses = (code: number): (number | null)[] =>
      Array.from({ length: 11 }, (_, index) => enterRetryDelayMs(code, index + 1));
    expect(pauses(-3308)).toEqual([1e3, 2e3, 4e3, 8e3, 16e3, 32e3, 60e3, 60e3, 60e3, null, null]);
    expect(pauses(-102005).slice(0, 5)).toEqual([10e3, 20e3, 40e3, 60e3, 60e3]);
    expect(pauses(-3320)[0]).toBeNull();
  });

  it('are finite whatever the SDK answers', () => {
    fc.assert(
      fc.property(fc.integer({ min: -200_000, max: 0 }), fc.integer({ min: 1, max: 1e6 }), (code, attempts) => {
        const pauseMs = enterRetryDelayMs(code, attempts);
        if (pauseMs === null) return;
        expect(pauseMs).toBeGreaterThanOrEqual(1_000);
        expect(pauseMs).toBeLessThanOrEqual(60_000);
        expect(attempts).toBeLessThan(enterVerdict(code).maxAttempts);
      }),
    );
  });
});
