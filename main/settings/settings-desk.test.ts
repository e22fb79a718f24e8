import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { silentLogger } from '../logging.ts';
import { openSettings } from './live-settings.ts';
import { defaultSettings } from './settings.ts';
import { createSettingsDesk } from './settings-desk.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'settings-desk-'));
});
afterEach(() => {
  chmodSync(directory, 0o700);
  rmSync(directory, { recursive: true });
});

function openDesk() {
  const noted: unknown[] = [];
  const store = openSettings(directory);
  const events = { append: (type: string, id: string | null, data?: unknown) => void noted.push([type, id, data]) };
  return { store, noted, desk: createSettingsDesk({ store, events, log: silentLogger() }) };
}

it('shows values, defaults, schema, and what needs a start; notes what was changed by its keys', () => {
  const { desk, noted } = openDesk();
  const answer = desk.change({ limits: { maxRecordings: 2 }, video: { fps: 15 } });
  expect(answer).toMatchObject({
    values: { limits: { maxRecordings: 2 } },
    needsRestart: expect.arrayContaining(['http.host']),
  });
  expect(desk.get()).toEqual(answer);
  expect(desk.get().defaults).toEqual(defaultSettings());
  expect(desk.get().schema).toMatchObject({
    properties: { limits: { properties: { maxRecordings: { maximum: 500 } } } },
  });
  expect(noted).toEqual([['settingsChanged', null, { keys: ['limits.maxRecordings'] }]]);
});

it('names field, rule and remedy in both languages', () => {
  const { desk, noted } = openDesk();
  const refusal = desk.change({ video: { fps: 'many', width: 641 }, x: 1, dressing: { stampTimeZone: 'Mars' } });
  expect(refusal).toMatchObject({ kind: 'problem', code: 'INVALID_REQUEST' });
  const errors = 'errors' in refusal ? (refusal.errors ?? []) : [];
  expect(errors.map(({ field, rule }) => `${field} ${rule}`).sort()).toEqual([
    'video.fps type',
    'video.width multipleOf',
    'x additionalProperties',
  ]);
  expect(errors.find(({ field }) => field === 'video.width')?.message).toEqual({
    en: 'video.width must be multiple of 2.',
    zh: 'video.width 必须为：2 的倍数。',
  });
  for (const { remedy } of errors) expect(remedy.en).toContain('GET /api/settings');
  expect(noted).toEqual([]);
});

it('lets the desktop alone say what this machine installs', () => {
  const { desk, store, noted } = openDesk();
  const feedUrl = 'https://updates.example.com/';
  for (const patch of [
    { updates: { feedUrl } },
    { updates: { feedUrl: null } },
    { video: { fps: 20 }, updates: { install: 'atQuit' } },
  ]) {
    const refusal = desk.change(patch);
    expect(refusal).toMatchObject({ code: 'DESKTOP_ONLY', errors: [{ rule: 'desktopOnly' }] });
  }
  for (const odd of [{ updates: null }, { updates: [] }, { updates: { x: 1 } }]) {
    expect(desk.change(odd)).toMatchObject({ code: 'INVALID_REQUEST' });
  }
  expect([store.current(), noted]).toEqual([defaultSettings(), []]);
  expect(desk.get().readOnly).toEqual(['updates.feedUrl', 'updates.checkHours', 'updates.install']);
  const asker = { isDesktop: true };
  expect(desk.change({ updates: { feedUrl } }, asker)).toMatchObject({
    values: { updates: { feedUrl } },
    readOnly: [],
  });
  expect(desk.get(asker).readOnly).toEqual([]);
});

it('never shows the password of a proxy, and keeps it when the shown address comes back', () => {
  const { desk, store, noted } = openDesk();
  const answer = desk.change({ network: { proxy: 'http://user:pa55word@proxy.test:3128' } });
  expect(JSON.stringify([answer, noted])).not.toContain('pa55word');
  expect(answer).toMatchObject({ values: { network: { proxy: 'http://proxy.test:3128' } } });
  desk.change({ network: { proxy: 'http://proxy.test:3128' } });
  expect(store.current().network.proxy).toBe('http://user:pa55word@proxy.test:3128');
  desk.change({ network: { proxy: null } });
  expect(store.current().network.proxy).toBeNull();
});

it('a change that cannot be noted counts all the same; one that cannot be written does not, and says so', () => {
  const store = openSettings(directory);
  const events = {
    append: () => {
      throw new Error('database is full');
    },
  };
  const desk = createSettingsDesk({ store, events, log: silentLogger() });
  expect(desk.change({ limits: { maxRecordings: 2 } })).toMatchObject({ values: { limits: { maxRecordings: 2 } } });
  rmSync(directory, { recursive: true });
  expect(() => desk.change({ limits: { maxRecordings: 3 } })).toThrow('ENOENT');
  expect(store.current().limits.maxRecordings).toBe(2);
  mkdirSync(directory);
});
