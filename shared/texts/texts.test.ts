import { expect, test } from 'vitest';
import { END_REASONS, RECORDING_STATES } from '../recording.ts';
import { en, type TextKey } from './en.ts';
import { pickLanguage } from './language.ts';
import { text } from './texts.ts';
import { zhCN } from './zh-CN.ts';

function isKey(key: string): key is TextKey {
  return Object.hasOwn(en, key);
}

function places(sentence: string): string[] {
  return (sentence.match(/\{\w+\}/g) ?? []).sort();
}

test('every text exists in both languages with the same places to fill in', () => {
  expect(Object.keys(zhCN).sort()).toEqual(Object.keys(en).sort());
  for (const key of Object.keys(en).filter(isKey)) {
    expect([key, places(zhCN[key])]).toEqual([key, places(en[key])]);
    expect(zhCN[key].trim()).not.toBe('');
  }
});

test('every state and every reason has words', () => {
  for (const key of [
    ...RECORDING_STATES.map((state) => `state.${state}`),
    ...END_REASONS.map((reason) => `end.${reason}`),
  ]) {
    expect(isKey(key)).toBe(true);
  }
});

test('places are filled in; one without a value stays visible', () => {
  expect(text('en', 'next.inSeconds', { seconds: 5, attempt: 2 })).toBe('in 5 s (try 2)');
  expect(text('zh', 'next.inSeconds', { seconds: 5 })).toContain('{attempt}');
});

test.each([
  [undefined, 'en'],
  ['', 'en'],
  ['*', 'en'],
  ['fr', 'en'],
  ['zh', 'zh'],
  ['zh-CN,zh;q=0.9,en;q=0.8', 'zh'],
  ['en-US,en;q=0.9,zh-CN;q=0.8', 'en'],
  ['fr-FR, zh;q=0.5, en;q=0.4', 'zh'],
  ['en;q=0, zh;q=0.1', 'zh'],
  ['ZH-hans-cn;Q=1', 'zh'],
  [';;;,,,q=', 'en'],
])('Accept-Language %j gives %s', (header, expected) => {
  expect(pickLanguage(header)).toBe(expected);
});
