import { expect, test } from 'vitest';
import { isEvenSize, toPcmBlock, toRotation } from './media-checks.ts';

const samples = Int16Array.from([1, -2, 300, -32_768]);
const frame = (data: Uint8Array | ArrayBuffer | null, extra: Partial<Parameters<typeof toPcmBlock>[0]> = {}) => ({
  data,
  length: 8,
  sampleRate: 48_000,
  channel: 1,
  ...extra,
});

test('sound is taken from a Buffer and from an ArrayBuffer without a copy', () => {
  for (const data of [Buffer.from(samples.buffer), samples.buffer]) {
    const block = toPcmBlock(frame(data));
    expect(block).toMatchObject({ sampleRate: 48_000, channels: 1 });
    expect([...(block?.data ?? [])]).toEqual([...samples]);
    expect(block?.data.buffer).toBe(samples.buffer);
  }
});

test('sound at an odd byte is copied, not refused', () => {
  const odd = Buffer.from(new ArrayBuffer(9), 1, 8);
  odd.set(Buffer.from(samples.buffer));
  expect([...(toPcmBlock(frame(odd))?.data ?? [])]).toEqual([...samples]);
});

test('half samples and what is beyond the length are left out', () => {
  expect(toPcmBlock(frame(samples.buffer, { length: 5 }))?.data.length).toBe(2);
  expect(toPcmBlock(frame(samples.buffer, { length: 6, channel: 2 }))?.data.length).toBe(2);
  expect(toPcmBlock(frame(samples.buffer, { length: 100 }))?.data.length).toBe(4);
  expect(toPcmBlock(frame(samples.buffer, { length: 0 }))?.data.length).toBe(4);
});

test.each([
  ['no data', frame(null)],
  ['empty', frame(new ArrayBuffer(0))],
  ['unknown rate', frame(samples.buffer, { sampleRate: 8_000 })],
  ['too many channels', frame(samples.buffer, { channel: 6 })],
])('no block from %s', (_name, value) => {
  expect(toPcmBlock(value)).toBeNull();
});

test('sizes and rotations', () => {
  expect([isEvenSize(640, 360), isEvenSize(641, 360), isEvenSize(640, 361), isEvenSize(0, 0)]).toEqual([
    true,
    false,
    false,
    false,
  ]);
  expect([0, 1, 2, 3, 4, -1, 0.5].map(toRotation)).toEqual([0, 1, 2, 3, 0, 0, 0]);
});
