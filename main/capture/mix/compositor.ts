import { parseColour, type YuvColour } from './colour.ts';
import { bandBytes, type PlaneKernel, readAhead } from './kernel/kernel.ts';
import { KernelMemory } from './kernel/memory.ts';
import { TapCache } from './kernel/tap-cache.ts';
import { type Fit, placeInCell } from './layout.ts';
import { type PlanePlan, planPlanes } from './plane-plan.ts';
import type { I420Frame, Rect, Rotation } from './types.ts';

export interface CanvasOptions {
  /** Even, in pixels. */
  width: number;
  height: number;
  /** `#rrggbb` behind and between pictures. */
  background: string;
  fit: Fit;
}

/** One place on the canvas. `key` names the picture shown there, for instance a user and his stream. */
export interface Cell {
  key: string;
  rect: Rect;
  /** Instead of the canvas's own way; a shared screen should never be cropped. */
  fit?: Fit;
}

/** How one retained picture gets onto the canvas; valid until its size, rotation or cell changes. */
interface Plan {
  destination: Rect;
  luma: PlanePlan;
  chroma: PlanePlan;
  tapsGeneration: number;
}

/** A picture in the kernel's memory that waits to be drawn. Whoever has it draws or drops it, once. */
export interface HeldPicture {
  readonly pointer: number;
  readonly width: number;
  readonly height: number;
  readonly rotation: Rotation;
}

/** The last picture of one key. */
interface Retained {
  pointer: number;
  width: number;
  height: number;
  rotation: Rotation;
  cell: Cell | null;
  plan: Plan | null;
  /** What of the cell the picture covers now; null when the cell is all background. */
  painted: Rect | null;
}

function sameRect(a: Rect, b: Rect): boolean {
  return a.x === b.x && a.y === b.y && a.width === b.width && a.height === b.height;
}

/**
 * The canvas on which the participants' pictures stand. Each frame is copied once into the kernel's memory, where it waits for its time, and
 * stays so that it can be drawn again in another layout; it is scaled once, straight into its cell. Drawing allocates no memory for
 * pictures while sizes and layout stay the same.
 */
export class Compositor {
  readonly #kernel: PlaneKernel;
  readonly #memory: KernelMemory;
  readonly #taps: TapCache;
  readonly #width: number;
  readonly #height: number;
  readonly #background: YuvColour;
  readonly #fit: Fit;
  readonly #canvasPointer: number;
  readonly #retained = new Map<string, Retained>();
  #cells: Cell[] = [];
  #canvasView: Uint8Array<ArrayBuffer>;
  #band = { pointer: 0, bytes: 0 };
  #turned = { pointer: 0, bytes: 0 };
  #revision = 0;

  /** The kernel must not be shared: its whole memory belongs to this canvas. */
  constructor(kernel: PlaneKernel, options: CanvasOptions) {
    if (!Number.isInteger(options.width / 2) || !Number.isInteger(options.height / 2)) {
      throw new RangeError(`the canvas size must be even, got ${options.width}x${options.height}`);
    }
    this.#kernel = kernel;
    this.#memory = new KernelMemory(kernel.memory);
    this.#width = options.width;
    this.#height = options.height;
    this.#background = parseColour(options.background);
    this.#fit = options.fit;
    this.#canvasPointer = this.#memory.allocate(this.#canvasBytes);
    this.#taps = new TapCache(this.#memory);
    this.#canvasView = this.#viewCanvas();
    this.#clear({ x: 0, y: 0, width: options.width, height: options.height });
  }

