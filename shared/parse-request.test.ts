import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseRecordingRequest } from './parse-request.ts';
import type { ParseOptions, UserSigExpectation } from './request.ts';
import { MAX_PATH_BYTES } from './request-rules.ts';

const OPTIONS: ParseOptions = { nowMs: 1_700_000_000_000, hasStoredCredentials: true, checkUserSig: null };

const PUBLISHED_SAMPLE =
  '{"SdkAppId": 1400000000,"RoomId": 43474,"UserId": "user_55952145","Mode":"12","UserSig": "eJwtzNEKgkAUBNB-…","CosConfig": ' +
  '{"Region": "ap-shanghai","Bucket": "test-123456789","Path": "/trtc"},"IsReserve":false,"Callback":"https:xxxxxxxx.com/post/xxx"}';

type Body = Record<string, unknown> & { CosConfig: Record<string, unknown> };

function sample(changes: Record<string, unknown> = {}, cosChanges: Record<string, unknown> = {}): Body {
  const body: Body = JSON.parse(PUBLISHED_SAMPLE);
  return { ...body, CosConfig: { ...body.CosConfig, ...cosChanges }, ...changes };
}

function accept(body: unknown, options: Partial<ParseOptions> = {}) {
  const parsed = parseRecordingRequest(body, { ...OPTIONS, ...options });
  if (!parsed.ok) {
    throw new Error(`refused: ${parsed.errors.map((error) => `${error.field} ${error.rule}`).join(', ')}`);
  }
  return parsed;
}

function refuse(body: unknown, options: Partial<ParseOptions> = {}) {
  const parsed = parseRecordingRequest(body, { ...OPTIONS, ...options });
  if (parsed.ok) {
    throw new Error('accepted');
  }
  return parsed.errors;
}

describe('accepted requests', () => {
  test('the published sample, odd Callback included', () => {
    const { request, warnings } = accept(JSON.parse(PUBLISHED_SAMPLE));
    expect(request).toEqual({
      SdkAppId: 1_400_000_000,
      RoomId: 43_474,
      StrRoomId: null,
      UserId: 'user_55952145',
      UserSig: 'eJwtzNEKgkAUBNB-…',
      CosConfig: {
        Region: 'ap-shanghai',
        Bucket: 'test-123456789',
        Path: '/trtc',
        SecretId: null,
        SecretKey: null,
        Token: null,
      },
      Callback: 'https://xxxxxxxx.com/post/xxx',
      Event: [],
      Mode: '12',
      IsReserve: false,
      AlsoSingle: false,
      Layout: null,
      Names: {},
    });
    expect(warnings).toEqual([]);
  });

  test('defaults: Mode 10, IsReserve true, no Callback; null means absent', () => {
    const { request } = accept(sample({ Mode: null, IsReserve: null, Callback: null, StrRoomId: null }));
    expect(request).toMatchObject({ Mode: '10', IsReserve: true, Callback: null, StrRoomId: null });
  });

  test('RoomId wins when both rooms are given, whatever text StrRoomId holds', () => {
    expect(accept(sample({ RoomId: 123, StrRoomId: 'не латиница' })).request).toMatchObject({
      RoomId: 123,
      StrRoomId: null,
    });
  });

  test('every character that TRTC allows in a string room', () => {
    for (const room of ['123', 'a b', '!#$%&()+-:;<=.>?@[]^_{}|~,', 'Z'.repeat(64)]) {
      expect(accept(sample({ RoomId: null, StrRoomId: room })).request).toMatchObject({
        RoomId: null,
        StrRoomId: room,
      });
    }
  });

  test.each([
    ['/', '/'],
    ['test', '/test'],
    ['/a/b/', '/a/b'],
    ['/录像/day 1', '/录像/day 1'],
    ['/a..b/.c', '/a..b/.c'],
    ['x'.repeat(MAX_PATH_BYTES - 1), `/${'x'.repeat(MAX_PATH_BYTES - 1)}`],
  ])('Path %j becomes %j', (path, expected) => {
    expect(accept(sample({}, { Path: path })).request.CosConfig.Path).toBe(expected);
  });

  test('the limits of the numbers', () => {
    expect(accept(sample({ SdkAppId: 4_294_967_295, RoomId: 4_294_967_294 })).request.RoomId).toBe(4_294_967_294);
    expect(accept(sample({ SdkAppId: 1, RoomId: 1 })).request.SdkAppId).toBe(1);
  });

  test('a JSON number for Mode, an own credential pair with Token without stored ones, a Callback with credentials', () => {
    const cos = { SecretId: 'AKIDexample', SecretKey: 'secret/Key+=', Token: 'token' };
    const { request } = accept(sample({ Mode: 11, Callback: 'http://u:p@127.0.0.1:9/x?y=1' }, cos), {
      hasStoredCredentials: false,
    });
    expect(request).toMatchObject({ Mode: '11', Callback: 'http://u:p@127.0.0.1:9/x?y=1', CosConfig: cos });
  });

  test('unknown keys and empty optional texts are accepted with a warning that names them', () => {
    const { warnings, request } = accept(
      sample({ callback: 'x', VendorExtra: { a: 1 }, Callback: '' }, { Acl: 'private', SecretId: '', SecretKey: '' }),
    );
    expect(warnings.map((warning) => warning.field).sort()).toEqual([
      'Callback',
      'CosConfig.Acl',
      'CosConfig.SecretId',
      'CosConfig.SecretKey',
      'VendorExtra',
      'callback',
    ]);
    expect(warnings.find((warning) => warning.field === 'callback')?.message.en).toContain('did you mean Callback?');
    expect(request.Callback).toBeNull();
    expect(request.CosConfig.SecretId).toBeNull();
  });

  test('a thousand unknown keys make a bounded number of warnings', () => {
    const extra = Object.fromEntries(Array.from({ length: 1000 }, (_, index) => [`k${index}`, 1]));
    const { warnings } = accept(sample(extra));
    expect(warnings.length).toBe(21);
    expect(warnings.at(-1)?.message.en).toContain('980 more');
  });
});

