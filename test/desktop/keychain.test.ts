import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createKeychain } from '../../main/desktop/electron-keychain.ts';

const electron = await vi.hoisted(async () => await import('../support/electron-double.ts'));
vi.mock('electron', () => electron);
const { double, safeStorage } = electron;

beforeEach(() => double.reset());
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

const never = <T>(): Promise<T> => new Promise<T>(() => {});

it('gives back what it sealed, and says when Electron wants it sealed anew', async () => {
  const keychain = createKeychain('linux');
  const blob = await keychain.seal('text');
  expect(Buffer.from(blob).includes('text')).toBe(false);
  expect(await keychain.open(blob)).toEqual({ text: 'text', isStale: false });
  vi.spyOn(safeStorage, 'decryptStringAsync').mockResolvedValue({ result: 'text', shouldReEncrypt: true });
  expect(await keychain.open(blob)).toEqual({ text: 'text', isStale: true });
});

it.each([
  ['linux', 'basic_text', false],
  ['linux', 'gnome_libsecret', true],
  // Only Linux names one; what it would say elsewhere counts for nothing.
  ['win32', 'basic_text', true],
  ['darwin', 'basic_text', true],
] as const)('%s with %s: usable is %s', async (platform, backend, isUsable) => {
  double.safeStorage.backend = backend;
  expect(await createKeychain(platform).isUsable()).toBe(isUsable);
});

it('on Linux refuses a blob that anybody could open, which is sound on macOS', async () => {
  vi.spyOn(safeStorage, 'encryptStringAsync').mockResolvedValue(Buffer.from('v10-sealed'));
  await expect(createKeychain('linux').seal('text')).rejects.toThrow(/everybody knows/);
  expect(Buffer.from(await createKeychain('darwin').seal('text')).toString()).toBe('v10-sealed');
});

it('waits half a minute for a person, and no longer', async () => {
  vi.useFakeTimers();
  vi.spyOn(safeStorage, 'isAsyncEncryptionAvailable').mockImplementation(never);
  vi.spyOn(safeStorage, 'decryptStringAsync').mockImplementation(never);
  const keychain = createKeychain('darwin');
  const answers = Promise.all([
    keychain.isUsable(),
    keychain.open(Buffer.from('x')).catch((error: Error) => error.message),
  ]);
  await vi.advanceTimersByTimeAsync(29_999);
  expect(vi.getTimerCount()).toBe(2);
  await vi.advanceTimersByTimeAsync(1);
  expect(await answers).toEqual([false, 'the keychain did not answer within 30 s']);
});
