import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SpeakerChoice } from './speaker.ts';

const STEP_MS = 100;
const LOUD = 0.1;

/** Plays rounds of 100 ms; each names who talks how loudly, everybody else in `present` is silent. */
function play(choice: SpeakerChoice, present: string[], rounds: Record<string, number>[], fromMs = 0) {
  return rounds.map((talking, index) =>
    choice.update(new Map(present.map((userId) => [userId, talking[userId] ?? 0])), fromMs + index * STEP_MS),
  );
}

const rounds = (count: number, talking: Record<string, number>) => Array.from({ length: count }, () => talking);

describe('SpeakerChoice', () => {
  test('is nobody in an empty room, the first when nobody talks, the one who talks when somebody does', () => {
    const silent = new SpeakerChoice({ thresholdRms: 0.01 });
    expect(silent.update(new Map(), 0)).toBe(null);
    expect(play(silent, ['a', 'b'], [{}])).toEqual(['a']);
    expect(play(new SpeakerChoice({ thresholdRms: 0.01 }), ['a', 'b'], [{ b: LOUD }])).toEqual(['b']);
  });

  test('moves to another after he has talked for two seconds, pauses not counted', () => {
    const choice = new SpeakerChoice({ thresholdRms: 0.01 });
    play(choice, ['a', 'b'], [{ a: LOUD }]);
    const words = Array.from(
      { length: 50 },
      (_, index): Record<string, number> => (index % 2 === 0 ? { b: LOUD } : {}),
    );
    const chosen = play(choice, ['a', 'b'], words, STEP_MS);
    expect(chosen.indexOf('b')).toBe(38);
    expect(new Set(chosen.slice(38))).toEqual(new Set(['b']));
  });

  test('stays when the other is less than 3 dB louder, or below the threshold', () => {
    const choice = new SpeakerChoice({ thresholdRms: 0.01 });
    play(choice, ['a', 'b'], [{ a: LOUD }]);
    expect(play(choice, ['a', 'b'], rounds(100, { a: LOUD, b: LOUD * 1.4 }), STEP_MS).at(-1)).toBe('a');
    expect(play(choice, ['a', 'b'], rounds(100, { b: 0.009 }), 20_000).at(-1)).toBe('a');
    expect(play(choice, ['a', 'b'], rounds(21, { a: LOUD, b: LOUD * 1.42 }), 40_000).at(-1)).toBe('b');
  });

  test('a word now and then from the others never takes the place of one who talks', () => {
    const choice = new SpeakerChoice({ thresholdRms: 0.01 });
    const talk = Array.from({ length: 600 }, (_, index) =>
      index % 20 < 5 ? { a: LOUD / 10, b: LOUD } : { a: LOUD, b: 0 },
    );
    play(choice, ['a', 'b'], [{ a: LOUD }]);
    expect(new Set(play(choice, ['a', 'b'], talk, STEP_MS))).toEqual(new Set(['a']));
  });

  test('two who talk by turns reach the place of one who is silent', () => {
    const choice = new SpeakerChoice({ thresholdRms: 0.01 });
    play(choice, ['a', 'b', 'c'], [{ a: LOUD }]);
    const turns = Array.from(
      { length: 60 },
      (_, index): Record<string, number> => (index % 20 < 10 ? { b: LOUD } : { c: LOUD }),
    );
    const chosen = play(choice, ['a', 'b', 'c'], turns, STEP_MS);
    expect(chosen.indexOf('b')).toBeLessThan(32);
  });

  test('leaves at once a speaker without picture, for the one who talks, else for the one who talked most', () => {
    const choice = new SpeakerChoice({ thresholdRms: 0.01 });
    play(choice, ['a', 'b', 'c'], [{ a: LOUD }]);
    expect(play(choice, ['b', 'c'], [{ c: LOUD }], 100)).toEqual(['c']);
    play(choice, ['a', 'b', 'c'], rounds(10, { b: LOUD }), 200);
    expect(play(choice, ['a', 'b'], [{}], 1300)).toEqual(['b']);
    expect(play(choice, [], [{}], 1400)).toEqual([null]);
  });

  test('one measurement after a long pause does not decide', () => {
    const choice = new SpeakerChoice({ thresholdRms: 0.01 });
    play(choice, ['a', 'b'], [{ a: LOUD }]);
    expect(play(choice, ['a', 'b'], [{ b: LOUD }], 60_000)).toEqual(['a']);
  });

  test('never moves twice within two seconds as long as the speaker has a picture, and is always somebody who has one', () => {
    const users = ['a', 'b', 'c', 'd'];
    const level = fc.oneof(fc.constant(0), fc.double({ min: 0.001, max: 1, noNaN: true }));
    const round = fc.record({
      stepMs: fc.integer({ min: -50, max: 900 }),
      levels: fc.uniqueArray(fc.tuple(fc.constantFrom(...users), level), { selector: ([userId]) => userId }),
    });
    fc.assert(
      fc.property(fc.array(round, { maxLength: 200 }), fc.integer({ min: 0, max: 3000 }), (plan, hysteresisMs) => {
        const choice = new SpeakerChoice({ hysteresisMs, thresholdRms: 0.01 });
        let nowMs = 0;
        let latestMs = 0;
        let chosenAtMs = Number.NEGATIVE_INFINITY;
        let speaker: string | null = null;
        for (const { stepMs, levels } of plan) {
          nowMs += stepMs;
          latestMs = Math.max(latestMs, nowMs);
          const map = new Map(levels);
          const next = choice.update(map, latestMs);
          if (next === null) expect(map.size).toBe(0);
          else expect(map.has(next)).toBe(true);
          if (next !== speaker) {
            if (speaker !== null && map.has(speaker)) {
              expect(latestMs - chosenAtMs).toBeGreaterThanOrEqual(hysteresisMs);
            }
            chosenAtMs = latestMs;
            speaker = next;
          }
        }
      }),
      { numRuns: 200 },
    );
  });
});
