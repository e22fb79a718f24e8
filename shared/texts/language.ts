/** Languages the box speaks. `zh` is Simplified Chinese (zh-CN). */
export const LANGUAGES = ['en', 'zh'] as const;
export type Language = (typeof LANGUAGES)[number];

/** One sentence in every language the box speaks. */
export type Text = Readonly<Record<Language, string>>;

/** Value for the HTTP `Content-Language` header and the HTML `lang` attribute. */
export const LANGUAGE_TAG: Text = { en: 'en', zh: 'zh-CN' };

interface WeightedRange {
  language: Language;
  weight: number;
}

function parseRange(part: string): WeightedRange | null {
  const [tag = '', ...parameters] = part.trim().toLowerCase().split(';');
  const primary = tag.trim().split('-')[0];
  const language = LANGUAGES.find((known) => known === primary) ?? (primary === '*' ? 'en' : undefined);
  if (language === undefined) {
    return null;
  }
  const quality = parameters.map((parameter) => /^\s*q=([0-9.]+)\s*$/.exec(parameter)?.[1]).find(Boolean);
  return { language, weight: quality === undefined ? 1 : Number(quality) || 0 };
}

/** The best language for an `Accept-Language` header; English when the header is absent or names none we speak. */
export function pickLanguage(acceptLanguage: string | undefined): Language {
  const ranges = (acceptLanguage ?? '')
    .split(',')
    .slice(0, 50)
    .map(parseRange)
    .filter((range) => range !== null);
  const best = ranges.reduce<WeightedRange | null>(
    (chosen, range) => (range.weight > (chosen?.weight ?? 0) ? range : chosen),
    null,
  );
  return best?.language ?? 'en';
}
