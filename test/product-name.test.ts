import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { desktopText } from '../main/desktop/texts/texts.ts';
import { en as trayEn } from '../main/tray/texts/en.ts';
import { zhCN as trayZh } from '../main/tray/texts/zh-CN.ts';
import { en as consoleEn } from '../renderer/texts/en.ts';
import { zhCN as consoleZh } from '../renderer/texts/zh-CN.ts';
import { en as pageEn } from '../shared/texts/en.ts';
import { zhCN as pageZh } from '../shared/texts/zh-CN.ts';
import { ROOT } from './support/source-tree.ts';

it('app, tray, console and page speak of one product', () => {
  const english = [desktopText('en', 'app.name'), trayEn.app, consoleEn.app.title, pageEn['page.title']];
  const chinese = [desktopText('zh', 'app.name'), trayZh.app, consoleZh.app.title, pageZh['page.title']];
  expect([new Set(english).size, new Set(chinese).size]).toEqual([1, 1]);
});

it('so does what is installed, and what says where it lies', () => {
  const name = desktopText('en', 'app.name');
  const lines = (file: string): string[] => readFileSync(path.join(ROOT, file), 'utf8').split('\n');
  expect(lines('electron-builder.yml')).toContain(`productName: ${name}`);
  expect(lines('renderer/index.html').map((line) => line.trim())).toContain(`<title>${name}</title>`);
  const installed = lines('docs/install.md').flatMap(
    (line) => line.match(/(?<=Program Files\\|\/Applications\/)[^\\"`.]+/g) ?? [],
  );
  expect(installed.length).toBeGreaterThan(2);
  expect(new Set(installed)).toEqual(new Set([name]));
});
