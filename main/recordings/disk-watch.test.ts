import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { silentLogger } from '../logging.ts';
import {
  AWAY_GRACE_MS,
  DISK_AT_EASE,
  type DiskFacts,
  DiskWatch,
  type DiskWatchDeps,
  FINALIZE_MARGIN_BYTES,
  judgeDisk,
} from './disk-watch.ts';

const GB = 1e9;
const LIMITS = { reserveBytes: 2 * GB, dataReserveBytes: 0.2 * GB };
const EASY: DiskFacts = { freeBytes: 50 * GB, dataFreeBytes: 50 * GB, borrowedBytes: 0, running: [] };
const RUNNING = [
  { id: 'long', copyBytes: 5 * GB },
  { id: 'short', copyBytes: 0.1 * GB },
];

function judge(facts: Partial<DiskFacts>, before = DISK_AT_EASE, nowMs = 0) {
  return judgeDisk({ ...EASY, ...facts }, LIMITS, before, nowMs);
}

describe('what the free space allows', () => {
  it('everything while there is room', () => {
    expect(judge({ running: RUNNING })).toEqual({ state: DISK_AT_EASE, stop: [], wantedBytes: 0 });
  });

  it('at the reserve all recordings end: ending fewer would give nothing back', () => {
    const verdict = judge({ freeBytes: 2 * GB - 1, running: RUNNING });
    expect(verdict).toMatchObject({ state: { isLow: true }, stop: ['long', 'short'] });
    expect(verdict.wantedBytes).toBeGreaterThan(0);
  });

  it('before that, a recording ends alone when its copy would not fit any more', () => {
    const edge = 5 * GB + FINALIZE_MARGIN_BYTES;
    expect(judge({ freeBytes: edge, running: RUNNING }).stop).toEqual([]);
    expect(judge({ freeBytes: edge - 1, running: RUNNING })).toMatchObject({ state: { isLow: false }, stop: ['long'] });
  });

  it('copies that are being written are given back, so they end nobody, down to a floor', () => {
    const copying = { freeBytes: 1 * GB, borrowedBytes: 1.5 * GB, running: [RUNNING[1]!] };
    expect(judge(copying)).toMatchObject({ state: { isLow: false }, stop: [] });
    expect(judge({ ...copying, freeBytes: 0.2 * GB, borrowedBytes: 4 * GB }).stop).toEqual(['short']);
  });

  it('the disk of the database counts with a reserve of its own', () => {
    expect(judge({ dataFreeBytes: 0.19 * GB, running: RUNNING }).stop).toEqual(['long', 'short']);
    expect(judge({ dataFreeBytes: null, running: RUNNING }).stop).toEqual([]);
  });

  it('takes recordings again only when there is clearly more', () => {
    const low = { isLow: true, awaySinceMs: null };
    expect(judge({ freeBytes: 2.05 * GB }, low).state.isLow).toBe(true);
    expect(judge({ freeBytes: 2.1 * GB }, low).state.isLow).toBe(false);
  });

  it('a disk that is away ends what is recorded only after a grace, and forgets nothing of before', () => {
    const away = { freeBytes: null, running: RUNNING };
    const first = judge(away, { isLow: true, awaySinceMs: null }, 1_000);
    expect(first).toEqual({ state: { isLow: true, awaySinceMs: 1_000 }, stop: [], wantedBytes: 0 });
    expect(judge(away, first.state, 1_000 + AWAY_GRACE_MS - 1).stop).toEqual([]);
    expect(judge(away, first.state, 1_000 + AWAY_GRACE_MS).stop).toEqual(['long', 'short']);
    expect(judge({ running: RUNNING }, first.state, 2_000).state.awaySinceMs).toBeNull();
  });

  it('whatever is free: what goes on recording can still be finalized, and no more is asked for than is missing', () => {
    const bytes = fc.integer({ min: 0, max: 20 * GB });
    const running = fc
      .array(bytes, { maxLength: 8 })
      .map((all) => all.map((copyBytes, id) => ({ id: `${id}`, copyBytes })));
    fc.assert(
      fc.property(bytes, bytes, running, fc.boolean(), (freeBytes, borrowedBytes, all, isLow) => {
        const facts = { ...EASY, freeBytes, borrowedBytes, running: all };
        const { stop, wantedBytes, state } = judgeDisk(facts, LIMITS, { isLow, awaySinceMs: null }, 0);
        for (const { id, copyBytes } of all.filter((one) => !stop.includes(one.id))) {
          expect(freeBytes + borrowedBytes, id).toBeGreaterThanOrEqual(copyBytes);
          expect(freeBytes + borrowedBytes).toBeGreaterThanOrEqual(LIMITS.reserveBytes);
        }
        if (state.isLow) expect(stop).toHaveLength(all.length);
        if (stop.length > 0 && freeBytes >= LIMITS.reserveBytes && !state.isLow) expect(wantedBytes).toBeGreaterThan(0);
        expect(wantedBytes).toBeLessThanOrEqual(20 * GB + FINALIZE_MARGIN_BYTES + LIMITS.reserveBytes);
      }),
    );
  });
});

