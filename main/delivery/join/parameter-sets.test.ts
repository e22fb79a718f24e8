import fc from 'fast-check';
import { expect, it } from 'vitest';
import { box, childBoxes, fullBox, u16, u32 } from '../../capture/encode/isobmff.ts';
import { mergedDescription } from './parameter-sets.ts';

interface Sets {
  profile?: number;
  level?: number;
  /** Number of both sets, and what else is in them. */
  number: number;
  content?: number;
  extension?: number[];
}

const NUMBERS: Readonly<Record<number, number>> = { 0: 0b1_0000000, 1: 0b010_00000, 2: 0b011_00000, 3: 0b00100_000 };

/** A sample description as encoders write it; `content` stands for all else that differs between two of them. */
function description({ profile = 100, level = 31, number, content = 7, extension = [] }: Sets): Buffer {
  const sequence = Buffer.from([0x67, profile, 0, level, NUMBERS[number]!, content]);
  const picture = Buffer.from([0x68, NUMBERS[number]!, content]);
  const config = Buffer.concat([
    ...[Buffer.from([1, profile, 0, level, 0xff, 0xe1]), u16(sequence.length), sequence],
    ...[Buffer.from([1]), u16(picture.length), picture, Buffer.from(extension)],
  ]);
  const after = box('pasp', u32(1, 1));
  return fullBox('stsd', 0, 0, u32(1), box('avc1', Buffer.alloc(78), box('avcC', config), after));
}

/** What a decoder is told by a description. */
function told(stsd: Buffer) {
  const [whole] = childBoxes(stsd, 0, stsd.length);
  const [entry] = childBoxes(stsd, whole!.body + 8, whole!.end);
  const inner = childBoxes(stsd, entry!.body + 78, entry!.end);
  const avcC = inner.find(({ type }) => type === 'avcC')!;
  const config = stsd.subarray(avcC.body, avcC.end);
  let at = 6;
  const sets = (count: number): string[] =>
    Array.from({ length: count }, () => {
      const set = config.subarray(at + 2, at + 2 + config.readUInt16BE(at));
      at += 2 + set.length;
      return set.toString('hex');
    });
  const sequence = sets(config[5]! & 0x1f);
  at += 1;
  const picture = sets(config[at - 1]!);
  return {
    ...{ boxes: inner.map(({ type }) => type).join(), profile: config[1], level: config[3] },
    ...{ sequence, picture, extension: [...config.subarray(at)] },
  };
}

it('holds the sets of all encoders once each, and is a whole box', () => {
  const merged = mergedDescription([
    description({ number: 0, profile: 77, level: 31 }),
    description({ number: 1, content: 9, level: 30, extension: [0xfd, 0xf8, 0xf8, 0] }),
    description({ number: 0, profile: 77, level: 31 }),
  ])!;
  expect(told(merged)).toEqual({
    boxes: 'avcC,pasp',
    ...{ profile: 100, level: 31, extension: [0xfd, 0xf8, 0xf8, 0] },
    sequence: ['674d001f8007', '6764001e4009'],
    picture: ['688007', '684009'],
  });
});

it('is not made where one number stands for two different sets, or for what is no H.264 for everybody', () => {
  const first = description({ number: 0 });
  expect(mergedDescription([first, description({ number: 0, content: 8 })])).toBe(null);
  expect(mergedDescription([first, description({ number: 1, profile: 110 })])).toBe(null);
  const depths = [8, 9].map((depth, number) => description({ number, extension: [0xfd, 0xf0 + depth, 0xf8, 0] }));
  expect(mergedDescription(depths)).toBe(null);
  expect(mergedDescription([])).toBe(null);
});

it('of one encoder is that of the encoder, and of any two in either order tells the same', () => {
  const sets = fc.record({
    profile: fc.constantFrom(66, 77, 100),
    level: fc.integer({ min: 10, max: 52 }),
    number: fc.integer({ min: 0, max: 3 }),
    content: fc.integer({ min: 1, max: 3 }),
  });
  fc.assert(
    fc.property(sets, sets, (a, b) => {
      const [one, other] = [description(a), description(b)];
      expect(mergedDescription([one])).toEqual(one);
      const [there, back] = [mergedDescription([one, other]), mergedDescription([other, one])];
      expect(there === null).toBe(back === null);
      expect(there === null).toBe(a.number === b.number && !one.equals(other));
      if (!there || !back) return;
      const sorted = (stsd: Buffer) => {
        const { sequence, picture, ...rest } = told(stsd);
        return { ...rest, sequence: sequence.toSorted(), picture: picture.toSorted() };
      };
      expect(sorted(there)).toEqual(sorted(back));
    }),
  );
});

it('damaged descriptions have none together, whatever is damaged', () => {
  const whole = description({ number: 0 });
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(whole.length), (bytes, length) => {
      expect(mergedDescription([whole, Buffer.from(bytes)])).toBe(null);
      if (length < whole.length)
        expect(mergedDescription([description({ number: 1 }), whole.subarray(0, length)])).toBe(null);
    }),
  );
});
