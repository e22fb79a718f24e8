/**
 * CRC-64/XZ, the checksum COS reports as `x-cos-hash-crc64ecma`. Values cross this module's edge as decimal text, the form COS uses.
 * Inside, a value is two unsigned 32-bit halves, because BigInt per byte is a hundred times slower.
 */

const POLYNOMIAL_LOW = 0xd7870f42;
const POLYNOMIAL_HIGH = 0xc96c5795;
const POLYNOMIAL = 0xc96c5795d7870f42n;
const SLICES = 16;

/** Tables `k*256…k*256+255` advance a byte by `k` further zero bytes; low and high halves in two arrays. */
const { low: TABLE_LOW, high: TABLE_HIGH } = buildTables();

function buildTables(): { low: Int32Array; high: Int32Array } {
  const low = new Int32Array(SLICES * 256);
  const high = new Int32Array(SLICES * 256);
  for (let byte = 0; byte < 256; byte++) {
    let l = byte;
    let h = 0;
    for (let bit = 0; bit < 8; bit++) {
      const odd = l & 1;
      l = (l >>> 1) | (h << 31);
      h >>>= 1;
      if (odd) {
        l ^= POLYNOMIAL_LOW;
        h ^= POLYNOMIAL_HIGH;
      }
    }
    low[byte] = l;
    high[byte] = h;
  }
  for (let index = 256; index < SLICES * 256; index++) {
    const l = low[index - 256]!;
    const h = high[index - 256]!;
    low[index] = ((l >>> 8) | (h << 24)) ^ low[l & 255]!;
    high[index] = (h >>> 8) ^ high[l & 255]!;
  }
  return { low, high };
}

/** Streaming CRC-64/XZ. */
export class Crc64 {
  #low = -1;
  #high = -1;

  /** Takes in more bytes; may be called any number of times. */
  update(bytes: Uint8Array): this {
    // Four bytes are read at once where they lie as one word of memory does, which takes a quarter off the time.
    const head = Math.min(bytes.length, -bytes.byteOffset & 3);
    const groups = Math.floor((bytes.length - head) / 16);
    this.#takeBytes(bytes, 0, head);
    if (groups > 0) this.#takeWords(new Int32Array(bytes.buffer, bytes.byteOffset + head, groups * 4));
    this.#takeBytes(bytes, head + groups * 16, bytes.length);
    return this;
  }

  #takeBytes(bytes: Uint8Array, from: number, to: number): void {
    let low = this.#low;
    let high = this.#high;
    for (let at = from; at < to; at++) {
      const index = (low ^ bytes[at]!) & 255;
      low = ((low >>> 8) | (high << 24)) ^ TABLE_LOW[index]!;
      high = (high >>> 8) ^ TABLE_HIGH[index]!;
    }
    this.#low = low;
    this.#high = high;
  }

  /** A multiple of four words in the order of little-endian machines, which all are that this runs on. */
  #takeWords(words: Int32Array): void {
    const tl = TABLE_LOW;
    const th = TABLE_HIGH;
    let low = this.#low;
    let high = this.#high;
    for (let at = 0; at < words.length; at += 4) {
      const first = low ^ words[at]!;
      const second = high ^ words[at + 1]!;
      const third = words[at + 2]!;
      const fourth = words[at + 3]!;
      const a = 3840 + (first & 255);
      const b = 3584 + ((first >>> 8) & 255);
      const c = 3328 + ((first >>> 16) & 255);
      const d = 3072 + (first >>> 24);
      const e = 2816 + (second & 255);
      const f = 2560 + ((second >>> 8) & 255);
      const g = 2304 + ((second >>> 16) & 255);
      const h = 2048 + (second >>> 24);
      const i = 1792 + (third & 255);
      const j = 1536 + ((third >>> 8) & 255);
      const k = 1280 + ((third >>> 16) & 255);
      const l = 1024 + (third >>> 24);
      const m = 768 + (fourth & 255);
      const n = 512 + ((fourth >>> 8) & 255);
      const o = 256 + ((fourth >>> 16) & 255);
      const p = fourth >>> 24;
      const farLow = tl[a]! ^ tl[b]! ^ tl[c]! ^ tl[d]! ^ tl[e]! ^ tl[f]! ^ tl[g]! ^ tl[h]!;
      const farHigh = th[a]! ^ th[b]! ^ th[c]! ^ th[d]! ^ th[e]! ^ th[f]! ^ th[g]! ^ th[h]!;
      const nearLow = tl[i]! ^ tl[j]! ^ tl[k]! ^ tl[l]! ^ tl[m]! ^ tl[n]! ^ tl[o]! ^ tl[p]!;
      const nearHigh = th[i]! ^ th[j]! ^ th[k]! ^ th[l]! ^ th[m]! ^ th[n]! ^ th[o]! ^ th[p]!;
      low = farLow ^ nearLow;
      high = farHigh ^ nearHigh;
    }
    this.#low = low;
    this.#high = high;
  }

  /** The checksum of everything taken in so far, decimal text. More may follow. */
  digest(): string {
    return ((BigInt(~this.#high >>> 0) << 32n) | BigInt(~this.#low >>> 0)).toString();
  }
}

/** CRC-64/XZ of one buffer, decimal text. */
export function crc64(bytes: Uint8Array): string {
  return new Crc64().update(bytes).digest();
}

/**
 * CRC-64/XZ of A followed by B, from their checksums and the length of B in bytes; the bytes themselves are not needed.
 * This is how the checksum of a whole file is folded from those of its parts.
 */
export function crc64Combine(crcA: string, crcB: string, lengthB: number): string {
  if (!Number.isSafeInteger(lengthB) || lengthB < 0) throw new RangeError('lengthB must be a whole number of bytes');
  return (multiply(shiftFactor(lengthB), BigInt(crcA)) ^ BigInt(crcB)).toString();
}

let lastShift = { length: 0, factor: 1n << 63n };

/** x^(8·length) modulo the polynomial. The last one is kept: parts of one upload have the same length but for the last. */
function shiftFactor(length: number): bigint {
  if (lastShift.length === length) return lastShift.factor;
  let factor = 1n << 63n;
  let square = 1n << 55n;
  for (let rest = length; rest > 0; rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) factor = multiply(factor, square);
    square = multiply(square, square);
  }
  lastShift = { length, factor };
  return factor;
}

/** Product of two polynomials modulo the CRC's, in reflected bit order (bit 63 is x^0). */
function multiply(a: bigint, b: bigint): bigint {
  let product = 0n;
  let term = b;
  for (let rest = a; rest !== 0n; rest = (rest << 1n) & 0xffffffffffffffffn) {
    if (rest >> 63n) product ^= term;
    term = term & 1n ? (term >> 1n) ^ POLYNOMIAL : term >> 1n;
  }
  return product;
}