  /** The canvas as tight I420. Void after the next call that draws, because the memory may have moved: fetch it for each picture. */
  get canvas(): Uint8Array<ArrayBuffer> {
    if (this.#canvasView.buffer !== this.#memory.bytes.buffer) this.#canvasView = this.#viewCanvas();
    return this.#canvasView;
  }

  /** Grows whenever pixels may have changed; equal numbers mean an equal canvas. */
  get revision(): number {
    return this.#revision;
  }

  /** The same for whoever asks how the canvas looks at a time: it does not change with time alone. */
  look(): number {
    return this.#revision;
  }

  /**
   * Replaces the layout: the canvas becomes background, and every listed key that has a picture shows it in its new cell. Keys that
   * are not listed disappear but keep their picture until `forget`. The same cells again change nothing.
   */
  setCells(cells: readonly Cell[]): void {
    const same =
      cells.length === this.#cells.length &&
      cells.every((cell, index) => {
        const old = this.#cells[index]!;
        return cell.key === old.key && cell.fit === old.fit && sameRect(cell.rect, old.rect);
      });
    if (same) return;
    this.#cells = cells.map((cell) => ({ ...cell, rect: { ...cell.rect } }));
    this.#clear({ x: 0, y: 0, width: this.#width, height: this.#height });
    for (const picture of this.#retained.values()) {
      picture.cell = null;
      picture.plan = null;
      picture.painted = null;
    }
    for (const cell of this.#cells) {
      const picture = this.#retained.get(cell.key);
      if (picture === undefined) continue;
      picture.cell = cell;
      this.#paint(picture);
    }
  }

  /**
   * Draws a frame; reads `frame.data` before returning.
   * @throws RangeError when the size is odd or does not match the data
   */
  drawFrame(key: string, frame: I420Frame): void {
    this.draw(key, this.hold(frame));
  }

  /**
   * Copies a frame to where it can be drawn later without another copy; reads `frame.data` before returning.
   * @throws RangeError when the size is odd or does not match the data
   */
  hold(frame: I420Frame): HeldPicture {
    const { width, height, rotation } = frame;
    const bytes = (width * height * 3) / 2;
    if (width % 2 !== 0 || height % 2 !== 0 || bytes <= 0 || frame.data.length !== bytes) {
      throw new RangeError(`a picture of ${width}x${height} cannot have ${frame.data.length} bytes`);
    }
    const pointer = this.#memory.allocate(bytes + readAhead(width));
    this.#memory.bytes.set(frame.data, pointer);
    return { pointer, width, height, rotation };
  }

  /** Takes over a held picture and, when the key has a cell, draws it there. */
  draw(key: string, held: HeldPicture): void {
    const picture = this.#retain(key, held);
    if (picture.cell !== null) this.#paint(picture);
  }

  /** Gives back a held picture that is not to be drawn. */
  drop({ pointer }: HeldPicture): void {
    this.#memory.release(pointer);
  }

  /** Drops the picture of a key; its cell, if it has one, becomes background. Harmless for unknown keys. */
  forget(key: string): void {
    const picture = this.#retained.get(key);
    if (picture === undefined) return;
    if (picture.cell !== null) this.#clear(picture.cell.rect);
    this.#memory.release(picture.pointer);
    this.#retained.delete(key);
  }

  get #canvasBytes(): number {
    return (this.#width * this.#height * 3) / 2;
  }

  #viewCanvas(): Uint8Array<ArrayBuffer> {
    return this.#memory.bytes.subarray(this.#canvasPointer, this.#canvasPointer + this.#canvasBytes);
  }

