/** The hours in which uploads may run. Pure. */

export interface UploadWindow {
  /** `HH:MM`, the first minute. */
  from: string;
  /** `HH:MM`, the minute it ends; earlier than `from` means the next day. */
  to: string;
  /** IANA name; null means the machine's. */
  timeZone: string | null;
}

const MINUTE_MS = 60_000;
/** A window inside the hour that a change of the clock leaves out does not open on that day. */
const SEARCH_MINUTES = 3 * 24 * 60;

export function isOpen(window: UploadWindow, nowMs: number): boolean {
  const minute = minuteOfDay(nowMs, window.timeZone);
  const from = minutesOf(window.from);
  const to = minutesOf(window.to);
  return from < to ? minute >= from && minute < to : minute >= from || minute < to;
}

/** When the window opens next: `nowMs` itself while it is open, otherwise the beginning of a minute. */
export function nextOpeningMs(window: UploadWindow, nowMs: number): number {
  if (isOpen(window, nowMs)) return nowMs;
  // Minute by minute, because a day may have 23 or 25 hours and the window may come twice; a search takes a few milliseconds.
  const first = Math.floor(nowMs / MINUTE_MS) + 1;
  let minute = first;
  while (!isOpen(window, minute * MINUTE_MS) && minute < first + SEARCH_MINUTES) minute += 1;
  return minute * MINUTE_MS;
}

function minutesOf(time: string): number {
  const [hours = 0, minutes = 0] = time.split(':').map(Number);
  return hours * 60 + minutes;
}

const formats = new Map<string, Intl.DateTimeFormat>();

function minuteOfDay(atMs: number, timeZone: string | null): number {
  const key = timeZone ?? '';
  let format = formats.get(key);
  if (format === undefined) {
    const zone = timeZone === null ? {} : { timeZone };
    format = new Intl.DateTimeFormat('en', { hour: '2-digit', minute: '2-digit', hourCycle: 'h23', ...zone });
    formats.set(key, format);
  }
  return minutesOf(format.format(atMs));
}