/** What is changed in the sample, in its CosConfig, which field must be named and by which rule. */
const BROKEN: readonly [string, Record<string, unknown>, Record<string, unknown>, string, string][] = [
  ['no SdkAppId', { SdkAppId: undefined }, {}, 'SdkAppId', 'required'],
  ['null SdkAppId', { SdkAppId: null }, {}, 'SdkAppId', 'required'],
  ['SdkAppId as text', { SdkAppId: '1400000000' }, {}, 'SdkAppId', 'type'],
  ['SdkAppId 0', { SdkAppId: 0 }, {}, 'SdkAppId', 'range'],
  ['SdkAppId too big', { SdkAppId: 4_294_967_296 }, {}, 'SdkAppId', 'range'],
  ['SdkAppId with a fraction', { SdkAppId: 1.5 }, {}, 'SdkAppId', 'type'],
  ['SdkAppId beyond numbers', { SdkAppId: Number.POSITIVE_INFINITY }, {}, 'SdkAppId', 'type'],
  ['no room at all', { RoomId: undefined }, {}, 'RoomId', 'oneRoom'],
  ['RoomId 0', { RoomId: 0 }, {}, 'RoomId', 'range'],
  ['RoomId too big', { RoomId: 4_294_967_295 }, {}, 'RoomId', 'range'],
  ['RoomId negative', { RoomId: -1 }, {}, 'RoomId', 'range'],
  ['RoomId as text', { RoomId: '43474' }, {}, 'RoomId', 'type'],
  ['RoomId as text beside a good StrRoomId', { RoomId: '1', StrRoomId: 'a' }, {}, 'RoomId', 'type'],
  ['StrRoomId empty', { RoomId: undefined, StrRoomId: '' }, {}, 'StrRoomId', 'length'],
  ['StrRoomId of 65', { RoomId: undefined, StrRoomId: 'a'.repeat(65) }, {}, 'StrRoomId', 'length'],
  ['StrRoomId with a slash', { RoomId: undefined, StrRoomId: 'a/b' }, {}, 'StrRoomId', 'pattern'],
  ['StrRoomId with a line break', { RoomId: undefined, StrRoomId: 'a\n' }, {}, 'StrRoomId', 'pattern'],
  ['StrRoomId in Chinese', { RoomId: undefined, StrRoomId: '房间' }, {}, 'StrRoomId', 'pattern'],
  ['StrRoomId as number', { RoomId: undefined, StrRoomId: 123 }, {}, 'StrRoomId', 'type'],
  ['StrRoomId as number beside RoomId', { StrRoomId: 123 }, {}, 'StrRoomId', 'type'],
  ['no UserId', { UserId: undefined }, {}, 'UserId', 'required'],
  ['UserId empty', { UserId: '' }, {}, 'UserId', 'pattern'],
  ['UserId of 33', { UserId: 'u'.repeat(33) }, {}, 'UserId', 'pattern'],
  ['UserId with a dot', { UserId: 'a.b' }, {}, 'UserId', 'pattern'],
  ['UserId with a line break at its end', { UserId: 'user\n' }, {}, 'UserId', 'pattern'],
  ['UserId as number', { UserId: 5 }, {}, 'UserId', 'type'],
  ['no UserSig', { UserSig: undefined }, {}, 'UserSig', 'required'],
  ['UserSig empty', { UserSig: '' }, {}, 'UserSig', 'length'],
  ['UserSig over 8 KB', { UserSig: 'x'.repeat(8193) }, {}, 'UserSig', 'length'],
  ['UserSig as object', { UserSig: { a: 1 } }, {}, 'UserSig', 'type'],
  ['no CosConfig', { CosConfig: undefined }, {}, 'CosConfig', 'required'],
  ['CosConfig as text', { CosConfig: '{"Region":"ap-guangzhou"}' }, {}, 'CosConfig', 'type'],
  ['CosConfig as list', { CosConfig: [] }, {}, 'CosConfig', 'type'],
  ['no Region', {}, { Region: undefined }, 'CosConfig.Region', 'required'],
  ['Region in capitals', {}, { Region: 'AP-Guangzhou' }, 'CosConfig.Region', 'pattern'],
  ['Region with a host', {}, { Region: 'evil.example/' }, 'CosConfig.Region', 'pattern'],
  ['no Bucket', {}, { Bucket: undefined }, 'CosConfig.Bucket', 'required'],
  ['Bucket without APPID', {}, { Bucket: 'susu' }, 'CosConfig.Bucket', 'pattern'],
  ['Bucket in capitals', {}, { Bucket: 'Susu-1' }, 'CosConfig.Bucket', 'pattern'],
  ['Bucket with a host', {}, { Bucket: 'evil.example/a-1' }, 'CosConfig.Bucket', 'pattern'],
  ['Bucket that begins with a hyphen', {}, { Bucket: '-susu-1' }, 'CosConfig.Bucket', 'pattern'],
  ['no Path', {}, { Path: undefined }, 'CosConfig.Path', 'required'],
  ['Path empty', {}, { Path: '' }, 'CosConfig.Path', 'length'],
  ['Path with ..', {}, { Path: '/a/../b' }, 'CosConfig.Path', 'segments'],
  ['Path with .', {}, { Path: './a' }, 'CosConfig.Path', 'segments'],
  ['Path with an empty segment', {}, { Path: '/a//b' }, 'CosConfig.Path', 'segments'],
  ['Path of two slashes', {}, { Path: '//' }, 'CosConfig.Path', 'segments'],
  ['Path with a backslash', {}, { Path: '\\a' }, 'CosConfig.Path', 'characters'],
  ['Path with a zero byte', {}, { Path: '/a\u0000' }, 'CosConfig.Path', 'characters'],
  ['Path with half a character', {}, { Path: '/\ud800' }, 'CosConfig.Path', 'characters'],
  ['Path too long', {}, { Path: '录'.repeat(250) }, 'CosConfig.Path', 'pathLength'],
  ['SecretId alone', {}, { SecretId: 'AKID' }, 'CosConfig.SecretKey', 'pair'],
  ['SecretKey alone', {}, { SecretKey: 'key' }, 'CosConfig.SecretId', 'pair'],
  ['Token alone', {}, { Token: 'token' }, 'CosConfig.Token', 'tokenAlone'],
  ['SecretId with a line break', {}, { SecretId: 'a\r\nx: y', SecretKey: 'k' }, 'CosConfig.SecretId', 'pattern'],
  ['SecretKey as number', {}, { SecretId: 'a', SecretKey: 5 }, 'CosConfig.SecretKey', 'type'],
  ['Callback without a scheme', { Callback: 'example.com/x' }, {}, 'Callback', 'url'],
  ['Callback by ftp', { Callback: 'ftp://example.com/' }, {}, 'Callback', 'scheme'],
  ['Callback as script', { Callback: 'javascript:alert(1)' }, {}, 'Callback', 'scheme'],
  ['Callback as number', { Callback: 80 }, {}, 'Callback', 'type'],
  ['Callback too long', { Callback: `http://a/${'x'.repeat(2048)}` }, {}, 'Callback', 'length'],
  ['Mode 13', { Mode: '13' }, {}, 'Mode', 'choice'],
  ['Mode empty', { Mode: '' }, {}, 'Mode', 'choice'],
  ['Mode true', { Mode: true }, {}, 'Mode', 'type'],
  ['Mode 0', { Mode: 0 }, {}, 'Mode', 'choice'],
  ['Mode 03', { Mode: '03' }, {}, 'Mode', 'choice'],
  ['IsReserve as text', { IsReserve: 'true' }, {}, 'IsReserve', 'type'],
  ['IsReserve as number', { IsReserve: 1 }, {}, 'IsReserve', 'type'],
];

