import { sampleRequest } from './box.ts';

/** A request that breaks rules, with every field that the answer has to name. */
export interface BrokenRequest {
  what: string;
  body: unknown;
  /** Exactly the `field`s of the answer's errors, in any order; empty for a body that is not even an object. */
  fields: string[];
}

const COS = { Region: 'ap-shanghai', Bucket: 'test-123456789', Path: '/trtc' };

function wrong(what: string, fields: string | string[], changes: Record<string, unknown>): BrokenRequest {
  return { what, body: sampleRequest(changes), fields: [fields].flat() };
}

function wrongCos(what: string, field: string, changes: Record<string, unknown>): BrokenRequest {
  return wrong(what, `CosConfig.${field}`, { CosConfig: { ...COS, ...changes } });
}

/** One broken rule or several at a time, as callers get them wrong. The box has COS credentials of its own. */
export const BROKEN_REQUESTS: readonly BrokenRequest[] = [
  wrong('no SdkAppId', 'SdkAppId', { SdkAppId: undefined }),
  wrong('SdkAppId as a text', 'SdkAppId', { SdkAppId: '1400000000' }),
  wrong('SdkAppId 0', 'SdkAppId', { SdkAppId: 0 }),
  wrong('SdkAppId with a fraction', 'SdkAppId', { SdkAppId: 1.5 }),
  wrong('SdkAppId beyond 32 bits', 'SdkAppId', { SdkAppId: 4_294_967_296 }),
  wrong('SdkAppId null', 'SdkAppId', { SdkAppId: null }),
  wrong('no room', 'RoomId', { RoomId: undefined }),
  wrong('RoomId as a text', 'RoomId', { RoomId: '43474' }),
  wrong('RoomId 0', 'RoomId', { RoomId: 0 }),
  wrong('RoomId negative', 'RoomId', { RoomId: -1 }),
  wrong('RoomId 4294967295', 'RoomId', { RoomId: 4_294_967_295 }),
  wrong('RoomId as a list', 'RoomId', { RoomId: [43_474] }),
  wrong('StrRoomId empty', 'StrRoomId', { RoomId: undefined, StrRoomId: '' }),
  wrong('StrRoomId of 65 characters', 'StrRoomId', { RoomId: undefined, StrRoomId: 'x'.repeat(65) }),
  wrong('StrRoomId with a Chinese character', 'StrRoomId', { RoomId: undefined, StrRoomId: '房间' }),
  wrong('StrRoomId with a slash', 'StrRoomId', { RoomId: undefined, StrRoomId: 'a/b' }),
  wrong('StrRoomId as a number', 'StrRoomId', { RoomId: undefined, StrRoomId: 7 }),
  wrong('no UserId', 'UserId', { UserId: undefined }),
  wrong('UserId empty', 'UserId', { UserId: '' }),
  wrong('UserId of 33 characters', 'UserId', { UserId: 'u'.repeat(33) }),
  wrong('UserId with a space', 'UserId', { UserId: 'user 1' }),
  wrong('UserId with a path', 'UserId', { UserId: '../../etc' }),
  wrong('no UserSig', 'UserSig', { UserSig: undefined }),
  wrong('UserSig empty', 'UserSig', { UserSig: '' }),
  wrong('UserSig as an object', 'UserSig', { UserSig: { sig: 'x' } }),
  wrong('no CosConfig', 'CosConfig', { CosConfig: undefined }),
  wrong('CosConfig as a text', 'CosConfig', { CosConfig: JSON.stringify(COS) }),
  wrong('CosConfig as a list', 'CosConfig', { CosConfig: [COS] }),
  wrong('CosConfig empty', ['CosConfig.Region', 'CosConfig.Bucket', 'CosConfig.Path'], { CosConfig: {} }),
  wrongCos('Region with a capital', 'Region', { Region: 'AP-Shanghai' }),
  wrongCos('Region with another host in it', 'Region', { Region: 'x.example.com/' }),
  wrongCos('Bucket without APPID', 'Bucket', { Bucket: 'test' }),
  wrongCos('Bucket with a capital', 'Bucket', { Bucket: 'Test-123456789' }),
  wrongCos('no Path', 'Path', { Path: undefined }),
  wrongCos('Path empty', 'Path', { Path: '' }),
  wrongCos('Path with ..', 'Path', { Path: '/a/../b' }),
  wrongCos('Path with an empty segment', 'Path', { Path: '/a//b' }),
  wrongCos('Path with a backslash', 'Path', { Path: '/a\\b' }),
  wrongCos('Path with a line break', 'Path', { Path: '/a\nb' }),
  wrongCos('Path too long', 'Path', { Path: `/${'p'.repeat(650)}` }),
  wrongCos('SecretId alone', 'SecretKey', { SecretId: 'AKIDalone' }),
  wrongCos('SecretKey alone', 'SecretId', { SecretKey: 'a-key-without-its-id' }),
  wrongCos('SecretId with a line break', 'SecretId', { SecretId: 'AKID\r\nx: y', SecretKey: 'some-secret-key' }),
  wrongCos('Token without a pair', 'Token', { Token: 'a-token-without-its-pair' }),
  wrong('Callback that is no URL', 'Callback', { Callback: 'not a url' }),
  wrong('Callback with another scheme', 'Callback', { Callback: 'ftp://example.com/x' }),
  wrong('Callback as a script', 'Callback', { Callback: 'javascript:alert(1)' }),
  wrong('Callback too long', 'Callback', { Callback: `https://example.com/${'x'.repeat(2100)}` }),
  wrong('Callback as a number', 'Callback', { Callback: 80 }),
  wrong('Mode unknown', 'Mode', { Mode: '13' }),
  wrong('Mode as a word', 'Mode', { Mode: 'mp4' }),
  wrong('Mode empty', 'Mode', { Mode: '' }),
  wrong('IsReserve as a text', 'IsReserve', { IsReserve: 'true' }),
  wrong('IsReserve as a number', 'IsReserve', { IsReserve: 1 }),
  wrong('field names in lower case', ['SdkAppId', 'UserId'], {
    SdkAppId: undefined,
    sdkappid: 1,
    UserId: undefined,
    userid: 'x',
  }),
  {
    what: 'everything wrong at once',
    body: {
      SdkAppId: 'x',
      RoomId: 'y',
      UserId: '',
      UserSig: '',
      CosConfig: { Region: '', Bucket: '', Path: '..' },
      Mode: 9,
    },
    fields: [
      ...['SdkAppId', 'RoomId', 'UserId', 'UserSig', 'Mode'],
      ...['CosConfig.Region', 'CosConfig.Bucket', 'CosConfig.Path'],
    ],
  },
  { what: 'a list', body: [sampleRequest()], fields: [''] },
  { what: 'null', body: 'null', fields: [''] },
  { what: 'JSON that is cut off', body: JSON.stringify(sampleRequest()).slice(0, -1), fields: [] },
  { what: 'no body', body: '', fields: [] },
  { what: 'a form', body: 'SdkAppId=1400000000&RoomId=43474', fields: [] },
];
