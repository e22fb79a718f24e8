/** Reading and writing the boxes that MP4 files are made of (ISO/IEC 14496-12), in memory. */

export interface Box {
  type: string;
  /** Where the box starts in the buffer it was read from. */
  start: number;
  /** Where its body starts. */
  body: number;
  /** First byte after it. */
  end: number;
}

/** Thrown by the readers when the bytes are no valid box; never leaves the parsers that use them. */
export class MalformedBox extends Error {}

export interface BoxHeader {
  type: string;
  headerLength: number;
  /** Whole box; 0 means "to the end of the file". */
  length: number;
}

/** Header at the start of `bytes`, or null when there is none: too few bytes, or a size that cannot be. */
export function readBoxHeader(bytes: Buffer): BoxHeader | null {
  if (bytes.length < 8) {
    return null;
  }
  const type = bytes.toString('latin1', 4, 8);
  const short = bytes.readUInt32BE(0);
  if (short !== 1) {
    return short === 0 || short >= 8 ? { type, headerLength: 8, length: short } : null;
  }
  if (bytes.length < 16) {
    return null;
  }
  const length = Number(bytes.readBigUInt64BE(8));
  return length >= 16 && Number.isSafeInteger(length) ? { type, headerLength: 16, length } : null;
}

/** The boxes that lie one after another in `bytes` between two positions. */
export function childBoxes(bytes: Buffer, from: number, to: number): Box[] {
  const boxes: Box[] = [];
  let start = from;
  while (start < to) {
    const header = readBoxHeader(bytes.subarray(start, to));
    if (!header || header.length < header.headerLength || start + header.length > to) {
      throw new MalformedBox(`No box at ${start}`);
    }
    boxes.push({ type: header.type, start, body: start + header.headerLength, end: start + header.length });
    start += header.length;
  }
  return boxes;
}

/** The first box of a type among the children of `parent`. */
export function findBox(bytes: Buffer, parent: Box, type: string): Box | null {
  return childBoxes(bytes, parent.body, parent.end).find((box) => box.type === type) ?? null;
}

/** As `findBox`, down a path; a missing box on the way is malformed. */
export function needBox(bytes: Buffer, parent: Box, ...path: string[]): Box {
  let box = parent;
  for (const type of path) {
    const next = findBox(bytes, box, type);
    if (!next) {
      throw new MalformedBox(`No ${type} in ${box.type}`);
    }
    box = next;
  }
  return box;
}

/** Reads numbers one after another from a box's body; running over its end is malformed. */
export class BoxReader {
  readonly version: number;
  readonly flags: number;
  readonly #bytes: Buffer;
  readonly #end: number;
  #at: number;

  /** For a full box: version and flags are read at once. */
  constructor(bytes: Buffer, box: Box) {
    this.#bytes = bytes;
    this.#at = box.body;
    this.#end = box.end;
    const word = this.u32();
    this.version = word >>> 24;
    this.flags = word & 0xffffff;
  }

  get left(): number {
    return this.#end - this.#at;
  }

  skip(count: number): void {
    this.#take(count);
  }

  u16(): number {
    return this.#bytes.readUInt16BE(this.#take(2));
  }

  u32(): number {
    return this.#bytes.readUInt32BE(this.#take(4));
  }

  i32(): number {
    return this.#bytes.readInt32BE(this.#take(4));
  }

  u64(): number {
    return safe(this.#bytes.readBigUInt64BE(this.#take(8)));
  }

  i64(): number {
    return safe(this.#bytes.readBigInt64BE(this.#take(8)));
  }

  #take(count: number): number {
    const at = this.#at;
    if (at + count > this.#end) {
      throw new MalformedBox('A box ends too early');
    }
    this.#at = at + count;
    return at;
  }
}

function safe(value: bigint): number {
  const number = Number(value);
  if (!Number.isSafeInteger(number)) {
    throw new MalformedBox('A number in a box is out of range');
  }
  return number;
}

/** A box around its content. */
export function box(type: string, ...content: Uint8Array[]): Buffer {
  const body = Buffer.concat(content);
  const head = Buffer.alloc(8);
  head.writeUInt32BE(body.length + 8, 0);
  head.write(type, 4, 4, 'latin1');
  return Buffer.concat([head, body]);
}

/** A box with version and flags before its content. */
export function fullBox(type: string, version: number, flags: number, ...content: Uint8Array[]): Buffer {
  return box(type, u32((version << 24) | flags), ...content);
}

/** Unsigned 32-bit big-endian numbers. */
export function u32(...values: number[]): Buffer {
  const bytes = Buffer.allocUnsafe(values.length * 4);
  values.forEach((value, index) => {
    bytes.writeUInt32BE(value >>> 0, index * 4);
  });
  return bytes;
}

/** Unsigned 16-bit big-endian numbers. */
export function u16(...values: number[]): Buffer {
  const bytes = Buffer.allocUnsafe(values.length * 2);
  values.forEach((value, index) => {
    bytes.writeUInt16BE(value & 0xffff, index * 2);
  });
  return bytes;
}

/** One unsigned 64-bit big-endian number. */
export function u64(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(8);
  bytes.writeBigUInt64BE(BigInt(value));
  return bytes;
}
