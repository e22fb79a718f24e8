import type { Rect, Rotation } from './types.ts';

/** How a picture meets its cell: whole with borders, or filling it with the overhang cut off. */
export type Fit = 'fit' | 'fill';

/** Most cells a canvas can have: one per recorded participant. */
export const MAX_CELLS = 6;

/** Columns and rows by number of cells; index 0 is unused. */
const GRIDS: readonly (readonly [columns: number, rows: number])[] = [
  [0, 0],
  [1, 1],
  [2, 1],
  [2, 2],
  [2, 2],
  [3, 2],
  [3, 2],
];

/** Share of the canvas width that the camera column takes beside a shared screen. */
const CAMERA_COLUMN_SHARE = 0.25;
const CAMERA_ASPECT = 16 / 9;

/** Share of the canvas height that a name strip takes: 30 pixels of 720. */
const STRIP_SHARE = 1 / 24;
/** Below this letters cannot be told apart. */
const SMALLEST_STRIP = 16;

/** Nearest even number. */
function even(value: number): number {
  return Math.round(value / 2) * 2;
}

/** Largest even number that is not above `value`. */
function evenFloor(value: number): number {
  return Math.floor(value / 2) * 2;
}

function requireEvenSize(width: number, height: number, least: number): void {
  if (!Number.isInteger(width / 2) || !Number.isInteger(height / 2) || width < least || height < least) {
    throw new RangeError(`a size must be even and at least ${least}, got ${width}x${height}`);
  }
}

/**
 * Cells of equal rank in reading order: 1 whole canvas, 2 side by side, 3–4 in 2×2, 5–6 in 3×2. With 3 or 5 the last tile stays
 * background. Tiles of the full grid cover the canvas without gap or overlap and differ by at most two pixels.
 * @throws RangeError for a count outside 0…6 or an odd or tiny canvas
 */
export function gridLayout(count: number, width: number, height: number): Rect[] {
  requireEvenSize(width, height, 16);
  const grid = GRIDS[count];
  if (grid === undefined) throw new RangeError(`a grid has 0 to ${MAX_CELLS} cells, got ${count}`);
  const [columns, rows] = grid;
  const cells: Rect[] = [];
  for (let index = 0; index < count; index++) {
    const column = index % columns;
    const row = Math.floor(index / columns);
    const x = even((column * width) / columns);
    const y = even((row * height) / rows);
    cells.push({
      x,
      y,
      width: even(((column + 1) * width) / columns) - x,
      height: even(((row + 1) * height) / rows) - y,
    });
  }
  return cells;
}

/**
 * A shared screen at the left and the cameras in a column at its right, from the top. Camera cells are 16:9 as long as they all
 * fit, flatter when they do not. Without cameras the screen has the whole canvas.
 * @throws RangeError for a count outside 0…6 or an odd or tiny canvas
 */
export function screenLayout(cameraCount: number, width: number, height: number): { screen: Rect; cameras: Rect[] } {
  requireEvenSize(width, height, 16);
  if (!Number.isInteger(cameraCount) || cameraCount < 0 || cameraCount > MAX_CELLS) {
    throw new RangeError(`a column has 0 to ${MAX_CELLS} cameras, got ${cameraCount}`);
  }
  if (cameraCount === 0) return { screen: { x: 0, y: 0, width, height }, cameras: [] };
  const columnWidth = even(width * CAMERA_COLUMN_SHARE);
  const screenWidth = width - columnWidth;
  const cellHeight = Math.max(2, evenFloor(Math.min(columnWidth / CAMERA_ASPECT, height / cameraCount)));
  const cameras = Array.from({ length: cameraCount }, (_, index) => ({
    x: screenWidth,
    y: index * cellHeight,
    width: columnWidth,
    height: cellHeight,
  }));
  return { screen: { x: 0, y: 0, width: screenWidth, height }, cameras };
}

/**
 * The speaker large at the left and everybody else in a column at his right, from the top: the places of a shared screen and of the
 * cameras beside it. Alone, the speaker has the whole canvas.
 * @throws RangeError for a count outside 0…5 or an odd or tiny canvas
 */
export function speakerLayout(othersCount: number, width: number, height: number): { speaker: Rect; others: Rect[] } {
  if (othersCount >= MAX_CELLS) throw new RangeError(`beside a speaker are 0 to ${MAX_CELLS - 1}, got ${othersCount}`);
  const { screen, cameras } = screenLayout(othersCount, width, height);
  return { speaker: screen, others: cameras };
}

/** Height in pixels of the name strips on a canvas: the same under every cell, so that all names are read alike. */
export function stripHeightFor(canvasHeight: number): number {
  return Math.max(SMALLEST_STRIP, even(canvasHeight * STRIP_SHARE));
}

/**
 * Divides a cell into the picture and the name strip under it. A flat cell gives away a third of its height at most; `strip` is null
 * when that leaves nothing to write on.
 */
export function withStrip(cell: Rect, stripHeight: number): { picture: Rect; strip: Rect | null } {
  const height = evenFloor(Math.min(stripHeight, cell.height / 3));
  if (height < 2) return { picture: { ...cell }, strip: null };
  const pictureHeight = cell.height - height;
  return {
    picture: { ...cell, height: pictureHeight },
    strip: { x: cell.x, y: cell.y + pictureHeight, width: cell.width, height },
  };
}

/** Where a picture lands. `source` is measured in the picture as it stands after its rotation. */
export interface Placement {
  destination: Rect;
  source: Rect;
}

/**
 * Places a picture of `frameWidth`×`frameHeight` (before rotation) in a cell, centred and with its proportions kept to the nearest
 * even pixel. `fit` shows all of it inside the cell, `fill` covers the cell and crops the source.
 */
export function placeInCell(
  cell: Rect,
  frameWidth: number,
  frameHeight: number,
  rotation: Rotation,
  fit: Fit,
): Placement {
  requireEvenSize(frameWidth, frameHeight, 2);
  const turned = rotation === 1 || rotation === 3;
  const width = turned ? frameHeight : frameWidth;
  const height = turned ? frameWidth : frameHeight;
  if (fit === 'fit') {
    const scale = Math.min(cell.width / width, cell.height / height);
    const shownWidth = Math.min(cell.width, Math.max(2, even(width * scale)));
    const shownHeight = Math.min(cell.height, Math.max(2, even(height * scale)));
    return {
      destination: {
        x: cell.x + evenFloor((cell.width - shownWidth) / 2),
        y: cell.y + evenFloor((cell.height - shownHeight) / 2),
        width: shownWidth,
        height: shownHeight,
      },
      source: { x: 0, y: 0, width, height },
    };
  }
  const scale = Math.max(cell.width / width, cell.height / height);
  const usedWidth = Math.min(width, Math.max(2, even(cell.width / scale)));
  const usedHeight = Math.min(height, Math.max(2, even(cell.height / scale)));
  return {
    destination: { x: cell.x, y: cell.y, width: cell.width, height: cell.height },
    source: {
      x: evenFloor((width - usedWidth) / 2),
      y: evenFloor((height - usedHeight) / 2),
      width: usedWidth,
      height: usedHeight,
    },
  };
}
