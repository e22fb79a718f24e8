import { expect, it } from 'vitest';
import { FaultList } from './faults.ts';
import { parseTarget } from './target.ts';

const HOST = 'rec-1250000000.cos.ap-shanghai.myqcloud.com';
const part = (number: number) => parseTarget('PUT', `/a?partNumber=${number}&uploadId=x`, HOST);
const head = parseTarget('HEAD', '/a', HOST);

it('hits the nth matching request and as many as told', () => {
  const faults = new FaultList();
  faults.add({ match: { operation: 'uploadPart' }, nth: 2, times: 2, kind: 'hang' });
  expect(faults.take('HEAD', head).has('hang')).toBe(false);
  expect([1, 2, 3, 4].map((number) => faults.take('PUT', part(number)).has('hang'))).toEqual([
    false,
    true,
    true,
    false,
  ]);
});

it.each([
  [{ partNumber: 2 }, true],
  [{ partNumber: 3 }, false],
  [{ method: 'PUT', key: 'a' }, true],
  [{ method: 'POST' }, false],
  [{ key: 'b' }, false],
  [{}, true],
])('matches %j: %s', (match, hit) => {
  const faults = new FaultList();
  faults.add({ match, kind: 'hang' });
  expect(faults.take('PUT', part(2)).has('hang')).toBe(hit);
});

it('applies several faults at once and takes them back one by one or all', () => {
  const faults = new FaultList();
  const remove = faults.add({ kind: 'delay', delayMs: 5, times: 9 });
  faults.add({ kind: 'wrongCrc', times: 9 });
  const both = faults.take('HEAD', head);
  expect([both.find('delay')?.delayMs, both.has('wrongCrc')]).toEqual([5, true]);
  remove();
  const one = faults.take('HEAD', head);
  expect([one.has('delay'), one.has('wrongCrc')]).toEqual([false, true]);
  faults.clear();
  expect(faults.take('HEAD', head).has('wrongCrc')).toBe(false);
});
