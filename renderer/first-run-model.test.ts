import { expect, it } from 'vitest';
import { hoursOfRoom, STEPS, sampleRequest, stepAfter, stepBefore } from './first-run-model.ts';

it('goes through all steps and back', () => {
  const forth = STEPS.map((_, index) => STEPS.slice(0, index).reduce((step) => stepAfter(step), STEPS[0]));
  expect(forth).toEqual([...STEPS]);
  expect(stepAfter('done')).toBe('done');
  expect(stepBefore('cos')).toBe('storage');
  expect(stepBefore('storage')).toBeNull();
});

it('counts whole hours above the reserve, none below it, and says nothing of a disk that is away', () => {
  const storage = { directory: '/x', reserveBytes: 2e9, fromEnvironment: false };
  expect(hoursOfRoom({ ...storage, freeBytes: 12.9e9 }, 1e9)).toBe(10);
  expect(hoursOfRoom({ ...storage, freeBytes: 1e9 }, 1e9)).toBe(0);
  expect(hoursOfRoom({ ...storage, freeBytes: null }, 1e9)).toBeNull();
  expect(hoursOfRoom({ ...storage, freeBytes: 1e9 }, undefined)).toBeNull();
});

it('the sample is a request that a shell can send, with the saved place and a token where one is needed', () => {
  const place = { Region: 'ap-shanghai', Bucket: 'b-1', Path: "/it's" };
  const sample = sampleRequest({ origin: 'https://box:8787', needsToken: true, place });
  expect(sample).toContain("-H 'authorization: Bearer TOKEN'");
  expect(sample).toContain('https://box:8787/api/recordings');
  const json = /-d '([\s\S]*)'$/.exec(sample)?.[1]?.replaceAll("'\\''", "'") ?? '';
  expect(JSON.parse(json)).toMatchObject({ CosConfig: place, Mode: '12' });
  expect(sampleRequest({ origin: 'x', needsToken: false, place: null })).not.toContain('authorization');
});
