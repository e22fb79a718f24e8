import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { silentLogger } from '../logging.ts';
import type { CosCredentials } from '../settings/environment.ts';
import { openStore, type Store } from '../store/store.ts';
import { type BoxCredentials, createBoxCredentials } from './box-credentials.ts';

const OLD = { secretId: 'AKIDold0000000000aaaa', secretKey: 'old-secret' };
const NEW = { secretId: 'AKIDnew0000000000bbbb', secretKey: 'new-secret', token: 'tmp' };
const AT_MS = Date.UTC(2026, 0, 1);

let directory: string;
let store: Store;
const open = (): Store => openStore(directory, { now: () => AT_MS });
const start = (fromEnvironment: CosCredentials | null): BoxCredentials =>
  createBoxCredentials({ secrets: store.boxSecrets, fromEnvironment, log: silentLogger() });

beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'box-credentials-'));
  store = open();
});
afterEach(() => {
  store.close();
  rmSync(directory, { recursive: true });
});

function restart(fromEnvironment: CosCredentials | null): BoxCredentials {
  store.close();
  store = open();
  return start(fromEnvironment);
}

describe('the last change wins', () => {
  it('stored keys hold over a restart with the same environment, and without one', () => {
    start(OLD).store(NEW);
    expect(start(OLD).current()).toEqual(NEW);
    expect(restart(OLD).current()).toEqual(NEW);
    expect(restart(null).current()).toEqual(NEW);
    expect(restart(OLD).current()).toEqual(NEW);
  });

  it('a pair that was changed in the environment takes their place', () => {
    const changed = { secretId: 'AKIDthird', secretKey: 'third' };
    start(OLD).store(NEW);
    expect(restart(changed).current()).toEqual(changed);
    expect(restart(changed).view()).toEqual({ source: 'environment', secretId: 'AK…', setAt: null });
  });

  it('forgotten keys leave those of the environment, or none', () => {
    const credentials = start(OLD);
    credentials.store(NEW);
    expect([credentials.forget(), credentials.forget()]).toEqual([true, false]);
    expect(credentials.current()).toEqual(OLD);
    expect(restart(null).current()).toBeNull();
  });
});

describe('what may be seen', () => {
  it('is the ends of the id and since when', () => {
    const credentials = start(null);
    expect(credentials.view()).toEqual({ source: 'none', secretId: null, setAt: null });
    credentials.store(NEW);
    expect(credentials.view()).toEqual({ source: 'stored', secretId: 'AKID…bbbb', setAt: '2026-01-01T00:00:00.000Z' });
  });

  it('is nothing of a key in any file', () => {
    start(OLD).store(NEW);
    store.close();
    for (const name of readdirSync(directory)) {
      const bytes = readFileSync(path.join(directory, name));
      for (const secret of [OLD.secretKey, NEW.secretKey, NEW.secretId]) expect(bytes.includes(secret)).toBe(false);
    }
    store = open();
  });

  it('a pair that cannot be opened any more counts as none', () => {
    start(null).store(NEW);
    store.close();
    rmSync(path.join(directory, 'secret.key'));
    store = open();
    expect(start(null).current()).toBeNull();
    expect(start(OLD).current()).toEqual(OLD);
  });
});
