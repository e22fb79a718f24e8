import { expect, it } from 'vitest';
import { createTurns } from './turns.ts';

const { signal } = new AbortController();

it('runs so many at a time, in the order in which they were asked for, and hands on what comes of them', async () => {
  const inTurn = createTurns(2);
  const begun: number[] = [];
  const ends = Array.from({ length: 5 }, () => Promise.withResolvers<number>());
  const works = ends.map(({ promise }, index) =>
    inTurn(async () => {
      begun.push(index);
      return await promise;
    }, signal),
  );
  const outcomes = Promise.allSettled(works);
  await expect.poll(() => begun).toEqual([0, 1]);
  ends[1]!.reject(new Error('no'));
  await expect.poll(() => begun).toEqual([0, 1, 2]);
  for (const [index, { resolve }] of ends.entries()) resolve(index);
  const [first, second, ...rest] = await outcomes;
  expect(first).toMatchObject({ value: 0 });
  expect(second).toMatchObject({ reason: { message: 'no' } });
  expect(rest).toMatchObject([{ value: 2 }, { value: 3 }, { value: 4 }]);
  expect(begun).toEqual([0, 1, 2, 3, 4]);
});

it('who gives up while he waits is not run and holds nobody back', async () => {
  const inTurn = createTurns(1);
  const first = Promise.withResolvers<void>();
  const begun: string[] = [];
  const running = inTurn(() => first.promise, signal);
  const given = new AbortController();
  const waiting = inTurn(async () => begun.push('given up'), given.signal);
  const next = inTurn(async () => begun.push('next'), signal);
  given.abort(new Error('given up'));
  await expect(waiting).rejects.toThrow('given up');
  first.resolve();
  await Promise.all([running, next]);
  expect(begun).toEqual(['next']);
});
