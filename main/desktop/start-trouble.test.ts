import { describe, expect, it } from 'vitest';
import { SecretError } from '../settings/secrets.ts';
import { DirectoryInUseError } from '../store/directory-lock.ts';
import { planAfter, type StartFacts, type StartTrouble, startDialog, troubleOf } from './start-trouble.ts';

const FACTS: StartFacts = {
  ...{ language: 'en', dataDirectory: '/data', settingsFile: '/data/settings.json', logsDirectory: '/data/logs' },
  ...{ port: 8787, host: '10.0.0.7', otherConsole: null, freePort: null },
};
const MINUTE_MS = 60_000;
const BY_ITSELF = 'tries again by itself';

describe('what becomes of a start that did not work', () => {
  it.each([
    ['a data directory in use', new DirectoryInUseError('/data')],
    ['a port in use', Object.assign(new Error(), { code: 'EADDRINUSE' })],
    ['an address that is not there yet', Object.assign(new Error(), { code: 'EADDRNOTAVAIL' })],
    ['a locked keychain', new SecretError('SECRET_KEY_LOCKED', 'locked')],
  ])('%s passes: it is tried again by itself, at a login without a word for three minutes', (_name, error) => {
    const trouble = troubleOf(error, 'en');
    const againAfterMs = 10_000;
    for (const [isAwaited, sinceMs, isTold] of [
      [true, 0, true],
      [false, 0, false],
      [false, 3 * MINUTE_MS - 1, false],
      [false, 3 * MINUTE_MS, true],
    ] as const) {
      expect(planAfter(trouble, isAwaited, sinceMs), `${sinceMs}`).toEqual({ isTold, againAfterMs });
    }
    const { detail, buttons } = startDialog(trouble, FACTS);
    expect([detail.includes(BY_ITSELF), buttons.some(({ remedy }) => remedy === 'again')]).toEqual([true, true]);
  });

  it.each<[StartTrouble, number | null]>([
    [{ kind: 'settings', problems: ['http.port is wrong'] }, 10_000],
    [{ kind: 'other', problem: 'what nobody thought of' }, 10_000],
    // The environment of a process never changes.
    [{ kind: 'environment', problem: 'RECORDER_FFMPEG is wrong' }, null],
  ])('$0.kind needs a person, who is told at once and may also mend it from elsewhere', (trouble, againAfterMs) => {
    expect(planAfter(trouble, false, 0)).toEqual({ isTold: true, againAfterMs });
    expect(startDialog(trouble, FACTS).detail.includes(BY_ITSELF)).toBe(againAfterMs !== null);
  });
});

it('an address that no network has is named, with the file in which it stands', () => {
  const { message, detail } = startDialog({ kind: 'addressAway' }, FACTS);
  expect(message).toContain('10.0.0.7');
  expect(detail).toContain('/data/settings.json');
});
