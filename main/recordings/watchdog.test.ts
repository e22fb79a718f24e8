import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Watchdog } from './watchdog.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

it('begins anew with the same timer when it is armed for the same again', () => {
  const watchdog = new Watchdog();
  const missed = vi.fn();
  watchdog.arm(1000, 'a word', missed);
  const setTimer = vi.spyOn(globalThis, 'setTimeout');
  for (let beat = 0; beat < 5; beat += 1) {
    vi.advanceTimersByTime(999);
    watchdog.arm(1000, 'a word', missed);
  }
  expect(missed).not.toHaveBeenCalled();
  expect(setTimer).not.toHaveBeenCalled();
  vi.advanceTimersByTime(1000);
  expect(missed).toHaveBeenCalledTimes(1);
  vi.advanceTimersByTime(10_000);
  expect(missed).toHaveBeenCalledTimes(1);
});

it('has one deadline at a time', () => {
  const watchdog = new Watchdog();
  const missed: string[] = [];
  const expects = (timeoutMs: number, what: string): void => watchdog.arm(timeoutMs, what, () => missed.push(what));
  expects(1000, 'a word');
  expects(500, 'another');
  vi.advanceTimersByTime(2000);
  expect(missed).toEqual(['another']);
  // What was missed is expected again, with a timer of its own.
  expects(500, 'another');
  vi.advanceTimersByTime(500);
  expect(missed).toEqual(['another', 'another']);
  expects(500, 'another');
  expects(700, 'another');
  vi.advanceTimersByTime(699);
  expect(missed).toHaveLength(2);
  watchdog.disarm();
  vi.advanceTimersByTime(10_000);
  expect(missed).toHaveLength(2);
});