  /** Puts a held picture in the place of the key's last one. */
  #retain(key: string, { pointer, width, height, rotation }: HeldPicture): Retained {
    const known = this.#retained.get(key);
    if (known !== undefined) {
      this.#memory.release(known.pointer);
      known.pointer = pointer;
      if (known.width !== width || known.height !== height || known.rotation !== rotation) {
        known.width = width;
        known.height = height;
        known.rotation = rotation;
        known.plan = null;
      }
      return known;
    }
    const cell = this.#cells.find((candidate) => candidate.key === key) ?? null;
    const picture: Retained = { pointer, width, height, rotation, cell, plan: null, painted: null };
    this.#retained.set(key, picture);
    return picture;
  }

  /** Makes a scratch block at least `bytes` long. */
  #reserve(scratch: { pointer: number; bytes: number }, bytes: number): void {
    if (scratch.bytes >= bytes) return;
    if (scratch.bytes > 0) this.#memory.release(scratch.pointer);
    scratch.pointer = this.#memory.allocate(bytes);
    scratch.bytes = bytes;
  }

  #plan(picture: Retained, cell: Cell): Plan {
    const placement = placeInCell(cell.rect, picture.width, picture.height, picture.rotation, cell.fit ?? this.#fit);
    // Filling the tap cache for the last table may have thrown out the first one: the second round finds an empty cache.
    for (let round = 0; round < 2; round++) {
      const tapsGeneration = this.#taps.generation;
      const planes = planPlanes(this.#taps, picture, placement, this.#width);
      if (tapsGeneration === this.#taps.generation) {
        return { destination: placement.destination, ...planes, tapsGeneration };
      }
    }
    throw new RangeError(`the tap tables of one ${picture.width}x${picture.height} picture do not fit their cache`);
  }

  /** Draws a retained picture into its cell. */
  #paint(picture: Retained): void {
    const cell = picture.cell!;
    if (picture.plan === null || picture.plan.tapsGeneration !== this.#taps.generation) {
      picture.plan = this.#plan(picture, cell);
    }
    const { destination, luma, chroma } = picture.plan;
    if (picture.painted === null || !sameRect(picture.painted, destination)) {
      if (picture.painted !== null) this.#clear(cell.rect);
      picture.painted = destination;
    }
    const { width, height } = picture;
    const lumaBytes = width * height;
    let source = picture.pointer;
    if (picture.rotation !== 0) {
      this.#reserve(this.#turned, lumaBytes * 1.5 + readAhead(Math.max(width, height)));
      this.#turn(picture, this.#turned.pointer);
      source = this.#turned.pointer;
    }
    const area = this.#width * this.#height;
    this.#drawPlane(luma, source, this.#canvasPointer);
    this.#drawPlane(chroma, source + lumaBytes, this.#canvasPointer + area);
    this.#drawPlane(chroma, source + lumaBytes * 1.25, this.#canvasPointer + area * 1.25);
    this.#revision++;
  }

  #turn(picture: Retained, to: number): void {
    const { pointer, width, height, rotation } = picture;
    const area = width * height;
    this.#kernel.rotatePlane(pointer, width, width, height, to, rotation);
    this.#kernel.rotatePlane(pointer + area, width / 2, width / 2, height / 2, to + area, rotation);
    this.#kernel.rotatePlane(pointer + area * 1.25, width / 2, width / 2, height / 2, to + area * 1.25, rotation);
  }

  #drawPlane(plan: PlanePlan, sourcePlane: number, canvasPlane: number): void {
    const source = sourcePlane + plan.sourceOffset;
    const destination = canvasPlane + plan.destinationOffset;
    if (plan.taps === null) {
      this.#kernel.copyPlane(source, plan.sourceStride, destination, plan.destinationStride, plan.width, plan.height);
      return;
    }
    const { horizontal, vertical } = plan.taps;
    this.#reserve(this.#band, bandBytes(plan.sourceWidth, horizontal.tapCount));
    this.#kernel.scalePlane(
      source,
      plan.sourceStride,
      plan.sourceWidth,
      destination,
      plan.destinationStride,
      plan.width,
      plan.height,
      horizontal.pointer,
      horizontal.tapCount,
      vertical.pointer,
      vertical.tapCount,
      this.#band.pointer,
    );
  }

  #clear(rect: Rect): void {
    const { y, u, v } = this.#background;
    const area = this.#width * this.#height;
    const halfStride = this.#width / 2;
    const chroma = this.#canvasPointer + area + (rect.y / 2) * halfStride + rect.x / 2;
    this.#kernel.fillPlane(
      this.#canvasPointer + rect.y * this.#width + rect.x,
      this.#width,
      rect.width,
      rect.height,
      y,
    );
    this.#kernel.fillPlane(chroma, halfStride, rect.width / 2, rect.height / 2, u);
    this.#kernel.fillPlane(chroma + area / 4, halfStride, rect.width / 2, rect.height / 2, v);
    this.#revision++;
  }
}
