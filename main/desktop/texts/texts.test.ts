import { expect, it } from 'vitest';
import { type DesktopTextKey, en } from './en.ts';
import { desktopText } from './texts.ts';
import { zhCN } from './zh-CN.ts';

const placesOf = (text: string): string[] => (text.match(/\{\w+\}/g) ?? []).sort();

it('both languages have the same texts with the same places for values', () => {
  expect(Object.keys(zhCN)).toEqual(Object.keys(en));
  for (const key of Object.keys(en) as DesktopTextKey[]) {
    expect([key, ...placesOf(zhCN[key])]).toEqual([key, ...placesOf(en[key])]);
  }
});

it('values take their places, and what is in them stays as it is', () => {
  expect(desktopText('en', 'port.message', { port: 80 })).toBe('Port 80 of this computer is used by another program.');
  expect(desktopText('zh', 'lock.detail', { directory: '{directory} $&' })).toContain('{directory} $&');
});
