import { expect, it } from 'vitest';
import { FakeBox, HEALTHY } from '../../test/support/fake-box.ts';
import { createReadiness } from './readiness.ts';

function rig() {
  const box = new FakeBox();
  const state = { nowMs: 0, writes: 0, isBroken: false };
  const readiness = createReadiness({
    box,
    tryToWrite: () => {
      state.writes += 1;
      if (state.isBroken) throw new Error('disk I/O error');
    },
    nowMs: () => state.nowMs,
  });
  return { box, state, readiness };
}

it('is what the box says, and whether its database can be written', async () => {
  const { box, state, readiness } = rig();
  expect(await readiness()).toEqual({ ready: true, problems: [], room: { mixed: 7, singles: 5, sound: 90 } });
  box.healthNow = { ...HEALTHY, accepting: false, problems: ['AT_CAPACITY'] };
  state.isBroken = true;
  state.nowMs = 1000;
  expect(await readiness()).toMatchObject({ ready: false, problems: ['AT_CAPACITY', 'DISK_FAULT'] });
  box.failure = new Error('database is locked');
  state.nowMs = 2000;
  expect(await readiness()).toEqual({
    ready: false,
    problems: ['DISK_FAULT'],
    room: { mixed: 0, singles: 0, sound: 0 },
  });
});

it('writes at most once a second, however many ask', async () => {
  const { state, readiness } = rig();
  await Promise.all(Array.from({ length: 50 }, readiness));
  state.nowMs = 999;
  await readiness();
  expect(state.writes).toBe(1);
  state.nowMs = 1000;
  await readiness();
  expect(state.writes).toBe(2);
});
