import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Crc64, crc64, crc64Combine } from './crc64.ts';

const text = (value: string): Uint8Array => new TextEncoder().encode(value);

/** The definition, bit by bit, to compare the tables with. */
function slowCrc64(bytes: Uint8Array): string {
  let crc = 0xffffffffffffffffn;
  for (const byte of bytes) {
    crc ^= BigInt(byte);
    for (let bit = 0; bit < 8; bit++) crc = crc & 1n ? (crc >> 1n) ^ 0xc96c5795d7870f42n : crc >> 1n;
  }
  return (crc ^ 0xffffffffffffffffn).toString();
}

describe('crc64', () => {
  it('gives the check value of CRC-64/XZ', () => {
    expect(crc64(text('123456789'))).toBe('11051210869376104954');
    expect(crc64(new Uint8Array())).toBe('0');
  });

  it('agrees with the definition for any bytes, however they are cut', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 300 }),
        fc.nat(300),
        fc.nat(300),
        fc.nat(8),
        (content, cutA, cutB, place) => {
          // Bytes may begin anywhere in their memory.
          const bytes = new Uint8Array(place + content.length).subarray(place);
          bytes.set(content);
          const [first, second] = [Math.min(cutA, cutB), Math.max(cutA, cutB)];
          const streamed = new Crc64()
            .update(bytes.subarray(0, first))
            .update(bytes.subarray(first, second))
            .update(bytes.subarray(second));
          expect(streamed.digest()).toBe(slowCrc64(bytes));
        },
      ),
      { numRuns: 100 },
    );
  });

  it('can be read in mid-stream without disturbing it', () => {
    const crc = new Crc64().update(text('12345'));
    expect(crc.digest()).toBe(crc64(text('12345')));
    expect(crc.update(text('6789')).digest()).toBe('11051210869376104954');
  });
});

describe('crc64Combine', () => {
  it('equals the checksum of the joined bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 600 }), fc.uint8Array({ maxLength: 600 }), (a, b) => {
        const joined = new Uint8Array([...a, ...b]);
        expect(crc64Combine(crc64(a), crc64(b), b.length)).toBe(crc64(joined));
      }),
      { numRuns: 100 },
    );
  });

  it('folds many parts of one size and a shorter last one', () => {
    const whole = new Uint8Array(5 * 1024 + 17).map((_, index) => index * 31 + (index >> 8));
    let folded = crc64(new Uint8Array());
    for (let offset = 0; offset < whole.length; offset += 1024) {
      const part = whole.subarray(offset, offset + 1024);
      folded = crc64Combine(folded, crc64(part), part.length);
    }
    expect(folded).toBe(crc64(whole));
  });

  it('handles lengths beyond 32 bits', () => {
    const fourGiB = 4 * 1024 ** 3;
    const start = '11051210869376104954';
    const once = crc64Combine(start, '0', 2 * fourGiB);
    const twice = crc64Combine(crc64Combine(start, '0', fourGiB), '0', fourGiB);
    expect(once).toBe(twice);
  });

  it('refuses a length that is not a byte count', () => {
    expect(() => crc64Combine('1', '2', -1)).toThrow(RangeError);
    expect(() => crc64Combine('1', '2', 1.5)).toThrow(RangeError);
  });
});
