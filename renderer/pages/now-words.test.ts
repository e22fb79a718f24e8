import { describe, expect, it } from 'vitest';
import { hoursAndShares, participantWords, roundHours } from './now-words.ts';

const BOTH = { video: true, audio: true };
const TALKER = {
  slot: 0,
  isInRoom: true,
  audio: true,
  video: true,
  screen: false,
  talking: true,
  picture: 'live',
} as const;

describe('a participant in words', () => {
  it.each([
    [{}, BOTH, ['talking']],
    [{ talking: false }, BOTH, ['quiet']],
    [{ audio: false, talking: false }, BOTH, ['muted']],
    [{ video: false, picture: 'none' }, BOTH, ['talking', 'cameraOff']],
    [{ video: false, picture: 'held' }, BOTH, ['talking', 'cameraHeld']],
    [{ picture: 'held' }, BOTH, ['talking', 'stalled']],
    [{ screen: true }, BOTH, ['talking', 'screen']],
    [{ isInRoom: false, picture: 'held' }, BOTH, ['leftHeld']],
    [{ isInRoom: false, picture: 'none' }, BOTH, ['left']],
    [{ slot: null, talking: false }, BOTH, ['waiting']],
    [{ video: false, picture: 'none' }, { video: false, audio: true }, ['talking']],
    [{ isInRoom: false, picture: 'held' }, { video: false, audio: true }, ['left']],
    [{ audio: false }, { video: true, audio: false }, []],
  ] as const)('%j where %j is recorded', (changes, media, words) => {
    expect(participantWords({ ...TALKER, ...changes }, media)).toEqual(words);
  });
});

describe('what the disk has room for', () => {
  const disk = { freeBytes: 52e9, totalBytes: 100e9, reserveBytes: 2e9, bytesPerHour: 1e9 };

  it('are hours above the reserve, and shares', () => {
    expect(hoursAndShares(disk)).toEqual({ hours: 50, shares: { taken: 0.48, reserve: 0.02 } });
  });

  it('is not told of a disk that is away, or whose size nobody knows', () => {
    expect(hoursAndShares({ ...disk, freeBytes: null })).toEqual({ hours: null, shares: null });
    expect(hoursAndShares({ ...disk, totalBytes: null }).shares).toBeNull();
  });

  it('is never less than nothing', () => {
    expect(hoursAndShares({ ...disk, freeBytes: 1e9 }).hours).toBe(0);
  });

  it.each([
    [0, 'minutes', 0],
    [1.99, 'minutes', 119],
    [31.7, 'hours', 31],
    [240, 'days', 10],
  ] as const)('%s hours are %s: %s', (hours, unit, count) => {
    expect(roundHours(hours)).toEqual({ unit, count });
  });
});
