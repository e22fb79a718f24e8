/** Hours, minutes and seconds: `1:02:03`, `2:03` below an hour. */
export function formatLength(durationMs: number): string {
  const seconds = Math.max(0, Math.floor(durationMs / 1000));
  const two = (value: number) => String(value).padStart(2, '0');
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor(seconds / 60) % 60;
  return hours > 0 ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`;
}

const formatters = new Map<string, unknown>();

/** The formatter of that name, made once: making one takes longer than a hundred uses of it. */
export function kept<Formatter>(name: string, make: () => Formatter): Formatter {
  const known = formatters.get(name) as Formatter | undefined;
  if (known !== undefined) return known;
  const made = make();
  formatters.set(name, made);
  return made;
}

const UNITS = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte'] as const;

/** Bytes in decimal units with three digits at most: `12.3 MB`. */
export function formatSize(bytes: number, language: string): string {
  let value = Math.max(0, bytes);
  let unit = 0;
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1000;
    unit += 1;
  }
  const style = {
    style: 'unit',
    unit: UNITS[unit] ?? 'byte',
    unitDisplay: 'short',
    maximumSignificantDigits: 3,
  } as const;
  return kept(`size ${language} ${style.unit}`, () => new Intl.NumberFormat(language, style)).format(value);
}

/** Date and time as people of a language write them, in the reader's own time zone. */
export function formatTime(iso: string, language: string): string {
  const style = { dateStyle: 'medium', timeStyle: 'short' } as const;
  return kept(`time ${language}`, () => new Intl.DateTimeFormat(language, style)).format(new Date(iso));
}

const STEPS = [
  { unit: 'day', ms: 86_400_000 },
  { unit: 'hour', ms: 3_600_000 },
  { unit: 'minute', ms: 60_000 },
  { unit: 'second', ms: 1000 },
] as const;

/** How far a moment is away: `in 40 seconds`, `2 hours ago`. */
export function formatDistance(iso: string, nowMs: number, language: string): string {
  const awayMs = Date.parse(iso) - nowMs;
  const step = STEPS.find(({ ms }) => Math.abs(awayMs) >= ms) ?? STEPS[3];
  return kept(`distance ${language}`, () => new Intl.RelativeTimeFormat(language, { numeric: 'auto' })).format(
    Math.round(awayMs / step.ms),
    step.unit,
  );
}
