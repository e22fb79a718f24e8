import type { RecordingRow } from '../store/rows.ts';
import type { Store } from '../store/store.ts';

/** What is counted over all recordings since the box started; it only ever grows. */
export interface CaptureCounts {
  picturesSent: number;
  picturesSkipped: number;
  framesDropped: number;
  sdkWarnings: number;
  sdkErrors: number;
}

export interface CaptureTotalsDeps {
  store: {
    recordings: Pick<Store['recordings'], 'capturing' | 'list' | 'get'>;
    sdkProblems: Pick<Store['sdkProblems'], 'list'>;
  };
  /** Wall clock, ms since 1970. */
  now(): number;
}

const NOTHING: CaptureCounts = { picturesSent: 0, picturesSkipped: 0, framesDropped: 0, sdkWarnings: 0, sdkErrors: 0 };
const NAMES = Object.keys(NOTHING) as (keyof CaptureCounts)[];
/** Recordings that may begin and end between two looks. */
const RECENT = 50;
/** How far back a look goes for them, so that a small correction of the clock hides none. */
const OVERLAP_MS = 60_000;

/**
 * Adds up what recordings count, from those rows alone that can have changed: reading all of them at every scrape would hold the box up
 * once there are many. Recordings that were over before the first look are left out.
 */
export class CaptureTotals {
  readonly #deps: CaptureTotalsDeps;
  /** Of recordings that are over, seen while they changed. */
  #settled: CaptureCounts = NOTHING;
  readonly #running = new Map<string, CaptureCounts>();
  /** Recordings in `#settled` that a look may come upon again. */
  #recentlySettled = new Set<string>();
  #lookedAtMs: number;
  #speed = 1;

  constructor(deps: CaptureTotalsDeps) {
    this.#deps = deps;
    this.#lookedAtMs = deps.now();
  }

  /**
   * Looks at the rows now. `encodeSpeed` is the share of pictures due since the last look that the encoder of the slowest recording took;
   * 1 when all keep up.
   */
  look(): { counts: CaptureCounts; encodeSpeed: number } {
    const { store, now } = this.#deps;
    const capturing = new Map(store.recordings.capturing().map((row) => [row.id, row]));
    const sinceMs = this.#lookedAtMs - OVERLAP_MS;
    const recent = store.recordings.list({ limit: RECENT }).filter(({ createdAtMs }) => createdAtMs >= sinceMs);
    const known = [...this.#running.keys()].flatMap((id) => store.recordings.get(id) ?? []);
    const rows = new Map([...recent, ...known, ...capturing.values()].map((row) => [row.id, row]));
    this.#speed = 1;
    for (const [id, before] of [...this.#running]) if (!rows.has(id)) this.#settle(id, before);
    for (const row of rows.values()) {
      if (!this.#recentlySettled.has(row.id)) this.#count(row, capturing.has(row.id));
    }
    const stillRecent = new Set(recent.map(({ id }) => id));
    this.#recentlySettled = new Set([...this.#recentlySettled].filter((id) => stillRecent.has(id)));
    this.#lookedAtMs = now();
    return { counts: sumOf([this.#settled, ...this.#running.values()]), encodeSpeed: this.#speed };
  }

  #count(row: RecordingRow, isCapturing: boolean): void {
    const before = this.#running.get(row.id) ?? NOTHING;
    const counts = this.#countsOf(row);
    const sent = counts.picturesSent - before.picturesSent;
    const skipped = counts.picturesSkipped - before.picturesSkipped;
    if (sent + skipped > 0) this.#speed = Math.min(this.#speed, sent / (sent + skipped));
    if (isCapturing) this.#running.set(row.id, counts);
    else this.#settle(row.id, counts);
  }

  #settle(id: string, counts: CaptureCounts): void {
    this.#running.delete(id);
    this.#recentlySettled.add(id);
    this.#settled = sumOf([this.#settled, counts]);
  }

  #countsOf({ id, picturesSent, picturesSkipped, framesDropped }: RecordingRow): CaptureCounts {
    const problems = this.#deps.store.sdkProblems.list(id);
    const countOf = (wanted: string): number =>
      problems.filter(({ level }) => level === wanted).reduce((sum, { count }) => sum + count, 0);
    return {
      picturesSent,
      picturesSkipped,
      framesDropped,
      sdkWarnings: countOf('warning'),
      sdkErrors: countOf('error'),
    };
  }
}

function sumOf(all: readonly CaptureCounts[]): CaptureCounts {
  const sum = { ...NOTHING };
  for (const counts of all) for (const name of NAMES) sum[name] += counts[name];
  return sum;
}
