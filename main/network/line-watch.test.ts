import { expect, it } from 'vitest';
import { createFakeClock } from '../../test/support/fake-clock.ts';
import { watchLine } from './line-watch.ts';

it('tells of other addresses, not of the same in another order, and not of a cable that was pulled', async () => {
  const clock = createFakeClock();
  let addresses = ['10.0.0.5', 'fe80::1'];
  let told = 0;
  const stop = watchLine({ clock, addresses: () => addresses, onChanged: () => (told += 1), everyMs: 1000 });
  addresses = ['fe80::1', '10.0.0.5'];
  await clock.advance(3000);
  addresses = [];
  await clock.advance(1000);
  expect(told).toBe(0);
  addresses = ['192.168.1.7'];
  await clock.advance(1000);
  expect(told).toBe(1);
  await clock.advance(5000);
  expect(told).toBe(1);
  stop();
  addresses = ['10.9.9.9'];
  await clock.advance(5000);
  expect(told).toBe(1);
});

it('reads the machine’s own addresses', () => {
  const stop = watchLine({ clock: createFakeClock(), onChanged: () => {} });
  expect(stop).not.toThrow();
});
