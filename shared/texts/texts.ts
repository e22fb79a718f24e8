import { en, type TextKey, type Texts } from './en.ts';
import type { Language } from './language.ts';
import { zhCN } from './zh-CN.ts';

const TEXTS: Readonly<Record<Language, Texts>> = { en, zh: zhCN };

/** The text for a key, its `{name}` places filled in. A place without a value stays as it is, so that it is seen. */
export function text(language: Language, key: TextKey, values: Readonly<Record<string, string | number>> = {}): string {
  return TEXTS[language][key].replace(/\{(\w+)\}/g, (place, name: string) => String(values[name] ?? place));
}
