import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isOpen, nextOpeningMs, type UploadWindow } from './upload-window.ts';

const at = (text: string): number => Date.parse(text);
const NIGHT: UploadWindow = { from: '20:00', to: '06:00', timeZone: 'Asia/Shanghai' };

describe('a window over midnight', () => {
  it.each([
    ['2026-03-01T11:59:59Z', false, '2026-03-01T12:00:00Z'],
    ['2026-03-01T12:00:00Z', true, '2026-03-01T12:00:00Z'],
    ['2026-03-01T18:30:00Z', true, '2026-03-01T18:30:00Z'],
    ['2026-03-01T21:59:59Z', true, '2026-03-01T21:59:59Z'],
    ['2026-03-01T22:00:00Z', false, '2026-03-02T12:00:00Z'],
  ])('at %s', (now, open, opens) => {
    expect(isOpen(NIGHT, at(now))).toBe(open);
    expect(nextOpeningMs(NIGHT, at(now))).toBe(at(opens));
  });
});

describe('clocks that are changed', () => {
  const berlin = (from: string, to: string): UploadWindow => ({ from, to, timeZone: 'Europe/Berlin' });
  it.each([
    // On 29 March 2026 the clock goes from 02:00 to 03:00, on 25 October from 03:00 back to 02:00.
    ['the day is shorter', berlin('04:00', '04:30'), '2026-03-28T22:00:00Z', '2026-03-29T02:00:00Z'],
    ['the day is longer', berlin('04:00', '04:30'), '2026-10-24T21:00:00Z', '2026-10-25T03:00:00Z'],
    ['the beginning is left out', berlin('02:30', '05:00'), '2026-03-29T00:00:00Z', '2026-03-29T01:00:00Z'],
    ['all of it is left out', berlin('02:10', '02:40'), '2026-03-29T00:00:00Z', '2026-03-30T00:10:00Z'],
    ['the beginning comes twice', berlin('02:30', '02:45'), '2026-10-25T00:50:00Z', '2026-10-25T01:30:00Z'],
  ])('%s', (_name, window, now, opens) => {
    expect(nextOpeningMs(window, at(now))).toBe(at(opens));
  });

  it('the opening is the first open minute from now on, whatever the zone', () => {
    const minute = fc.integer({ min: 0, max: 24 * 60 - 1 });
    const text = (value: number): string =>
      `${String(Math.floor(value / 60)).padStart(2, '0')}:${String(value % 60).padStart(2, '0')}`;
    const zone = fc.constantFrom('Europe/Berlin', 'Asia/Shanghai', 'Australia/Lord_Howe', 'America/St_Johns', 'UTC');
    const day = fc.integer({ min: at('2026-01-01T00:00:00Z') / 60_000, max: at('2027-01-01T00:00:00Z') / 60_000 });
    fc.assert(
      fc.property(minute, minute, zone, day, (from, to, timeZone, nowMinute) => {
        fc.pre(from !== to);
        const window = { from: text(from), to: text(to), timeZone };
        const opens = nextOpeningMs(window, nowMinute * 60_000);
        expect(isOpen(window, opens)).toBe(true);
        for (let before = opens - 60_000; before >= nowMinute * 60_000; before -= 7 * 60_000) {
          expect(isOpen(window, before)).toBe(false);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('takes the machine’s zone when none is named', () => {
    const nowMs = Date.now();
    const local = new Date(nowMs);
    const from = `${String(local.getHours()).padStart(2, '0')}:${String(local.getMinutes()).padStart(2, '0')}`;
    const next = new Date(nowMs + 60_000);
    const to = `${String(next.getHours()).padStart(2, '0')}:${String(next.getMinutes()).padStart(2, '0')}`;
    expect(isOpen({ from, to, timeZone: null }, nowMs)).toBe(true);
  });
});
