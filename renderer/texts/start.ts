import i18next from 'i18next';
import { initReactI18next } from 'react-i18next';
import { en } from './en.ts';
import { zhCN } from './zh-CN.ts';

export const LANGUAGES = ['en', 'zh-CN'] as const;
export type ConsoleLanguage = (typeof LANGUAGES)[number];

const KEY = 'language';

/** What somebody chose on this computer, else what the browser prefers. */
function language(): ConsoleLanguage {
  const chosen = LANGUAGES.find((known) => known === localStorage.getItem(KEY));
  if (chosen) return chosen;
  return navigator.languages.some((one) => one.toLowerCase().startsWith('zh')) ? 'zh-CN' : 'en';
}

/** Changes the language of the page and remembers it. */
export async function chooseLanguage(next: ConsoleLanguage): Promise<void> {
  localStorage.setItem(KEY, next);
  await i18next.changeLanguage(next);
  document.documentElement.lang = next;
}

/** Has all texts ready before the first picture of the page. */
export async function startTexts(): Promise<void> {
  const first = language();
  await i18next.use(initReactI18next).init({
    lng: first,
    fallbackLng: 'en',
    resources: { en: { translation: en }, 'zh-CN': { translation: zhCN } },
    interpolation: { escapeValue: false },
    returnNull: false,
  });
  document.documentElement.lang = first;
}