describe('broken requests', () => {
  test.each(BROKEN)('%s', (_name, changes, cosChanges, field, rule) => {
    const errors = refuse(sample(changes, cosChanges));
    expect(errors.map((error) => [error.field, error.rule])).toEqual([[field, rule]]);
    for (const language of ['en', 'zh'] as const) {
      expect(errors[0]?.message[language]).toContain(field.split('.').at(-1));
      expect(errors[0]?.remedy[language]).not.toBe('');
    }
  });

  test('no credentials in the request and none on the box', () => {
    const errors = refuse(sample(), { hasStoredCredentials: false });
    expect(errors.map((error) => [error.field, error.rule])).toEqual([['CosConfig.SecretId', 'storedCredentials']]);
  });

  test.each([[null], [[]], ['text'], [5], [true], [undefined]])('a body that is %j', (body) => {
    expect(refuse(body).map((error) => [error.field, error.rule])).toEqual([['', 'object']]);
  });

  test('every broken field is named at once', () => {
    const errors = refuse({
      RoomId: 0,
      UserSig: '',
      Mode: 9,
      IsReserve: 'no',
      Callback: 'x',
      CosConfig: { Path: '..' },
    });
    expect(errors.map((error) => error.field).sort()).toEqual([
      'Callback',
      'CosConfig.Bucket',
      'CosConfig.Path',
      'CosConfig.Region',
      'IsReserve',
      'Mode',
      'RoomId',
      'SdkAppId',
      'UserId',
      'UserSig',
    ]);
  });

  test('values are echoed, cut when long, and never for secret fields, addresses with passwords or what holds a secret', () => {
    expect(refuse(sample({ SdkAppId: -7 }))[0]?.value).toBe(-7);
    expect(refuse(sample({ UserId: 'x'.repeat(500) }))[0]?.value).toBe(`${'x'.repeat(200)}…`);
    expect(refuse(sample({ Callback: 'ftp://user:pw@host/a?token=t' }))[0]?.value).toBe('ftp://host/a');
    expect(refuse(sample({ Callback: 'http://user:p w@[/' }))[0]).not.toHaveProperty('value');
    expect(refuse(sample({ UserId: 'eJwtzNEKgkAUBNB-… and more' }))[0]).not.toHaveProperty('value');
    expect(refuse(sample({ usersig: 'hidden', UserId: 'a hidden b' }))[0]).not.toHaveProperty('value');
    expect(refuse(sample({}, { Token: 12_345, SecretId: 'i', SecretKey: 'k' }))[0]).not.toHaveProperty('value');
  });
});

