import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { gridLayout, placeInCell } from '../../main/capture/mix/layout.ts';
import type { Rect } from '../../main/capture/mix/types.ts';
import { sampleRequest } from '../support/box.ts';
import { FLASH_PERIOD_SECONDS, makeFlashBeepClip } from '../support/clips.ts';
import { expectLength } from '../support/length.ts';
import { decodeComplaints, decodeSound } from '../support/media.ts';
import { flashOnsets, offsetsBetween, quantile, toneOnsets } from '../support/onsets.ts';
import { type Rig, startRig } from '../support/rig.ts';

// Lips and voice: each participant flashes and beeps at the same instant, at times of his own; what the file shows is measured.

const CANVAS = { width: 1280, height: 720 };
const ROOM_SECONDS = 20;
const TONES_HZ = [900, 1_900, 3_100, 4_300] as const;
/** Not a multiple of anything, so that no two participants flash together. */
const ENTER_EVERY_SECONDS = 0.27;
const MEDIAN_LIMIT_MS = 40;
/** A flash and a beep further apart than this do not belong together. */
const REACH_SECONDS = FLASH_PERIOD_SECONDS / 2;

/** Middle of a participant's picture on the canvas. */
function areaOf(index: number): Rect {
  const cell = gridLayout(TONES_HZ.length, CANVAS.width, CANVAS.height)[index]!;
  const { destination } = placeInCell(cell, 160, 90, 0, 'fit');
  return {
    x: destination.x + 64,
    y: destination.y + 64,
    width: destination.width - 128,
    height: destination.height - 128,
  };
}

const inMs = (seconds: number) => Math.round(seconds * 10_000) / 10;

describe('picture and sound belong together', { timeout: 180_000 }, () => {
  let rig: Rig;

  beforeAll(async () => {
    rig = await startRig({
      name: 'sync',
      rooms: async (directory, ffmpegPath) => {
        const participants = await Promise.all(
          TONES_HZ.map(async (toneHz, index) => ({
            userId: `user_${index}`,
            media: await makeFlashBeepClip(ffmpegPath, directory, `user_${index}`, { toneHz, periods: 5 }),
            enterAt: index * ENTER_EVERY_SECONDS,
          })),
        );
        return { '1': { participants, events: [{ at: ROOM_SECONDS, type: 'dissolve' }] } };
      },
    });
  });
  afterAll(() => rig?.close());

  it(`the median of flash against beep is within ${MEDIAN_LIMIT_MS} ms, and the file is as long as the room lived`, async ({
    annotate,
  }) => {
    const id = await rig.box.record(sampleRequest({ RoomId: 1, IsReserve: true, Callback: undefined }));
    const view = await rig.box.waitForState(id, 'done');
    const { localPath, durationMs } = view.files[0]!;
    const file = localPath!;
    expectLength(view, durationMs, ROOM_SECONDS * 1000);
    expect(await decodeComplaints(rig.ffmpegPath, file)).toBe('');

    const sound = await decodeSound(rig.ffmpegPath, file);
    expectLength(view, sound.length / 48, ROOM_SECONDS * 1000);
    const all: number[] = [];
    const lines: string[] = [];
    for (const [index, toneHz] of TONES_HZ.entries()) {
      const beeps = toneOnsets(sound, toneHz);
      const flashes = await flashOnsets(rig.ffmpegPath, file, areaOf(index));
      const expected = Math.floor((ROOM_SECONDS - index * ENTER_EVERY_SECONDS) / FLASH_PERIOD_SECONDS);
      expect(Math.abs(beeps.length - expected), `${beeps.length} beeps of ${toneHz} Hz`).toBeLessThanOrEqual(1);
      expect(Math.abs(flashes.length - expected), `${flashes.length} flashes of user ${index}`).toBeLessThanOrEqual(1);
      const offsets = offsetsBetween(flashes, beeps, REACH_SECONDS).map((offset) => offset * 1000);
      expect(offsets.length).toBeGreaterThanOrEqual(expected - 1);
      const medianMs = quantile(offsets, 0.5);
      expect(Math.abs(medianMs), `median of user ${index} in ms`).toBeLessThanOrEqual(MEDIAN_LIMIT_MS);
      const pauses = beeps.slice(1).map((beep, at) => beep - beeps[at]!);
      expect(Math.abs(quantile(pauses, 0.5) - FLASH_PERIOD_SECONDS)).toBeLessThanOrEqual(0.01);
      all.push(...offsets);
      lines.push(`user ${index}: median ${inMs(medianMs / 1000)}`);
    }
    const sizes = all.map(Math.abs);
    const summary =
      `flash after beep over ${all.length} flashes: median ${inMs(quantile(all, 0.5) / 1000)} ms, ` +
      `p95 of the size ${inMs(quantile(sizes, 0.95) / 1000)} ms, worst ${inMs(Math.max(...sizes) / 1000)} ms ` +
      `(${lines.join(', ')}); file ${durationMs} ms`;
    await annotate(summary);
    process.stdout.write(`${summary}\n`);
    expect(Math.abs(quantile(all, 0.5)), summary).toBeLessThanOrEqual(MEDIAN_LIMIT_MS);
  });
});
