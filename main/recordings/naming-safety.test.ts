import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseRecordingRequest } from '../../shared/parse-request.ts';
import type { RecordingRequest } from '../../shared/request.ts';
import type { OutputName } from '../capture/messages.ts';
import { fileNames, objectKey } from './naming.ts';
import { newRecordingId } from './recording-id.ts';

// Whatever a caller sends and whoever enters the room: files stay in the folder of their recording, objects below the path that was asked for.

const ROOT = path.resolve('/srv/recordings');

const nasty = fc.constantFrom(
  '..',
  '.',
  '/',
  '\\',
  '\0',
  '%2e%2e',
  '..\\..',
  'C:',
  '\u2028',
  '\ud800',
  'a\nb',
  '~',
  '．．',
  '..;',
  'CON',
  '-rf',
  '$(x)',
  '',
);
const text = fc.oneof(nasty, fc.string({ maxLength: 20 }), fc.string({ unit: 'binary', maxLength: 20 }));
const joined = fc
  .array(fc.oneof(nasty, text, fc.constantFrom('a', 'b', 'trtc')), { maxLength: 5 })
  .map((parts) => parts.join('/'));
/** Mostly good, so that many requests are taken. */
const good = <T>(value: T, other: fc.Arbitrary<unknown>) =>
  fc.oneof({ weight: 6, arbitrary: fc.constant<unknown>(value) }, { weight: 1, arbitrary: other });

const body = fc.record({
  SdkAppId: good(1_400_000_000, fc.oneof(text, fc.double())),
  StrRoomId: fc.oneof(text, joined, fc.stringMatching(/^[ -~]{1,64}$/)),
  UserId: good('user_1', text),
  UserSig: fc.constant('x'),
  Mode: fc.constantFrom('10', '11', '12', '00', '01', '02'),
  CosConfig: fc.record({
    Region: good('ap-shanghai', text),
    Bucket: good('test-123456789', text),
    Path: fc.oneof(
      joined,
      joined.map((inner) => `/${inner}`),
      text,
    ),
  }),
});

const options = { nowMs: 0, hasStoredCredentials: true, checkUserSig: null };
const boxName = fc.option(fc.stringMatching(/^[a-z0-9]{1,8}$/));

function taken(request: unknown): RecordingRequest | null {
  const parsed = parseRecordingRequest(request, options);
  return parsed.ok ? parsed.request : null;
}

describe('paths', () => {
  it('hold for every request that is taken, with any users in the room', () => {
    let accepted = 0;
    const users = fc.array(fc.oneof(text, joined), { maxLength: 4 });
    fc.assert(
      fc.property(body, users, fc.uuid(), boxName, (wire, ids, uuid, name) => {
        const request = taken(wire);
        if (request === null) return;
        accepted += 1;
        const id = newRecordingId(name, uuid);
        const row = {
          ...{ id, sdkAppId: request.SdkAppId, roomId: request.RoomId, strRoomId: request.StrRoomId },
          ...{
            userId: request.UserId,
            mode: request.Mode,
            cosPath: request.CosConfig.Path,
            startedAtMs: 0,
            createdAtMs: 0,
          },
        };
        const outputs: OutputName[] = ['mix', ...ids.flatMap((user): OutputName[] => [`main:${user}`, `sub:${user}`])];
        const folder = path.join(ROOT, id);
        expect(path.dirname(folder)).toBe(ROOT);
        const names = [...fileNames(row, [...new Set(outputs)]).values()];
        expect(new Set(names.map((one) => one.toLowerCase())).size).toBe(names.length);
        for (const file of names) {
          expect(file).toMatch(/^[A-Za-z0-9_-]+\.mp[34]$/);
          expect(Buffer.byteLength(file)).toBeLessThanOrEqual(255);
          expect(path.dirname(path.join(folder, file))).toBe(folder);
          expect(path.win32.dirname(path.win32.join('D:\\r', file))).toBe('D:\\r');
          const key = objectKey(row, file);
          const wanted = request.CosConfig.Path === '/' ? '' : `${request.CosConfig.Path.slice(1)}/`;
          expect(key).toBe(`${wanted}${file}`);
          expect(key.split('/').some((part) => ['', '.', '..'].includes(part))).toBe(false);
          expect(key).not.toMatch(/[\p{Cc}\\]/u);
          // What a URL makes of it still names the same object: no segment is one that it would take away.
          expect(
            new URL(`https://x/${key.split('/').map(encodeURIComponent).join('/')}`).pathname.split('/').length,
          ).toBe(key.split('/').length + 1);
        }
      }),
      { numRuns: 2000 },
    );
    expect(accepted).toBeGreaterThan(100);
  });

  it.each(['/../x', '/a/../../x', '..', '/a//b', '/a/./b', '/a\\..\\b', '/a\0b', '/\ud800'])(
    'CosConfig.Path %j is refused',
    (Path) => {
      const request = {
        SdkAppId: 1,
        RoomId: 1,
        UserId: 'u',
        UserSig: 'x',
        CosConfig: { Region: 'ap-shanghai', Bucket: 'a-1', Path },
      };
      expect(taken(request)).toBeNull();
      expect(taken({ ...request, CosConfig: { ...request.CosConfig, Path: '/a/b' } })).not.toBeNull();
    },
  );
});