test('a warning never shows a key that holds a secret or cannot be printed', () => {
  const { warnings } = accept(sample({ UserSig: 'S3cr3t', 'x-S3cr3t': 1, 'a\nb': 1 }));
  expect(warnings.map((warning) => warning.field)).toEqual(['(…)', '(…)']);
  expect(JSON.stringify(warnings)).not.toMatch(/S3cr3t|a\\nb/);
});

describe('UserSig', () => {
  const text = { en: 'no', zh: '否' };

  test('is checked against the request, and its complaint is about UserSig', () => {
    const seen: UserSigExpectation[] = [];
    const errors = refuse(sample(), {
      checkUserSig: (_userSig, expected) => {
        seen.push(expected);
        return { ok: false, rule: 'expired', message: text, remedy: text };
      },
    });
    expect(seen).toEqual([{ SdkAppId: 1_400_000_000, UserId: 'user_55952145', nowMs: OPTIONS.nowMs }]);
    expect(errors).toEqual([{ field: 'UserSig', rule: 'expired', message: text, remedy: text }]);
  });

  test('is not compared with broken fields, and its warning is handed on', () => {
    const expectations: UserSigExpectation[] = [];
    const checkUserSig: ParseOptions['checkUserSig'] = (_userSig, expected) => {
      expectations.push(expected);
      return { ok: true, warning: text };
    };
    refuse(sample({ SdkAppId: 'x', UserId: '' }), { checkUserSig });
    expect(expectations).toEqual([{ SdkAppId: null, UserId: null, nowMs: OPTIONS.nowMs }]);
    expect(accept(sample(), { checkUserSig }).warnings).toEqual([{ field: 'UserSig', message: text }]);
  });
});

