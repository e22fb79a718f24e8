import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { KernelMemory } from './memory.ts';

describe('KernelMemory', () => {
  test('blocks never overlap, and everything given back can be had again in one piece', () => {
    const move = fc.record({ bytes: fc.integer({ min: 1, max: 90_000 }), releases: fc.nat(9) });
    fc.assert(
      fc.property(fc.array(move, { minLength: 1, maxLength: 60 }), (moves) => {
        const wasm = new WebAssembly.Memory({ initial: 1 });
        const memory = new KernelMemory(wasm);
        const blocks: { offset: number; bytes: number }[] = [];
        for (const { bytes, releases } of moves) {
          const offset = memory.allocate(bytes);
          expect(offset % 16).toBe(0);
          expect(offset + bytes).toBeLessThanOrEqual(memory.bytes.length);
          for (const other of blocks) {
            expect(offset + bytes <= other.offset || other.offset + other.bytes <= offset).toBe(true);
          }
          blocks.push({ offset, bytes });
          if (releases < blocks.length && releases > 3) memory.release(blocks.splice(releases, 1)[0]!.offset);
        }
        for (const { offset } of blocks) memory.release(offset);
        const size = wasm.buffer.byteLength;
        memory.allocate(size - 2048);
        expect(wasm.buffer.byteLength).toBe(size);
      }),
      { numRuns: 60 },
    );
  });

  test('refuses to take back what it never gave', () => {
    const memory = new KernelMemory(new WebAssembly.Memory({ initial: 1 }));
    expect(() => memory.release(4096)).toThrow(RangeError);
  });
});
