import type { Language } from '../../../shared/texts/language.ts';
import { type DesktopTextKey, en } from './en.ts';
import { zhCN } from './zh-CN.ts';

/** A text of the desktop app. @param values what takes the place of `{name}` */
export function desktopText(
  language: Language,
  key: DesktopTextKey,
  values: Readonly<Record<string, string | number>> = {},
): string {
  const text: string = (language === 'zh' ? zhCN : en)[key];
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}
