import type { Language } from '../../../shared/texts/language.ts';
import { en, type TrayTextKey, type TrayTexts } from './en.ts';
import { zhCN } from './zh-CN.ts';

const TEXTS: Readonly<Record<Language, TrayTexts>> = { en, zh: zhCN };
const MINUTE_MS = 60_000;

/** The tray's text for a key, its `{name}` places filled in. A place without a value stays as it is, so that it is seen. */
export function trayText(
  language: Language,
  key: TrayTextKey,
  values: Readonly<Record<string, string | number>> = {},
): string {
  return TEXTS[language][key].replace(/\{(\w+)\}/g, (place, name: string) => String(values[name] ?? place));
}

/** A length in whole minutes: what stands in a menu must not change while somebody reads it. */
export function lengthInWords(language: Language, lengthMs: number): string {
  const minutes = Math.floor(lengthMs / MINUTE_MS);
  if (!(minutes >= 1)) return trayText(language, 'length.begun');
  if (minutes < 60) return trayText(language, 'length.minutes', { minutes });
  return trayText(language, 'length.hours', { hours: Math.floor(minutes / 60), minutes: minutes % 60 });
}
