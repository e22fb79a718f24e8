const DURATION_NAMES = ['ms', 's', 'min', 'h', 'd'] as const;
const SIZE_NAMES = ['B', 'KB', 'MB', 'GB', 'TB', 'KiB', 'MiB', 'GiB'] as const;
const RATE_NAMES = ['Bps', 'kbps', 'Mbps', 'MBps'] as const;
const OTHER_NAMES = ['px', 'fps', 'LUFS', 'dB'] as const;
/** Names of units; the page has a word for each. */
export const UNIT_NAMES = [...DURATION_NAMES, ...SIZE_NAMES, ...RATE_NAMES, ...OTHER_NAMES] as const;
export type UnitName = (typeof UNIT_NAMES)[number];

export interface Unit {
  name: UnitName;
  /** How much of the setting's own unit one of these is. */
  size: number;
}

/** Units in which a number can be given, from small to large; empty for a bare number. */
export type Measure = readonly Unit[];

const KIB = 1024;

const DURATIONS: Measure = [
  { name: 'ms', size: 1 },
  { name: 's', size: 1000 },
  { name: 'min', size: 60_000 },
  { name: 'h', size: 3_600_000 },
  { name: 'd', size: 86_400_000 },
];
const DECIMAL_SIZES: Measure = [
  { name: 'B', size: 1 },
  { name: 'KB', size: 1e3 },
  { name: 'MB', size: 1e6 },
  { name: 'GB', size: 1e9 },
  { name: 'TB', size: 1e12 },
];
const BINARY_SIZES: Measure = [
  { name: 'B', size: 1 },
  { name: 'KiB', size: KIB },
  { name: 'MiB', size: KIB ** 2 },
  { name: 'GiB', size: KIB ** 3 },
];
const RATES: Measure = [
  { name: 'Bps', size: 1 },
  { name: 'kbps', size: 125 },
  { name: 'Mbps', size: 125_000 },
  { name: 'MBps', size: 1e6 },
];

/** By the end of a setting's key: keys carry their units. */
const SINGLE: readonly (readonly [RegExp, UnitName])[] = [
  [/Kbps$/, 'kbps'],
  [/Seconds$/, 's'],
  [/Hours$/, 'h'],
  [/Days$/, 'd'],
  [/Lufs$/, 'LUFS'],
  [/Db$/, 'dB'],
  [/(^|\.)(width|height)$/, 'px'],
  [/(^|\.)fps$/, 'fps'],
];

/** The units for a setting, told by its key. */
export function measureOf(key: string, facts: { default: unknown; maximum: number | null }): Measure {
  const fitting = (units: Measure) => units.filter(({ size }) => facts.maximum === null || size <= facts.maximum);
  if (/Ms$/.test(key)) return fitting(DURATIONS);
  if (/BytesPerSecond$/.test(key)) return fitting(RATES);
  if (/Bytes$/.test(key)) {
    const isBinary = typeof facts.default === 'number' && facts.default > 0 && facts.default % KIB ** 2 === 0;
    return fitting(isBinary ? BINARY_SIZES : DECIMAL_SIZES);
  }
  const name = SINGLE.find(([end]) => end.test(key))?.[1];
  return name === undefined ? [] : [{ name, size: 1 }];
}

/** A number as it stands in a field: exact, without grouping. */
export interface Amount {
  text: string;
  /** Null for a bare number. */
  unit: UnitName | null;
}

/** The shortest exact way to say a value: the largest unit in which it is whole. `standard` chooses the unit of 0. */
export function amountOf(value: number, measure: Measure, standard: unknown = null): Amount {
  if (value === 0 && typeof standard === 'number' && standard !== 0) {
    return { text: '0', unit: amountOf(standard, measure).unit };
  }
  const unit = value === 0 ? measure[0] : measure.findLast(({ size }) => value % size === 0);
  return { text: plain(unit ? value / unit.size : value), unit: unit?.name ?? measure[0]?.name ?? null };
}

/** Never `1e+21`. */
function plain(value: number): string {
  return Number.isInteger(value) ? BigInt(value).toString() : String(value);
}

const DECIMAL = /^([+-]?)(\d+)(?:\.(\d*))?$/;

/**
 * What a person typed, in the setting's own unit and exactly: 1.5 GB are 1,500,000,000 bytes.
 * @returns null for what is no number; NaN for a number that the setting's unit cannot say exactly, like half a byte
 */
export function readAmount({ text, unit }: Amount, measure: Measure, isWhole: boolean): number | null {
  const match = DECIMAL.exec(text.normalize('NFKC').replace('−', '-').trim());
  if (!match) return null;
  const [, sign = '', whole = '0', fraction = ''] = match;
  const unitSize = measure.find(({ name }) => name === unit)?.size ?? 1;
  if (!isWhole) return Number(`${sign}${whole}.${fraction || '0'}`) * unitSize;
  const size = BigInt(unitSize);
  const scale = 10n ** BigInt(fraction.length);
  const scaled = BigInt(whole + fraction) * size;
  if (scaled % scale !== 0n) return Number.NaN;
  const value = Number(scaled / scale);
  return sign === '-' && value !== 0 ? -value : value;
}
