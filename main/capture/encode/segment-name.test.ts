import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { OutputName } from '../messages.ts';
import { parseSegmentFileName, segmentFileName } from './segment-name.ts';

it('the name of a segment file tells its place', () => {
  const mix = { segment: 3, output: 'mix', startMs: 12_340 } as const;
  expect(segmentFileName(mix, 'mp4')).toBe('segment-0003.mix.12340.mp4');
  expect(segmentFileName(mix, 'mp4', 2)).toBe('segment-0003-2.mix.12340.mp4');
  expect(segmentFileName({ segment: 12, output: 'sub:爱/丽', startMs: 0 }, 'mp3')).toMatch(
    /^segment-0012\.sub\.[\w-]+\.0\.mp3$/,
  );
});

it('what was put in comes back, whatever the user is called', () => {
  const output = fc.oneof(
    fc.constant<OutputName>('mix'),
    fc
      .tuple(fc.constantFrom('main', 'sub'), fc.string({ unit: 'grapheme', minLength: 1, maxLength: 32 }))
      .map(([stream, user]): OutputName => `${stream as 'main'}:${user.toWellFormed()}`),
  );
  const numbers = [fc.nat({ max: 99_999 }), fc.nat({ max: 604_800_000 }), fc.integer({ min: 1, max: 9 })] as const;
  fc.assert(
    fc.property(output, ...numbers, fc.constantFrom('mp4', 'mp3'), (of, segment, startMs, attempt, extension) => {
      const name = segmentFileName({ segment, output: of, startMs }, extension, attempt);
      expect(name).toMatch(/^[\w.-]+$/);
      expect(name.length).toBeLessThan(255);
      const read = parseSegmentFileName(name);
      expect(read).toMatchObject({ segment, extension });
      if (name.split('.').length > 2) expect(read?.place).toEqual({ output: of, startMs });
    }),
  );
});

it.each(['segment-0003.mp4', 'segment-0003-2.mp3'])('%s tells its number and no place', (name) => {
  expect(parseSegmentFileName(name)).toMatchObject({ segment: 3, place: null });
});

it.each([
  'segment-0003.mix.12.mp4.reencoded',
  'segment-.mp4',
  'other-segment-1.mp4',
  'segment-1.avi',
  'segment-1.main.12.mp4',
  'capture.pid',
  '1400000000_1_u_20260102T030405Z_12345678.mp4',
])('%s is no segment', (name) => {
  expect(parseSegmentFileName(name)).toBeNull();
});
