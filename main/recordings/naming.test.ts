import { describe, expect, it } from 'vitest';
import { fileName, fileNames, mediaKind, objectKey } from './naming.ts';

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

describe('names of several files', () => {
  it('have the recorded user, what it is of him, and the same time', () => {
    expect([...fileNames({ ...base, mode: '02' }, ['main:alice', 'sub:alice', 'main:b-o_b'])]).toEqual([
      ['main:alice', '1400000000_43474_alice_main_20260102T030405Z_0f9b1c2d.mp4'],
      ['sub:alice', '1400000000_43474_alice_aux_20260102T030405Z_0f9b1c2d.mp4'],
      ['main:b-o_b', '1400000000_43474_b-o_b_main_20260102T030405Z_0f9b1c2d.mp4'],
    ]);
    expect(fileName({ ...base, mode: '00' }, 'main:alice')).toMatch(/_alice_main_.*\.mp3$/);
    expect((['10', '00', '11', '01', '12', '02'] as const).map(mediaKind)).toEqual([
      ...['mp3', 'mp3', 'mp4', 'mp4', 'mp4', 'mp4'],
    ]);
  });

  it('differ on every disk, also for users that differ in case and for a recorder named like a file', () => {
    const names = fileNames({ ...base, userId: 'bob_main' }, ['mix', 'main:bob', 'main:BOB', 'main:Bob']);
    const seen = [...names.values()].map((name) => name.toLowerCase());
    expect(new Set(seen).size).toBe(4);
    expect(names.get('main:Bob')).toBe('1400000000_43474_Bob_main_20260102T030405Z_0f9b1c2d_4.mp4');
  });

  it('are safe whatever a user of the room is called', () => {
    for (const userId of ['../../etc/passwd', 'a/b', '', 'x'.repeat(5_000), '用户', 'a\0b', '..']) {
      const name = fileName(base, `main:${userId}`);
      expect(name).toMatch(/^[A-Za-z0-9_-]{1,180}\.mp4$/);
    }
    expect(fileName(base, 'main:用户')).not.toBe(fileName(base, 'main:用戶'));
  });
});

describe('file names', () => {
  it('names application, room, user, UTC start and id', () => {
    expect(fileName(base)).toBe('1400000000_43474_user_55952145_20260102T030405Z_0f9b1c2d.mp4');
    expect(fileName({ ...base, mode: '10' })).toMatch(/\.mp3$/);
    expect(fileName({ ...base, id: `box1-${base.id}` })).toBe(fileName(base));
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
