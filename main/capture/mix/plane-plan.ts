import type { StoredTaps, TapCache } from './kernel/tap-cache.ts';
import { PHASE_LEFT, PHASE_MIDDLE, PHASE_RIGHT } from './kernel/taps.ts';
import type { Placement } from './layout.ts';
import type { Rotation } from './types.ts';

/** How one plane of a picture gets to its place: offsets from the start of the plane and of the canvas's plane, sizes in samples. */
export interface PlanePlan {
  sourceOffset: number;
  sourceStride: number;
  sourceWidth: number;
  destinationOffset: number;
  destinationStride: number;
  /** Of the destination. */
  width: number;
  height: number;
  /** Null: the samples are copied as they are. */
  taps: { horizontal: StoredTaps; vertical: StoredTaps } | null;
}

/**
 * Where chroma sits in a turned picture. It starts level with the left luma sample of its pair; a quarter turn makes that the top,
 * a half turn the right, three quarters the bottom. (Right and bottom are the same distance from the middle.)
 */
const TURNED_CHROMA: readonly { horizontal: number; vertical: number }[] = [
  { horizontal: PHASE_LEFT, vertical: PHASE_MIDDLE },
  { horizontal: PHASE_MIDDLE, vertical: PHASE_LEFT },
  { horizontal: PHASE_RIGHT, vertical: PHASE_MIDDLE },
  { horizontal: PHASE_MIDDLE, vertical: PHASE_RIGHT },
];

/** Plans for luma and for either chroma plane of a picture, its size given before rotation. */
export function planPlanes(
  cache: TapCache,
  picture: { width: number; height: number; rotation: Rotation },
  placement: Placement,
  canvasWidth: number,
): { luma: PlanePlan; chroma: PlanePlan } {
  const quarter = picture.rotation === 1 || picture.rotation === 3;
  const turnedWidth = quarter ? picture.height : picture.width;
  const chromaPhase = TURNED_CHROMA[picture.rotation]!;
  const { source, destination } = placement;

  /** `divisor` is 1 for luma and 2 for chroma. */
  const plan = (divisor: 1 | 2): PlanePlan => {
    const sourceWidth = source.width / divisor;
    const sourceHeight = source.height / divisor;
    const width = destination.width / divisor;
    const height = destination.height / divisor;
    const sourceStride = turnedWidth / divisor;
    const destinationStride = canvasWidth / divisor;
    const from = divisor === 1 ? { horizontal: PHASE_MIDDLE, vertical: PHASE_MIDDLE } : chromaPhase;
    const toHorizontal = divisor === 1 ? PHASE_MIDDLE : PHASE_LEFT;
    const unchanged =
      sourceWidth === width &&
      sourceHeight === height &&
      from.horizontal === toHorizontal &&
      from.vertical === PHASE_MIDDLE;
    return {
      sourceOffset: (source.y / divisor) * sourceStride + source.x / divisor,
      sourceStride,
      sourceWidth,
      destinationOffset: (destination.y / divisor) * destinationStride + destination.x / divisor,
      destinationStride,
      width,
      height,
      taps: unchanged
        ? null
        : {
            horizontal: cache.get({
              sourceLength: sourceWidth,
              destinationLength: width,
              sourcePhase: from.horizontal,
              destinationPhase: toHorizontal,
              startMultiple: 2,
            }),
            vertical: cache.get({
              sourceLength: sourceHeight,
              destinationLength: height,
              sourcePhase: from.vertical,
              destinationPhase: PHASE_MIDDLE,
              startMultiple: 1,
            }),
          },
    };
  };
  return { luma: plan(1), chroma: plan(2) };
}
