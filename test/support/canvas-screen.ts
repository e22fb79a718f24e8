import { Compositor } from '../../main/capture/mix/compositor.ts';
import { loadKernel } from '../../main/capture/mix/kernel/load.ts';
import { gridLayout } from '../../main/capture/mix/layout.ts';
import type { Rotation } from '../../main/capture/mix/types.ts';
import { isEvenSize } from '../../main/capture/room/trtc/media-checks.ts';
import { randomFrom } from './simulated-senders.ts';
import type { Screen } from './sync-simulation.ts';

const CANVAS = { width: 240, height: 136 };
/** Flashes are told apart by how bright they are. */
const SHADES = 8;
const DARKEST = 40;
const SHADE_STEP = 24;
/** Pictures between two changes of size or rotation. */
const SAME_SIZE = 7;

export interface CanvasScreen extends Screen {
  /** Pictures of an odd size: a receiver has to drop and count them. */
  readonly oddSent: number;
  readonly dropped: number;
}

/**
 * The real compositor as a screen: every participant's pictures change their size and rotation again and again, and one in eight sizes
 * is odd, for a single picture. What is shown is read back from the pixels in the middle of his cell.
 */
export async function canvasScreen(participants: number, seed: number): Promise<CanvasScreen> {
  const compositor = new Compositor(await loadKernel(), { ...CANVAS, background: '#000000', fit: 'fit' });
  const cells = gridLayout(participants, CANVAS.width, CANVAS.height);
  compositor.setCells(cells.map((rect, index) => ({ key: `${index}`, rect })));
  const random = randomFrom(seed);
  const sizes = cells.map(() => ({ width: 32, height: 18, rotation: 0 as Rotation, left: 0 }));
  const newest = cells.map(() => -1);
  let oddSent = 0;
  let dropped = 0;
  return {
    show(index, flash) {
      const size = sizes[index]!;
      if (size.left-- === 0) {
        const oddShare = isEvenSize(size.width, size.height) ? 0.06 : 0;
        size.width = 16 + 2 * Math.floor(random() * 40) + (random() < oddShare ? 1 : 0);
        size.height = 16 + 2 * Math.floor(random() * 40) + (random() < oddShare ? 1 : 0);
        size.left = isEvenSize(size.width, size.height) ? SAME_SIZE : 0;
        size.rotation = Math.floor(random() * 4) as Rotation;
      }
      const { width, height, rotation } = size;
      const data = new Uint8Array(Math.trunc(width * height * 1.5)).fill(128);
      data.fill(flash < 0 ? 16 : DARKEST + (flash % SHADES) * SHADE_STEP, 0, width * height);
      if (width % 2 !== 0 || height % 2 !== 0) oddSent++;
      if (isEvenSize(width, height)) {
        compositor.drawFrame(`${index}`, { data, width, height, rotation });
        newest[index] = Math.max(newest[index]!, flash);
      } else {
        dropped++;
        // A room that let one pass would be stopped here.
        expectRefusal(() => compositor.drawFrame(`${index}`, { data, width, height, rotation }));
      }
    },
    shown(index) {
      const { x, y, width, height } = cells[index]!;
      const luma = compositor.canvas[(y + height / 2) * CANVAS.width + x + width / 2]!;
      const shade = Math.round((luma - DARKEST) / SHADE_STEP);
      if (shade < 0) return -1;
      // The picture says which of eight; which round of eight is known from what was sent.
      const known = newest[index]!;
      return known - ((((known - shade) % SHADES) + SHADES) % SHADES);
    },
    get oddSent() {
      return oddSent;
    },
    get dropped() {
      return dropped;
    },
  };
}

function expectRefusal(draw: () => void): void {
  try {
    draw();
  } catch (error) {
    if (error instanceof RangeError) return;
    throw error;
  }
  throw new Error('the compositor took a picture of an odd size');
}
