import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ParseOptions } from '../../shared/request.ts';
import { silentLogger } from '../logging.ts';
import { openStore, type Store } from '../store/store.ts';
import { createPresets, type Presets } from './presets.ts';

const OPTIONS: ParseOptions = { nowMs: 0, hasStoredCredentials: false, checkUserSig: null };
const PLACE = { Region: 'ap-guangzhou', Bucket: 'class-1250000000', Path: '/term' };
const KEYS = { SecretId: 'AKIDofTheDestination', SecretKey: 'key-of-the-destination', Token: 'token-of-the-pair' };
const SDK_KEY = 'sdk-secret-key-of-the-application';
const SECRETS = [...Object.values(KEYS), SDK_KEY];

let directory: string;
let store: Store;
let presets: Presets;

function open(): void {
  store = openStore(directory, { now: () => Date.UTC(2026, 0, 1) });
  presets = createPresets({
    ...{ tables: store.presets, events: store.events, log: silentLogger() },
    settings: { limits: { maxLengthMs: 1000 } },
    makeUserSig: ({ SdkAppId, sdkSecretKey, UserId }, { outlivesMs }) =>
      [SdkAppId, sdkSecretKey, UserId, outlivesMs].join('|'),
  });
}

beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'recorder-presets-'));
  open();
});
afterEach(() => {
  store.close();
  rmSync(directory, { recursive: true });
});

/** Whatever the box wrote, as text. */
function disk(): string {
  return readdirSync(directory)
    .filter((name) => name.includes('sqlite') || name.includes('.db'))
    .map((name) => readFileSync(path.join(directory, name), 'latin1'))
    .join('\n');
}

function errorsOf(answer: unknown): string[] {
  return ((answer as { errors?: { field: string; rule: string }[] }).errors ?? []).map(
    ({ field, rule }) => `${field} ${rule}`,
  );
}

describe('saved destinations', () => {
  it('keep their keys sealed, show their ends alone, and survive a restart', () => {
    const view = presets.putDestination('  课堂 A ', { ...PLACE, ...KEYS }, OPTIONS);
    expect(view).toEqual({
      ...{ name: '课堂 A', ...PLACE, secretId: 'AKID…tion', hasToken: true, isReadable: true },
      setAt: '2026-01-01T00:00:00.000Z',
    });
    store.close();
    open();
    expect(presets.destination('课堂 A')).toEqual({
      ...{ name: '课堂 A', ...PLACE },
      keys: { secretId: KEYS.SecretId, secretKey: KEYS.SecretKey, token: KEYS.Token },
    });
    const everything = disk() + JSON.stringify([presets.destinations(), store.events.list({})]);
    expect(disk()).toContain('class-1250000000');
    for (const secret of SECRETS) expect(everything).not.toContain(secret);
  });

  it('keep keys that are left out, and lose them to null', () => {
    presets.putDestination('a', { ...PLACE, ...KEYS }, OPTIONS);
    presets.putDestination('a', { ...PLACE, Path: '/other/' }, OPTIONS);
    expect(presets.destination('a')).toMatchObject({ Path: '/other', keys: { secretKey: KEYS.SecretKey } });
    presets.putDestination('a', { ...PLACE, SecretId: 'AKIDnew', SecretKey: 'new' }, OPTIONS);
    expect(presets.destination('a')?.keys).toEqual({ secretId: 'AKIDnew', secretKey: 'new', token: null });
    presets.putDestination('a', { ...PLACE, SecretId: null, SecretKey: null }, OPTIONS);
    expect(presets.destination('a')?.keys).toBeNull();
  });

  it('are judged as the CosConfig of a request is, with the fields at the top', () => {
    expect(errorsOf(presets.putDestination('a', { Region: 'X', Bucket: 'nope', Path: 'a//b' }, OPTIONS))).toEqual([
      'Region pattern',
      'Bucket pattern',
      'Path segments',
    ]);
    expect(errorsOf(presets.putDestination('a', { ...PLACE, SecretId: 'x' }, OPTIONS))).toEqual(['SecretKey pair']);
    expect(errorsOf(presets.putDestination('a', { ...PLACE, Token: 'x' }, OPTIONS))).toEqual(['Token tokenAlone']);
    expect(errorsOf(presets.putDestination('a', [], OPTIONS))).toEqual([' type']);
    expect(errorsOf(presets.putDestination('..', PLACE, OPTIONS))).toEqual(['name name']);
    expect(errorsOf(presets.putDestination('x'.repeat(65), PLACE, OPTIONS))).toEqual(['name name']);
    expect(presets.destinations()).toEqual([]);
  });

  it('are forgotten by any way to write their name, once', () => {
    presets.putDestination('caf\u00e9', PLACE, OPTIONS);
    expect(presets.removeDestination(' cafe\u0301')).toBe(true);
    expect(presets.removeDestination('caf\u00e9')).toBe(false);
  });

  it('whose keys cannot be opened any more say so, and are not taken for those of the box', () => {
    presets.putDestination('a', { ...PLACE, ...KEYS }, OPTIONS);
    store.close();
    writeFileSync(path.join(directory, 'secret.key'), Buffer.alloc(32, 7));
    open();
    expect(presets.destinations()).toMatchObject([{ secretId: null, isReadable: false }]);
    const { errors } = presets.resolve({ destination: 'a' });
    expect(errors).toMatchObject([{ field: 'destination', rule: 'unreadable' }]);
  });
});

