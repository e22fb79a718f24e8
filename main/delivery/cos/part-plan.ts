/** How a file is cut into parts. Pure. */

export interface PlannedPart {
  /** From 1. */
  number: number;
  /** Bytes. */
  offset: number;
  length: number;
}

/** The service's limit. */
export const MAX_PARTS = 10_000;
const MIN_PART_BYTES = 1024 ** 2;
export const MAX_PART_BYTES = 5 * 1024 ** 3;

/** Part size in bytes: the wanted one, or the smallest whole MiB above it that needs no more than 10,000 parts. */
export function choosePartSize(fileBytes: number, wantedBytes: number): number {
  const needed = Math.ceil(fileBytes / MAX_PARTS / MIN_PART_BYTES) * MIN_PART_BYTES;
  const size = Math.max(MIN_PART_BYTES, wantedBytes, needed);
  if (size > MAX_PART_BYTES) throw new RangeError('the file is larger than COS can hold');
  return size;
}

/**
 * The parts in order: contiguous, all of `partSize` bytes but the last. An empty file has one empty part. Of a file that became longer than
 * 10,000 such parts (it grew after the size was chosen) the last one takes the rest.
 */
export function planParts(fileBytes: number, partSize: number): PlannedPart[] {
  const count = Math.min(MAX_PARTS, Math.max(1, Math.ceil(fileBytes / partSize)));
  return Array.from({ length: count }, (_, index) => {
    const offset = index * partSize;
    const isLast = index === count - 1;
    return { number: index + 1, offset, length: isLast ? fileBytes - offset : partSize };
  });
}
