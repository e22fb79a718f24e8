import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decideEnter, enterVerdict } from './enter-policy.ts';

const LIMITS = { idleMs: 300_000, reenterMs: 3_600_000 };

/** Pauses of one refusal after the other, each asked at once, until it ends; at most `most`. */
function pauses(code: number, wasInRoom = false, most = 100): { delaysMs: number[]; end: string | null } {
  const delaysMs: number[] = [];
  let triedForMs = 0;
  while (delaysMs.length < most) {
    const decision = decideEnter(code, { attempts: delaysMs.length + 1, triedForMs, wasInRoom }, LIMITS);
    if (decision.kind === 'end') return { delaysMs, end: decision.reason };
    delaysMs.push(decision.delayMs);
    triedForMs += decision.delayMs;
  }
  return { delaysMs, end: null };
}

/** The error table of the SDK, row by row: code and kind. */
const NETWORK = [-3302, -3303, -3304, -3306, -3307, -3308, -70500, -102006];
const BUSY = [-102052, -102056];
const ABSENT = [-101003, -102005, -102010];
const ONCE = [-3340, -100018, -70001, -70347, -101000, -101001, -101002, -102003, -102004];
const NEVER = [
  ...[-3316, -3317, -3318, -3319, -3320, -100006, -100010, -100011, -100013, -100014, -100015],
  ...[-70003, -70004, -70005, -70006, -70007, -70008, -70009, -70010, -70013, -70014, -70020, -70051, -70052],
  ...[-102001, -102008, -102011, -102018, -102029, -102030, -102055],
];
const FEW = [-3301, -424242];

describe('the verdict over a refusal', () => {
  it.each([
    ...NETWORK.map((code) => [code, 'network'] as const),
    ...BUSY.map((code) => [code, 'busy'] as const),
    ...ABSENT.map((code) => [code, 'absent'] as const),
    ...ONCE.map((code) => [code, 'once'] as const),
    ...NEVER.map((code) => [code, 'never'] as const),
    ...FEW.map((code) => [code, 'few'] as const),
  ])('%i: %s', (code, kind) => {
    expect(enterVerdict(code).kind).toBe(kind);
  });

  it('has words for every code, and names an unknown one', () => {
    expect(enterVerdict(-424242).meaning).toContain('-424242');
    expect(enterVerdict(-70007).meaning).toBe('UserSig is not valid');
  });
});

describe('what follows', () => {
  it('line and service: 10 tries with growing pauses for a new recording', () => {
    for (const code of NETWORK) {
      expect(pauses(code)).toEqual({ delaysMs: [1e3, 2e3, 4e3, 8e3, 16e3, 32e3, 60e3, 60e3, 60e3], end: 'error' });
    }
  });

  it('line and service: an hour for a recorder that was in the room', () => {
    const { delaysMs, end } = pauses(-3308, true);
    expect(end).toBe('error');
    const sumMs = delaysMs.reduce((sum, ms) => sum + ms, 0);
    expect(sumMs).toBeGreaterThanOrEqual(LIMITS.reenterMs);
    expect(sumMs).toBeLessThan(LIMITS.reenterMs + 60_000);
  });

  it('a room that nobody opened yet is waited for as an anchor is', () => {
    for (const code of ABSENT) {
      const { delaysMs, end } = pauses(code);
      expect([delaysMs.slice(0, 4), end]).toEqual([[5e3, 10e3, 20e3, 20e3], 'idle']);
      const sumMs = delaysMs.reduce((sum, ms) => sum + ms, 0);
      expect(sumMs).toBeGreaterThanOrEqual(LIMITS.idleMs);
      expect(sumMs).toBeLessThan(LIMITS.idleMs + 20_000);
    }
  });

  it('a room that was there and is not any more was dissolved', () => {
    for (const code of ABSENT) expect(pauses(code, true)).toEqual({ delaysMs: [], end: 'dissolved' });
  });

  it.each([false, true])('the others do not care whether the recorder was in the room (%s)', (wasInRoom) => {
    for (const code of BUSY) {
      const { delaysMs, end } = pauses(code, wasInRoom);
      expect([delaysMs.length, delaysMs.slice(0, 4), end]).toEqual([19, [10e3, 20e3, 40e3, 60e3], 'error']);
    }
    for (const code of ONCE) expect(pauses(code, wasInRoom)).toEqual({ delaysMs: [1e3], end: 'error' });
    for (const code of FEW) expect(pauses(code, wasInRoom)).toEqual({ delaysMs: [1e3, 2e3], end: 'error' });
    for (const code of NEVER) expect(pauses(code, wasInRoom)).toEqual({ delaysMs: [], end: 'error' });
  });

  it('ends whatever the SDK answers, in any order, and never without a pause', () => {
    const codes = fc.array(fc.integer({ min: -200_000, max: -1 }), { minLength: 500, maxLength: 500 });
    fc.assert(
      fc.property(codes, fc.boolean(), (answers, wasInRoom) => {
        let triedForMs = 0;
        for (const [index, code] of answers.entries()) {
          const decision = decideEnter(code, { attempts: index + 1, triedForMs, wasInRoom }, LIMITS);
          if (decision.kind === 'end') return;
          expect(decision.delayMs).toBeGreaterThanOrEqual(1_000);
          expect(decision.delayMs).toBeLessThanOrEqual(60_000);
          triedForMs += decision.delayMs;
        }
        throw new Error('never ends');
      }),
      { numRuns: 50 },
    );
  });
});