describe('saved applications', () => {
  it('keep their key sealed and show its ends alone; left out it stays, null removes it', () => {
    expect(presets.putApplication('school', { SdkAppId: 1400000001, SdkSecretKey: SDK_KEY })).toMatchObject({
      ...{ name: 'school', SdkAppId: 1400000001, sdkSecretKey: 'sdk-…tion', isReadable: true },
    });
    presets.putApplication('school', { SdkAppId: 1400000002 });
    expect(presets.application('school')).toEqual({
      ...{ name: 'school', SdkAppId: 1400000002, sdkSecretKey: SDK_KEY },
    });
    expect(disk()).not.toContain(SDK_KEY);
    presets.putApplication('school', { SdkAppId: 1400000002, SdkSecretKey: null });
    expect(presets.application('school')?.sdkSecretKey).toBeNull();
  });

  it('name every broken field', () => {
    expect(errorsOf(presets.putApplication('', { SdkAppId: 'x', SdkSecretKey: 'a b' }))).toEqual([
      'name name',
      'SdkAppId type',
      'SdkSecretKey sdkSecretKey',
    ]);
    expect(errorsOf(presets.putApplication('a', null))).toEqual([' object']);
  });
});

describe('a request by hand', () => {
  beforeEach(() => {
    presets.putDestination('classes', { ...PLACE, ...KEYS }, OPTIONS);
    presets.putDestination('plain', PLACE, OPTIONS);
    presets.putApplication('school', { SdkAppId: 1400000001, SdkSecretKey: SDK_KEY });
    presets.putApplication('keyless', { SdkAppId: 1400000002 });
  });

  it('gets what its names stand for, and loses the names', () => {
    const { body, errors } = presets.resolve({
      ...{ application: 'school', destination: 'classes', RoomId: 7, UserId: 'rec' },
    });
    expect(errors).toEqual([]);
    expect(body).toEqual({
      ...{ RoomId: 7, UserId: 'rec', SdkAppId: 1400000001, UserSig: `1400000001|${SDK_KEY}|rec|1000` },
      CosConfig: { ...PLACE, ...KEYS },
    });
  });

  it('keeps its own UserSig, brings none for an application without a key, and no keys for a plain destination', () => {
    const own = { application: 'school', UserId: 'rec', UserSig: 'mine' };
    expect(presets.resolve(own).body).toMatchObject({ UserSig: 'mine', SdkAppId: 1400000001 });
    const { body } = presets.resolve({ application: 'keyless', destination: 'plain', UserId: 'rec' });
    expect(body).toEqual({ UserId: 'rec', SdkAppId: 1400000002, CosConfig: PLACE });
  });

  it('is told of names that stand for nothing, and of a name beside what it stands for', () => {
    const unknown = presets.resolve({ application: 'nobody', destination: 7 });
    expect(errorsOf(unknown)).toEqual(['application unknownName', 'destination unknownName']);
    expect(unknown.standsFor).toEqual(['SdkAppId', 'UserSig', 'CosConfig']);
    const both = presets.resolve({ application: 'school', SdkAppId: 1, destination: 'plain', CosConfig: {} });
    expect(errorsOf(both)).toEqual(['application notBoth', 'destination notBoth']);
  });

  it('without names, or with what is no request, stays as it is', () => {
    expect(presets.resolve({ RoomId: 1 })).toEqual({ body: { RoomId: 1 }, errors: [], standsFor: [] });
    expect(presets.resolve([1]).body).toEqual([1]);
  });
});