describe('anything at all', () => {
  const KNOWN = [
    'SdkAppId',
    'RoomId',
    'StrRoomId',
    'UserId',
    'UserSig',
    'CosConfig',
    'Callback',
    'Mode',
    'IsReserve',
    'AlsoSingle',
    'Layout',
    'Names',
  ];
  const COS = ['Region', 'Bucket', 'Path', 'SecretId', 'SecretKey', 'Token'];
  const secret = fc.stringMatching(/^S3cr3t-[A-Za-z0-9]{12,20}$/);

  /** A body whose fields are anything, often the sample's own value, often a value that holds the secret. */
  const bodies = secret.chain((hidden) => {
    const value = fc.oneof(
      fc.jsonValue(),
      fc.constant(hidden),
      fc.constant(`x${hidden}/y`),
      fc.constant(`http://${hidden}@host/${hidden}`),
      fc.constant({ [hidden]: hidden }),
    );
    const cos = fc.record(Object.fromEntries(COS.map((key) => [key, value])), { requiredKeys: [] });
    const fields = fc.record(
      Object.fromEntries(KNOWN.map((key) => [key, key === 'CosConfig' ? fc.oneof(cos, value) : value])),
      { requiredKeys: [] },
    );
    return fc.record({
      hidden: fc.constant(hidden),
      body: fc.oneof(
        fc
          .tuple(fields, fc.dictionary(fc.oneof(fc.string(), fc.constant(hidden), fc.constant('__proto__')), value))
          .map(([known, extra]) => ({ ...sample(), ...extra, ...known, userSIG: hidden })),
        value,
      ),
    });
  });

  test('never throws, always names a field when it refuses, and never echoes a secret', () => {
    fc.assert(
      fc.property(bodies, fc.boolean(), ({ hidden, body }, hasStoredCredentials) => {
        const parsed = parseRecordingRequest(body, { ...OPTIONS, hasStoredCredentials });
        if (parsed.ok) {
          expect(JSON.stringify(parsed.warnings)).not.toContain(hidden);
          expect(parsed.request.CosConfig.Path).toMatch(/^\//);
          return;
        }
        expect(parsed.errors.length).toBeGreaterThan(0);
        expect(new Set(parsed.errors.map((error) => error.field)).size).toBe(parsed.errors.length);
        if (typeof body === 'object' && body !== null && 'userSIG' in body) {
          expect(JSON.stringify(parsed.errors)).not.toContain(hidden);
        }
      }),
      { numRuns: 1500 },
    );
  });

  test('a path it accepts never leaves its folder and always fits', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.string({ unit: 'binary' }), fc.webPath()), (path) => {
        const parsed = parseRecordingRequest(sample({}, { Path: path }), OPTIONS);
        if (parsed.ok) {
          const normal = parsed.request.CosConfig.Path;
          expect(
            normal === '/' ||
              normal
                .split('/')
                .slice(1)
                .every((part) => !['', '.', '..'].includes(part)),
          ).toBe(true);
          expect(Buffer.byteLength(normal)).toBeLessThanOrEqual(MAX_PATH_BYTES);
          expect(() => encodeURIComponent(normal)).not.toThrow();
        }
      }),
      { numRuns: 1000 },
    );
  });
});
