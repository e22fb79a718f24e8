/** Height of the shape's field; its width is one per bar. */
export const FIELD_HEIGHT = 100;
/** The quietest bar is still seen. */
const LOWEST = 2;

/** The loudest of each stretch, so that as many bars as wanted stand for all peaks. Fewer peaks than bars stay as they are. */
export function barsOf(peaks: readonly number[], bars: number): number[] {
  if (peaks.length <= bars) return [...peaks];
  return Array.from({ length: bars }, (_, bar) => {
    const from = Math.floor((bar * peaks.length) / bars);
    const to = Math.floor(((bar + 1) * peaks.length) / bars);
    return Math.max(...peaks.slice(from, Math.max(to, from + 1)));
  });
}

/** SVG path of bars mirrored about the middle. Peaks are 0…1; their root is drawn, as ears are no rulers. */
export function shapeOf(peaks: readonly number[]): string {
  const middle = FIELD_HEIGHT / 2;
  return peaks
    .map((peak, index) => {
      const half = Math.max(LOWEST, Math.sqrt(Math.min(1, Math.max(0, peak))) * FIELD_HEIGHT) / 2;
      return `M${index + 0.5} ${round(middle - half)}V${round(middle + half)}`;
    })
    .join('');
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

const STEP_S = 5;
const PAGE_S = 60;

/** Where a key takes the player; null when it is no key of a slider. */
export function seekByKey(key: string, atSeconds: number, lengthSeconds: number): number | null {
  const to = {
    ArrowRight: atSeconds + STEP_S,
    ArrowUp: atSeconds + STEP_S,
    ArrowLeft: atSeconds - STEP_S,
    ArrowDown: atSeconds - STEP_S,
    PageUp: atSeconds + PAGE_S,
    PageDown: atSeconds - PAGE_S,
    Home: 0,
    End: lengthSeconds,
  }[key];
  return to === undefined ? null : Math.min(lengthSeconds, Math.max(0, to));
}
