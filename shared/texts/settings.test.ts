import { expect, it } from 'vitest';
import { settingKeys } from '../../main/settings/live-settings.ts';
import { SETTING_TEXTS } from './settings.ts';

it('every setting is described once, in both languages, and nothing else is', () => {
  expect(Object.keys(SETTING_TEXTS)).toEqual(settingKeys());
  for (const [key, { en, zh }] of Object.entries(SETTING_TEXTS)) {
    expect(en, key).toMatch(/^[A-Z].{9,}\.$/);
    expect(zh, key).toMatch(/\p{Script=Han}.*。$/u);
    expect(en, key).not.toMatch(/\p{Script=Han}/u);
  }
});
