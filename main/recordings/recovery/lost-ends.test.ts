import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createFinalizeRig, type FinalizeRig, pictureSegment } from '../../../test/support/finalize-rig.ts';
import { lostEnds } from './lost-ends.ts';
import { reconcile } from './reconcile.ts';

const torn = (startMs: number, endMs: number) => ({ startMs, endMs, closedAtMs: null });

describe('between segments', () => {
  it('the end of one that was never closed is missing up to the next one', () => {
    expect(lostEnds([torn(0, 4_470), torn(6_800, 7_290), torn(7_400, 7_400)], [])).toEqual([
      { atMs: 4_470, durationMs: 2_330, reason: 'captureDied', cut: false },
    ]);
  });

  it('nothing is missing where one was closed, where they tile, and where it was told', () => {
    expect(lostEnds([{ startMs: 0, endMs: 0, closedAtMs: 1 }, torn(6_800, 7_290)], [])).toEqual([]);
    expect(lostEnds([torn(0, 4_470), torn(4_600, 7_290)], [])).toEqual([]);
    expect(lostEnds([torn(2_000, 2_000), torn(4_600, 7_290)], [])).toEqual([]);
    expect(lostEnds([torn(0, 4_470), torn(9_000, 9_500)], [{ atMs: 4_470, durationMs: 4_530, cut: false }])).toEqual(
      [],
    );
    // What was left out of the timeline takes no time on it.
    expect(
      lostEnds([torn(0, 4_000), torn(9_000, 9_500)], [{ atMs: 9_000, durationMs: 50_000, cut: true }]),
    ).toHaveLength(1);
  });
});

describe('a process that died while it changed to another encoder', () => {
  let rig: FinalizeRig;
  beforeEach(() => {
    rig = createFinalizeRig();
  });
  afterEach(() => rig.close());

  it('leaves a gap that is told, once', async () => {
    const segment = await pictureSegment('red', '64x36', 440);
    const recording = await rig.ended(
      [
        { output: 'mix', startMs: 0, content: segment },
        { output: 'mix', startMs: 6_000, content: segment },
      ],
      { timelineMs: 8_000 },
      { mode: '12' },
    );
    for (const { file, closedAtMs } of rig.store.segments.list(recording.id)) {
      expect(closedAtMs).toBeNull();
      await writeFile(path.join(rig.directoryOf(recording.id), file), segment);
    }
    await reconcile({ ...rig, now: Date.now }, recording);
    const [gap, ...more] = rig.store.gaps.list(recording.id);
    expect(more).toEqual([]);
    expect(gap).toMatchObject({ reason: 'captureDied', cut: false });
    expect(gap!.atMs + gap!.durationMs).toBe(6_000);
    await reconcile({ ...rig, now: Date.now }, recording);
    expect(rig.store.gaps.list(recording.id)).toHaveLength(1);
  });
});
