import type { PlaneKernel } from './kernel.ts';

/**
 * The kernel's arithmetic in plain TypeScript: the definition that the WebAssembly module must match byte for byte. Ten to twenty
 * times slower, so for tests only.
 */
export function createReferenceKernel(memory: WebAssembly.Memory): PlaneKernel {
  const bytes = () => new Uint8Array(memory.buffer);

  return {
    memory,

    copyPlane(source, sourceStride, destination, destinationStride, width, height) {
      const heap = bytes();
      for (let y = 0; y < height; y++) {
        heap.copyWithin(
          destination + y * destinationStride,
          source + y * sourceStride,
          source + y * sourceStride + width,
        );
      }
    },

    fillPlane(destination, stride, width, height, value) {
      const heap = bytes();
      for (let y = 0; y < height; y++) heap.fill(value, destination + y * stride, destination + y * stride + width);
    },

    rotatePlane(source, sourceStride, width, height, destination, quarterTurns) {
      const heap = bytes();
      const turnedWidth = quarterTurns === 2 ? width : height;
      for (let y = 0; y < height; y++) {
        for (let x = 0; x < width; x++) {
          const [turnedX, turnedY] =
            quarterTurns === 1
              ? [height - 1 - y, x]
              : quarterTurns === 2
                ? [width - 1 - x, height - 1 - y]
                : [y, width - 1 - x];
          heap[destination + turnedY * turnedWidth + turnedX] = heap[source + y * sourceStride + x]!;
        }
      }
    },

    scalePlane(
      source,
      sourceStride,
      sourceWidth,
      destination,
      destinationStride,
      destinationWidth,
      destinationHeight,
      horizontal,
      horizontalTaps,
      vertical,
      verticalTaps,
    ) {
      const heap = bytes();
      const view = new DataView(memory.buffer);
      const pad = (length: number) => (length + 3) & ~3;
      const horizontalWeights = horizontal + pad(destinationWidth) * 4;
      const verticalWeights = vertical + pad(destinationHeight) * 4;
      const row = new Int16Array(Math.max(sourceWidth, horizontalTaps));
      for (let y = 0; y < destinationHeight; y++) {
        const first = source + view.getInt32(vertical + y * 4, true) * sourceStride;
        for (let x = 0; x < sourceWidth; x++) {
          let sum = 128 + (32 << 8);
          for (let k = 0; k < verticalTaps; k++) {
            const weight = view.getInt16(verticalWeights + (y * verticalTaps + k) * 2, true);
            if (weight !== 0) sum += weight * heap[first + k * sourceStride + x]!;
          }
          row[x] = Math.min(32767, Math.max(-32768, sum >> 8));
        }
        for (let x = 0; x < destinationWidth; x++) {
          const start = view.getInt32(horizontal + x * 4, true);
          let sum = 0;
          for (let k = 0; k < horizontalTaps; k++) {
            const weight = view.getInt16(horizontalWeights + (x * horizontalTaps + k) * 2, true);
            if (weight !== 0) sum += weight * row[start + k]!;
          }
          heap[destination + y * destinationStride + x] = Math.min(255, Math.max(0, sum >> 20));
        }
      }
    },
  };
}
