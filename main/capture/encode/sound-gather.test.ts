import fc from 'fast-check';
import { expect, it } from 'vitest';
import { SoundGather } from './sound-gather.ts';

const RATE = 48_000;
const BLOCK = 960;
const BLOCK_NS = 20_000_000;
const MOST_BYTES = RATE * 2;

function pcm(first: number, length = BLOCK): Int16Array {
  return Int16Array.from({ length }, (_, index) => ((first + index) * 7919) % 20_011);
}

interface Taken {
  sound: Buffer;
  timestampNs: number;
}

/** `reads` says whether what is handed on is read at once, so that its memory is used again. */
function gather(reads: (index: number) => boolean = () => true, rate = RATE): { gather: SoundGather; taken: Taken[] } {
  const taken: Taken[] = [];
  const take = (sound: Buffer, timestampNs: number, release: () => void) => {
    const isRead = reads(taken.length);
    taken.push({ sound: isRead ? Buffer.from(sound) : sound, timestampNs });
    if (isRead) release();
  };
  return { gather: new SoundGather(rate, take), taken };
}

it('hands on what came in one turn as one block when the turn ends', async () => {
  const { gather: sound, taken } = gather();
  for (const block of [7, 8, 9]) sound.add(pcm(block * BLOCK), block * BLOCK_NS);
  expect(taken).toEqual([]);
  await Promise.resolve();
  expect(taken.map(({ sound: { length }, timestampNs }) => [length, timestampNs])).toEqual([
    [3 * BLOCK * 2, 7 * BLOCK_NS],
  ]);
  expect(Buffer.compare(taken[0]!.sound, Buffer.from(pcm(7 * BLOCK, 3 * BLOCK).buffer))).toBe(0);
  sound.add(pcm(0), 10 * BLOCK_NS);
  sound.flush();
  expect(taken[1]?.timestampNs).toBe(10 * BLOCK_NS);
  await Promise.resolve();
  expect(taken).toHaveLength(2);
});

it('begins anew where sound does not go on, and after a second', () => {
  const { gather: sound, taken } = gather();
  for (const block of [0, 1, 5, 6, 6]) sound.add(pcm(0), block * BLOCK_NS);
  sound.flush();
  expect(taken.map(({ sound: { length }, timestampNs }) => [length / 2 / BLOCK, timestampNs / BLOCK_NS])).toEqual([
    [2, 0],
    [2, 5],
    [1, 6],
  ]);
  for (let block = 10; block < 70; block += 1) sound.add(pcm(0), block * BLOCK_NS);
  sound.flush();
  expect(taken.slice(3).map(({ sound: { length } }) => length)).toEqual([MOST_BYTES, (MOST_BYTES * 10) / 50]);
});

it('loses, doubles and changes nothing, whatever comes when and is read when', async () => {
  const block = fc.record({ length: fc.integer({ min: 1, max: 1500 }), gap: fc.nat(2) });
  const turns = fc.array(fc.array(block, { maxLength: 4 }), { maxLength: 6 });
  await fc.assert(
    fc.asyncProperty(turns, fc.array(fc.boolean(), { minLength: 1, maxLength: 8 }), async (all, reads) => {
      const { gather: sound, taken } = gather((index) => reads[index % reads.length]!, 1000);
      const given: number[] = [];
      let at = 0;
      for (const blocks of all) {
        for (const { length, gap } of blocks) {
          at += gap;
          sound.add(pcm(at, length), at * 1e6);
          given.push(at, length);
          at += length;
        }
        await Promise.resolve();
      }
      const found: number[] = [];
      for (const { sound: bytes, timestampNs } of taken) {
        const first = timestampNs / 1e6;
        expect(Buffer.compare(bytes, Buffer.from(pcm(first, bytes.length / 2).buffer))).toBe(0);
        found.push(first, bytes.length / 2);
      }
      expect(merged(found)).toEqual(merged(given));
    }),
    { numRuns: 100 },
  );
});

/** Stretches of begin and length, those that touch as one. */
function merged(stretches: readonly number[]): number[] {
  const all: number[] = [];
  for (let index = 0; index < stretches.length; index += 2) {
    const [begin = 0, length = 0] = stretches.slice(index, index + 2);
    const isNext = all.length > 0 && all.at(-2)! + all.at(-1)! === begin;
    if (isNext) all[all.length - 1]! += length;
    else all.push(begin, length);
  }
  return all;
}
