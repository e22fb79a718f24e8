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
   * Scales by two tap tables laid out as `writeTaps` does, the horizontal one with even starts. `band` is scratch room of
   * `bandBytes(sourceWidth, horizontalTaps)`. Reads up to 7 bytes past a source row and one row past the last; what is read there has no weight.
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
    band: number,
  ): void;
}

/** Scratch bytes that `scalePlane` needs between its passes: eight rows of 16-bit samples. */
export function bandBytes(sourceWidth: number, horizontalTaps: number): number {
  return 8 * 2 * (Math.ceil(Math.max(sourceWidth, horizontalTaps) / 8) * 8);
}

/** Bytes that must be readable after a source plane, because the kernel reads whole vectors and pairs of rows. */
export function readAhead(stride: number): number {
  return stride + 16;
}
