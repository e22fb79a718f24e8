import { describe, expect, test } from 'vitest';
import { parseRecordingRequest } from './parse-request.ts';

// What a request says about files and their looks: Mode, AlsoSingle, Layout and Names.

function parse(changes: Record<string, unknown>) {
  const body = {
    SdkAppId: 1_400_000_000,
    RoomId: 43_474,
    UserId: 'user_55952145',
    UserSig: 'any',
    CosConfig: { Region: 'ap-shanghai', Bucket: 'test-123456789', Path: '/trtc' },
    ...changes,
  };
  return parseRecordingRequest(body, { nowMs: 1_700_000_000_000, hasStoredCredentials: true, checkUserSig: null });
}

function accept(changes: Record<string, unknown>) {
  const parsed = parse(changes);
  if (!parsed.ok) throw new Error(`refused: ${parsed.errors.map(({ field, rule }) => `${field} ${rule}`).join(', ')}`);
  return parsed;
}

function namesOf(count: number): Record<string, string> {
  return Object.fromEntries(Array.from({ length: count }, (_, index) => [`user${index}`, `Name ${index}`]));
}

describe('accepted', () => {
  test.each(['00', '01', '02', '10', '11', '12'])('Mode %s', (mode) => {
    expect(accept({ Mode: mode }).request).toMatchObject({ Mode: mode, AlsoSingle: false });
  });

  test('AlsoSingle in a mixed mode; beside a mode that makes singles anyway it is ignored with a warning', () => {
    expect(accept({ Mode: '10', AlsoSingle: true })).toMatchObject({
      request: { AlsoSingle: true },
      warnings: [],
    });
    const { request, warnings } = accept({ Mode: '02', AlsoSingle: true });
    expect(request.AlsoSingle).toBe(false);
    expect(warnings.map(({ field }) => field)).toEqual(['AlsoSingle']);
    expect(accept({ Mode: '02', AlsoSingle: false }).warnings).toEqual([]);
  });

  test.each(['grid', 'speaker', 'screen'])('Layout %s', (layout) => {
    expect(accept({ Layout: layout }).request.Layout).toBe(layout);
  });

  test('64 names of 64 characters in any script, also for users called like parts of JavaScript', () => {
    const names = { ...namesOf(61), a: '𝄞'.repeat(64), b: 'عمر 😀', constructor: '陈' };
    const body = JSON.parse(JSON.stringify({ Names: names }).replace('"constructor"', '"__proto__"'));
    const { Names } = accept(body).request;
    expect(Object.entries(Names)).toHaveLength(64);
    expect(Names.a).toBe(names.a);
    expect(Object.getOwnPropertyDescriptor(Names, '__proto__')?.value).toBe('陈');
  });
});

const BROKEN: readonly [string, Record<string, unknown>, string, string][] = [
  ['AlsoSingle as text', { AlsoSingle: 'true' }, 'AlsoSingle', 'type'],
  ['Layout unknown', { Layout: 'mosaic' }, 'Layout', 'choice'],
  ['Layout as number', { Layout: 1 }, 'Layout', 'type'],
  ['Names as list', { Names: ['a'] }, 'Names', 'type'],
  ['Names as text', { Names: 'a' }, 'Names', 'type'],
  ['65 names', { Names: namesOf(65) }, 'Names', 'nameCount'],
  ['a name for no user id', { Names: { 'a b': 'x' } }, 'Names', 'nameKey'],
  ['a name that is empty', { Names: { a: ' ' } }, 'Names.a', 'nameText'],
  ['a name that is no text', { Names: { a: 5 } }, 'Names.a', 'nameText'],
  ['a name of 65 characters', { Names: { a: '𝄞'.repeat(65) } }, 'Names.a', 'nameText'],
  ['a name of two lines', { Names: { a: 'x\ny' } }, 'Names.a', 'nameText'],
  ['a name of half a character', { Names: { a: '\ud800' } }, 'Names.a', 'nameText'],
];

describe('refused', () => {
  test.each(BROKEN)('%s', (_, changes, field, rule) => {
    const parsed = parse(changes);
    if (parsed.ok) throw new Error('accepted');
    expect(parsed.errors.map((error) => [error.field, error.rule])).toEqual([[field, rule]]);
    const [error] = parsed.errors;
    for (const language of ['en', 'zh'] as const) {
      expect(error?.message[language]).toContain(field.split('.')[0]);
      expect(error?.remedy[language]).not.toBe('');
    }
  });
});