describe('the watch', () => {
  let facts: DiskFacts;
  let stopped: string[];
  let noted: string[];
  let relieved: number;
  let watch: DiskWatch;
  beforeEach(() => {
    vi.useFakeTimers();
    facts = EASY;
    stopped = [];
    noted = [];
    relieved = 0;
  });
  afterEach(async () => {
    await watch.stop();
    vi.useRealTimers();
  });

  function start(changes: Partial<DiskWatchDeps> = {}): DiskWatch {
    watch = new DiskWatch({
      limits: LIMITS,
      measure: async () => facts,
      evict: async () => 0,
      stop: (id) => stopped.push(id),
      note: (type) => noted.push(type),
      onRelief: () => {
        relieved += 1;
      },
      log: silentLogger(),
      nowMs: () => performance.now(),
      ...changes,
    });
    watch.start();
    return watch;
  }

  it('ends recordings at the reserve, refuses new ones, and is at ease again without a restart', async () => {
    facts = { ...EASY, running: RUNNING };
    start();
    await vi.advanceTimersByTimeAsync(0);
    expect(await watch.problems()).toEqual([]);
    facts = { ...facts, freeBytes: 1 * GB };
    expect(await watch.problems()).toEqual(['DISK_RESERVE']);
    expect(stopped).toEqual([]);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(stopped).toEqual(['long', 'short']);
    facts = { ...EASY, freeBytes: 40 * GB };
    await vi.advanceTimersByTimeAsync(2_000);
    expect(await watch.problems()).toEqual([]);
    expect(noted).toEqual(['diskReserve', 'diskRecovered']);
    expect(relieved).toBe(1);
  });

  it('removes proven files first, and ends nobody when that was enough', async () => {
    facts = { ...EASY, freeBytes: 1.9 * GB, running: [RUNNING[1]!] };
    const asked: number[] = [];
    start({
      evict: async (bytes) => {
        asked.push(bytes);
        facts = { ...facts, freeBytes: 1.9 * GB + bytes };
        return bytes;
      },
    });
    await vi.advanceTimersByTimeAsync(0);
    expect(asked).toHaveLength(1);
    expect(stopped).toEqual([]);
    expect(noted).toEqual([]);
    await vi.advanceTimersByTimeAsync(4_000);
    expect(asked).toHaveLength(1);
  });

  it('survives rows that cannot be written and disks that cannot be asked, and wishes again at the next look', async () => {
    facts = { ...EASY, freeBytes: 1 * GB, running: RUNNING };
    let isBroken = true;
    const full = () => {
      if (isBroken) throw Object.assign(new Error('database or disk is full'), { code: 'SQLITE_FULL' });
    };
    start({
      stop: (id) => {
        full();
        stopped.push(id);
      },
      note: full,
    });
    await vi.advanceTimersByTimeAsync(10_000);
    expect(stopped).toEqual([]);
    isBroken = false;
    await vi.advanceTimersByTimeAsync(2_000);
    expect(stopped).toEqual(['long', 'short']);
  });

  it('tells when the disk goes and when it comes back', async () => {
    start();
    await vi.advanceTimersByTimeAsync(0);
    facts = { ...EASY, freeBytes: null };
    await vi.advanceTimersByTimeAsync(10_000);
    expect(await watch.problems()).toEqual(['DISK_AWAY']);
    expect(watch.freeBytes).toBeNull();
    facts = EASY;
    await vi.advanceTimersByTimeAsync(10_000);
    expect(noted).toEqual(['diskAway', 'diskBack']);
    expect(relieved).toBe(1);
  });
});
