import i18next from 'i18next';
import { initReactI18next } from 'react-i18next';

export const LANGUAGES = ['en', 'zh-CN'] as const;
export type ConsoleLanguage = (typeof LANGUAGES)[number];

const KEY = 'language';

/** What somebody chose on this computer, else what the browser prefers. */
function language(): ConsoleLanguage {
  const chosen = LANGUAGES.find((known) => known === localStorage.getItem(KEY));
  if (chosen) return chosen;
  return navigator.languages.some((one) => one.toLowerCase().startsWith('zh')) ? 'zh-CN' : 'en';
}

/** Each language is a part of its own: nobody waits for words that he does not read. */
const WORDS = {
  en: async () => (await import('./en.ts')).en,
  'zh-CN': async () => (await import('./zh-CN.ts')).zhCN,
} satisfies Record<ConsoleLanguage, () => Promise<object>>;

/** Changes the language of the page and remembers it. */
export async function chooseLanguage(next: ConsoleLanguage): Promise<void> {
  localStorage.setItem(KEY, next);
  if (!i18next.hasResourceBundle(next, 'translation')) {
    i18next.addResourceBundle(next, 'translation', await WORDS[next]());
  }
  await i18next.changeLanguage(next);
  document.documentElement.lang = next;
}

/** Has all texts ready before the first picture of the page. */
export async function startTexts(): Promise<void> {
  const first = language();
  await i18next.use(initReactI18next).init({
    lng: first,
    fallbackLng: false,
    resources: { [first]: { translation: await WORDS[first]() } },
    interpolation: { escapeValue: false },
    returnNull: false,
  });
  document.documentElement.lang = first;
}
