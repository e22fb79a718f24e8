import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { OutputName } from '../capture/messages.ts';
import { describeOutput, groupByOutput } from './outputs.ts';

const outputNames = fc.oneof(
  fc.constant<OutputName>('mix'),
  fc.constantFrom<OutputName>('main:a', 'sub:a', 'main:b', 'main:mix', 'sub:main'),
);

describe('outputs', () => {
  it('are the mix, a camera or a screen of somebody', () => {
    expect(describeOutput('mix')).toEqual({ stream: 'mix', userId: null });
    expect(describeOutput('main:mix')).toEqual({ stream: 'main', userId: 'mix' });
    expect(describeOutput('sub:sub_a-1')).toEqual({ stream: 'sub', userId: 'sub_a-1' });
  });

  it('hold every segment once, each in the order of the timeline, the mix first and the others as they came', () => {
    const segments = fc
      .array(fc.record({ output: outputNames, startMs: fc.nat(50) }))
      .map((list) => list.map((segment, index) => ({ ...segment, segment: index })));
    fc.assert(
      fc.property(segments, (list) => {
        const groups = groupByOutput(list);
        const numbers = groups.flatMap((group) => group.segments.map(({ segment }) => segment));
        expect(numbers.toSorted((a, b) => a - b)).toEqual(list.map(({ segment }) => segment));
        for (const { output, segments: own } of groups) {
          expect(own.every((segment) => segment.output === output)).toBe(true);
          const starts = own.map(({ startMs }) => startMs);
          expect(starts).toEqual(starts.toSorted((a, b) => a - b));
        }
        expect(groups.findIndex(({ output }) => output === 'mix')).toBeLessThanOrEqual(0);
        const firsts = groups.filter(({ output }) => output !== 'mix').map(({ segments: own }) => own[0]?.startMs ?? 0);
        expect(firsts).toEqual(firsts.toSorted((a, b) => a - b));
      }),
    );
  });
});
