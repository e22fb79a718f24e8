import { describe, expect, it } from 'vitest';
import { defaultSettings } from '../settings/settings.ts';
import { nextPace, paceOf, SLOWEST_PACE } from './pace.ts';

const MIB = 1024 ** 2;
const { upload } = defaultSettings();

describe('the pace of uploads', () => {
  it.each([
    [0, 3, 8 * MIB],
    [1, 1, 4 * MIB],
    [2, 1, 2 * MIB],
    [3, 1, MIB],
    [9, 1, MIB],
  ])('at level %i', (level, partsInFlight, partBytes) => {
    expect(paceOf(level, upload)).toEqual({ partsInFlight, partBytes });
  });

  it('never has more parts in flight than a limited line can carry', () => {
    expect(paceOf(0, { ...upload, partsInFlight: 8, maxBytesPerSecond: 200_000 }).partsInFlight).toBe(3);
    expect(paceOf(0, { ...upload, maxBytesPerSecond: 16_384 }).partsInFlight).toBe(1);
    expect(paceOf(0, { ...upload, maxBytesPerSecond: 1e9 }).partsInFlight).toBe(3);
  });

  it('falls with each try that was too slow, and rises again with each that brought something over', () => {
    const slow = { slow: true, progressBytes: 5 };
    const offline = { slow: false, progressBytes: 0 };
    const better = { slow: false, progressBytes: 1 };
    const levels: number[] = [];
    [slow, slow, offline, slow, slow, better, offline, better, better, better].reduce((level, ended) => {
      levels.push(nextPace(level, ended));
      return nextPace(level, ended);
    }, 0);
    expect(levels).toEqual([1, 2, 2, SLOWEST_PACE, SLOWEST_PACE, 2, 2, 1, 0, 0]);
  });
});
