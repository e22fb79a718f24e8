import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { unzip } from '../../test/support/unzip.ts';
import { type BundlePart, packBundle, type Scrub, scrubberOf } from './bundle.ts';

const NO_SCRUB: Scrub = (text) => text;
const pack = async (parts: readonly BundlePart[], scrub = NO_SCRUB) =>
  await unzip(await buffer(packBundle(parts, scrub, new Date(1_900_000_000_000))));

it('holds every part, in order; one that fails becomes a note and spoils no other', async () => {
  const files = await pack([
    { name: 'a.txt', make: async () => 'alpha\n' },
    { name: 'b.json', make: () => Promise.reject(new Error('no such thing')) },
    { name: 'logs/c.log', make: async () => Readable.from([Buffer.from('one\ntw'), Buffer.from('o\nend')]) },
    { name: 'empty.log', make: async () => Readable.from([]) },
    { name: 'd.txt', make: async () => 'delta' },
  ]);
  expect([...files]).toEqual([
    ['a.txt', 'alpha\n'],
    ['b.json.missing.txt', 'This could not be gathered: no such thing\n'],
    ['logs/c.log', 'one\ntwo\nend'],
    ['empty.log', ''],
    ['d.txt', 'delta'],
  ]);
});

it('a stream that breaks off keeps what came, and the parts behind it come as well', async () => {
  const torn = async function* () {
    yield Buffer.from('before\n');
    throw new Error('the disk is gone');
  };
  const files = await pack([
    { name: 'torn.log', make: async () => Readable.from(torn()) },
    { name: 'after.txt', make: async () => 'after' },
  ]);
  expect(files.get('torn.log')).toBe('before\n');
  expect(files.get('after.txt')).toBe('after');
});

it('a reader who leaves ends the work', async () => {
  let made = 0;
  const parts = Array.from({ length: 50 }, (_, index) => ({
    name: `${index}.log`,
    make: async () => {
      made += 1;
      return Readable.from(Array.from({ length: 50 }, () => Buffer.alloc(64 * 1024, Math.random() * 256)));
    },
  }));
  const stream = packBundle(parts, NO_SCRUB, new Date());
  stream.once('data', () => stream.destroy());
  await new Promise((resolve) => stream.once('close', resolve));
  const then = made;
  await new Promise((resolve) => setImmediate(resolve));
  expect(made).toBe(then);
  expect(made).toBeLessThan(50);
});

it('secrets are taken out wherever the stream is cut, in every spelling', async () => {
  const secret = 'se"cret+päss/1';
  const spelled = [secret, JSON.stringify(secret).slice(1, -1), encodeURIComponent(secret)];
  const text = `${spelled.map((one) => `key=${one};`).join('\n')}\n`;
  const scrub = scrubberOf([secret, null, undefined, 'abc']);
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(text.length), { maxLength: 6 }), async (cuts) => {
      const bytes = Buffer.from(text);
      const ends = [...new Set([...cuts, bytes.length])].sort((a, b) => a - b);
      const chunks = ends.map((end, index) => bytes.subarray(ends[index - 1] ?? 0, end));
      const files = await pack([{ name: 'x.log', make: async () => Readable.from(chunks) }], scrub);
      expect(files.get('x.log')).toBe('key=[redacted];\n'.repeat(3));
    }),
    { numRuns: 30 },
  );
  expect(scrubberOf(['abc'])('abc def')).toBe('abc def');
});
