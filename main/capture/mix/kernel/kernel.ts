/**
 * Work on 8-bit planes inside one linear memory. Pointers are byte offsets into it, strides and sizes are bytes of a plane.
 * Implemented by the WebAssembly module and, byte for byte the same, by the reference.
 */
export interface PlaneKernel {
  /** May be grown by its user; every view of its buffer is void afterwards. */
  readonly memory: WebAssembly.Memory;
  copyPlane(
    source: number,
    sourceStride: number,
    destination: number,
    destinationStride: number,
    width: number,
    height: number,
  ): void;
  fillPlane(destination: number, stride: number, width: number, height: number, value: number): void;
  /** Writes the plane turned clockwise by 1, 2 or 3 quarters, tightly packed. */
  rotatePlane(
    source: number,
    sourceStride: number,
    width: number,
    height: number,
    destination: number,
    quarterTurns: number,
  ): void;
  /**
   * Scales by two tap tables laid out as `writeTaps` does. `row` is scratch room of `rowBytes(sourceWidth, horizontalTaps)`.
   * Reads up to 15 bytes past a source row and one row past the last; what is read there has no weight.
   */
  scalePlane(
    source: number,
    sourceStride: number,
    sourceWidth: number,
    destination: number,
    destinationStride: number,
    destinationWidth: number,
    destinationHeight: number,
    horizontal: number,
    horizontalTaps: number,
    vertical: number,
    verticalTaps: number,
    row: number,
  ): void;
}

/** Scratch bytes that `scalePlane` needs for its intermediate row. */
export function rowBytes(sourceWidth: number, horizontalTaps: number): number {
  return 2 * (Math.ceil(Math.max(sourceWidth, horizontalTaps) / 16) * 16);
}

/** Bytes that must be readable after a source plane, because the kernel reads whole vectors and pairs of rows. */
export function readAhead(stride: number): number {
  return stride + 16;
}
