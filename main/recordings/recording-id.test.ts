import { describe, expect, it } from 'vitest';
import { newRecordingId, uuidOf } from './recording-id.ts';

const UUID = '0f9b1c2d-aaaa-4bbb-8ccc-123456789abc';

describe('ids of recordings', () => {
  it('are UUIDs, each another', () => {
    const [one, other] = [newRecordingId(null), newRecordingId(null)];
    expect(one).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
    expect(other).not.toBe(one);
  });

  it('begin with the name of the box where it has one', () => {
    expect(newRecordingId('box1', UUID)).toBe(`box1-${UUID}`);
  });

  it('give their random part back, whatever the box is called', () => {
    for (const name of [null, 'a', '0', 'box1', '0f9b1c2d', 'deadbeef']) {
      expect(uuidOf(newRecordingId(name, UUID))).toBe(UUID);
    }
  });
});
