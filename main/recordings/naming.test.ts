import { describe, expect, it } from 'vitest';
import { fileName, objectKey } from './naming.ts';

const base = {
  id: '0f9b1c2d-aaaa-4bbb-8ccc-123456789abc',
  sdkAppId: 1400000000,
  roomId: 43474,
  strRoomId: null,
  userId: 'user_55952145',
  mode: '12',
  startedAtMs: Date.UTC(2026, 0, 2, 3, 4, 5, 678),
  createdAtMs: 0,
  cosPath: '/trtc',
} as const;

describe('file names', () => {
  it('names application, room, user, UTC start and id', () => {
    expect(fileName(base)).toBe('1400000000_43474_user_55952145_20260102T030405Z_0f9b1c2d.mp4');
    expect(fileName({ ...base, mode: '10' })).toMatch(/\.mp3$/);
  });

  it('keeps string rooms apart from integer rooms and safe for file systems', () => {
    const name = fileName({ ...base, roomId: null, strRoomId: 'a room: <b>|c?' });
    expect(name).toMatch(/^[A-Za-z0-9_.-]+$/);
    expect(Buffer.from(name.split('_')[1] ?? '', 'base64url').toString()).toBe('a room: <b>|c?');
  });

  it('puts the object under the path of the request', () => {
    expect(objectKey(base)).toBe(`trtc/${fileName(base)}`);
    expect(objectKey({ ...base, cosPath: '/' })).toBe(fileName(base));
    expect(objectKey({ ...base, cosPath: 'a/b/' })).toBe(`a/b/${fileName(base)}`);
  });
});
