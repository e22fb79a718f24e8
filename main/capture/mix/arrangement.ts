import { gridLayout, screenLayout, speakerLayout } from './layout.ts';
import type { Rect } from './types.ts';

/** Something to be shown and the cell it is shown in. */
export interface Placed<T> {
  part: T;
  rect: Rect;
}

/**
 * Shares the canvas out. A shared screen takes the large area with the cameras in a column beside it, whatever else is asked; without
 * one the large camera takes it; without both all cells are equal. The order of the cameras is the order of their cells.
 * @param large one of `cameras`, or null
 * @throws RangeError for more than six cameras or an odd or tiny canvas
 */
export function arrange<T>(
  { screen, cameras, large }: { screen: T | null; cameras: readonly T[]; large: T | null },
  width: number,
  height: number,
): Placed<T>[] {
  const inOrder = (parts: readonly T[], rects: readonly Rect[]) =>
    parts.map((part, index) => ({ part, rect: rects[index]! }));
  if (screen !== null) {
    const layout = screenLayout(cameras.length, width, height);
    return [{ part: screen, rect: layout.screen }, ...inOrder(cameras, layout.cameras)];
  }
  if (large !== null) {
    const others = cameras.filter((camera) => camera !== large);
    const layout = speakerLayout(others.length, width, height);
    return [{ part: large, rect: layout.speaker }, ...inOrder(others, layout.others)];
  }
  return inOrder(cameras, gridLayout(cameras.length, width, height));
}
