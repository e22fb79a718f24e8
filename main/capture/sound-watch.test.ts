import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SoundWatch } from './sound-watch.ts';

/** One letter for each second: `s` sound came, `q` it was due and none came, `-` nobody sends any. */
function watch(seconds: string): { told: string[]; missingSinceMs: number | null } {
  const sound = new SoundWatch();
  let blocks = 0;
  const told = [...seconds].flatMap((second, index) => {
    if (second === 's') blocks += 50;
    const change = sound.look({ atMs: index * 1_000, blocks, isDue: second !== '-' });
    return change === null ? [] : [`${change} ${index}`];
  });
  return { told, missingSinceMs: sound.missingSinceMs };
}

describe('sound that is due', () => {
  it.each<[string, string, string[], number | null]>([
    ['comes', 'ssssssssss', [], null],
    ['is nobody to send', '----------', [], null],
    ['never comes', 'qqqqqqqq', ['missing 5'], 0],
    ['never comes from somebody who comes later', '---qqqqqq', ['missing 8'], 3_000],
    ['pauses for four seconds', 'sqqqqqsqqqqqs', [], null],
    ['stops', 'ssqqqqqqqq', ['missing 7'], 2_000],
    ['comes after all', 'qqqqqqqsss', ['missing 5', 'back 7'], null],
    ['was due by different people in turn', 'qqq-qqq-qqq-qqq', [], null],
    ['is missing until it comes, also while nobody sends', 'qqqqqq----qqqqqqq', ['missing 5'], 0],
    ['goes a second time', 'qqqqqqsqqqqqq', ['missing 5', 'back 6', 'missing 12'], 7_000],
  ])('%s', (_name, seconds, told, missingSinceMs) => {
    expect(watch(seconds)).toEqual({ told, missingSinceMs });
  });

  it('is told to be missing and back in turn, never within five seconds of the last sound, never without being due', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('s', 'q', '-'), maxLength: 60 }), (seconds) => {
        const { told, missingSinceMs } = watch(seconds);
        expect(told.map((one) => one.split(' ')[0])).toEqual(
          told.map((_one, index) => (index % 2 === 0 ? 'missing' : 'back')),
        );
        expect(missingSinceMs !== null).toBe(told.length % 2 === 1);
        for (const one of told) {
          const [what, at] = one.split(' ');
          const last = seconds.slice(Number(at) - 5, Number(at) + 1);
          if (what === 'missing') expect(last).toBe('qqqqqq');
          else expect(seconds[Number(at)]).toBe('s');
        }
      }),
    );
  });
});
