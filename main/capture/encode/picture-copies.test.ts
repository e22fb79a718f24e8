import fc from 'fast-check';
import { expect, it } from 'vitest';
import { PictureCopies } from './picture-copies.ts';

const BYTES = 6;

it('what is on its way keeps its bytes whatever comes after it', () => {
  const step = fc.oneof(
    fc.record({
      kind: fc.constant('take' as const),
      level: fc.nat(3),
      isLookKnown: fc.boolean(),
      isDressed: fc.boolean(),
    }),
    fc.record({ kind: fc.constant('release' as const), which: fc.nat(20) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const copies = new PictureCopies(BYTES);
      const canvas = new Uint8Array(BYTES);
      const onTheWay: { copy: Buffer; level: number }[] = [];
      let look = 0;
      let before = '';
      for (const step of steps) {
        if (step.kind === 'take') {
          const { level, isDressed, isLookKnown } = step;
          if (before !== `${level} ${isDressed}`) look += 1;
          before = `${level} ${isDressed}`;
          const dress = isDressed ? (picture: Uint8Array) => picture.fill(level + 100, 0, 1) : undefined;
          const copy = copies.take(canvas.fill(level), dress, isLookKnown ? look : undefined);
          onTheWay.push({ copy, level: isDressed ? level + 100 : level });
        } else if (onTheWay.length > 0) {
          for (const { copy } of onTheWay.splice(step.which % onTheWay.length, 1)) copies.release(copy);
        }
        canvas.fill(255);
        for (const { copy, level } of onTheWay) expect([copy[0], copy[1]]).toEqual([level, level % 100]);
      }
    }),
  );
});

it('a picture that looks like the last one is not copied', () => {
  const copies = new PictureCopies(BYTES);
  const first = copies.take(new Uint8Array(BYTES), undefined, 1);
  copies.release(first);
  expect(copies.take(new Uint8Array(BYTES), undefined, 1)).toBe(first);
  expect(copies.take(new Uint8Array(BYTES), undefined, 2)).not.toBe(first);
});

it('uses its buffers again while few are on their way', () => {
  const copies = new PictureCopies(BYTES);
  const buffers = new Set<Buffer>();
  const onTheWay: Buffer[] = [];
  for (let picture = 0; picture < 100; picture += 1) {
    const copy = copies.take(new Uint8Array(BYTES), undefined, picture);
    buffers.add(copy);
    onTheWay.push(copy);
    if (onTheWay.length > 2) copies.release(onTheWay.shift()!);
  }
  expect(buffers.size).toBeLessThanOrEqual(4);
});
