import fc from 'fast-check';
import { expect, test } from 'vitest';
import { plainFrame, plainRenderer } from '../../test/support/plain-pictures.ts';
import { loadKernel } from './mix/kernel/load.ts';
import { emptyOverlay, type Overlay } from './mix/overlay.ts';
import { Roster } from './roster.ts';
import { createScene } from './scene.ts';

/** A stamp of one colour, another for each text. */
function plainStamp({ text, height }: { text: string; height: number }): Overlay {
  const overlay = emptyOverlay(height, height);
  overlay.y.fill([...text].reduce((sum, sign) => (sum * 31 + sign.charCodeAt(0)) % 251, 0));
  overlay.alphaY.fill(255);
  return overlay;
}

async function open(stamp: boolean) {
  const roster = new Roster(false);
  const scene = await createScene({
    kernel: await loadKernel(),
    video: { width: 192, height: 144, background: '#102030', fit: 'fill' },
    layout: 'grid',
    dressing: { nameStrip: false, stamp, stampTimeZone: 'UTC', placeholder: false, watermarkPath: null },
    names: {},
    loadTextRenderer: async () => ({ ...plainRenderer(), renderStamp: plainStamp }),
    onProblem: (message) => {
      throw new Error(message);
    },
  });
  return {
    scene,
    show(userId: string, luma: number) {
      roster.enter(userId);
      roster.setSending(userId, 'main', true);
      roster.noteFrame(userId, 'main');
      scene.update(roster);
      scene.draw(userId, 'main', scene.hold(plainFrame({ y: luma, u: 90, v: 128 }, 64, 48)));
    },
    leave(userId: string) {
      roster.leave(userId);
      scene.forget(userId, 'main');
      scene.update(roster);
    },
    dressed(epochMs: number) {
      const picture = scene.canvas.slice();
      scene.dress(picture, epochMs);
      return Buffer.from(picture).toString('base64');
    },
  };
}

test.each([true, false])('equal looks are equal pixels; with a stamp: %s', async (stamp) => {
  const move = fc.record({
    kind: fc.constantFrom('show', 'leave', 'nothing', 'time', 'second'),
    userId: fc.constantFrom('u1', 'u2'),
    luma: fc.integer({ min: 16, max: 235 }),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(move, { maxLength: 20 }), async (moves) => {
      const room = await open(stamp);
      let epochMs = 1_700_000_000_000;
      const seen = new Map<number, string>();
      for (const { kind, userId, luma } of moves) {
        if (kind === 'show') room.show(userId, luma);
        if (kind === 'leave') room.leave(userId);
        if (kind === 'time') epochMs += 137;
        if (kind === 'second') epochMs += 1000;
        const look = room.scene.look(epochMs);
        const pixels = room.dressed(epochMs);
        expect(seen.get(look) ?? pixels).toBe(pixels);
        seen.set(look, pixels);
      }
    }),
    { numRuns: 40 },
  );
});

test('the look stays while nothing changes, which is what spares copying it', async () => {
  const room = await open(false);
  room.show('u1', 100);
  const look = room.scene.look(1000);
  expect(room.scene.look(99_000)).toBe(look);
  room.show('u1', 100);
  expect(room.scene.look(99_000)).not.toBe(look);
});
