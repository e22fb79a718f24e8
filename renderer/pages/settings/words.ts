import type { i18n as I18n, TFunction } from 'i18next';
import { SETTING_TEXTS } from '../../../shared/texts/settings.ts';
import type { NumberField, SettingField } from '../../settings-model.ts';
import type { EntryProblem } from '../../settings-model-entries.ts';
import { lastName } from '../../settings-model-entries.ts';
import { amountOf, type UnitName } from '../../settings-model-measures.ts';
import { wordsOfKey } from '../../settings-model-sections.ts';

/** Words for settings in the language of the page; what it has no words for is named by its key. */
export interface SettingWords {
  titleOf(key: string): string;
  /** A sentence; empty for a setting that is newer than this page. */
  explanationOf(key: string): string;
  choiceOf(key: string, choice: string): string;
  /** What it means that there is no value. */
  emptyOf(key: string): string;
  valueOf(field: SettingField, value: unknown): string;
  /** `10 seconds to 2 minutes`; empty without limits. */
  limitsOf(field: SettingField): string;
  unitOf(unit: UnitName): string;
  problemOf(problem: EntryProblem): string;
}

export function settingWords(t: TFunction, i18n: Pick<I18n, 'exists' | 'language'>): SettingWords {
  const known = (...keys: string[]) => {
    const key = keys.find((one) => i18n.exists(one));
    return key === undefined ? null : String(t(key));
  };
  const count = new Intl.NumberFormat(i18n.language, { maximumFractionDigits: 6, useGrouping: 'min2' });
  const words: SettingWords = {
    titleOf: (key) => {
      const own = known(`settings.titles.${key}`, `settings.parts.${lastName(key)}`);
      return own ?? wordsOfKey(key);
    },
    explanationOf(key) {
      const text = Object.hasOwn(SETTING_TEXTS, key) ? SETTING_TEXTS[key as keyof typeof SETTING_TEXTS] : null;
      return text?.[i18n.language.startsWith('zh') ? 'zh' : 'en'] ?? '';
    },
    choiceOf: (key, choice) => known(`settings.choices.${key}.${choice}`) ?? choice,
    emptyOf: (key) =>
      known(`settings.empty.${key}`, `settings.empty.parts.${lastName(key)}`) ?? String(t('settings.notSet')),
    unitOf: (unit) => t(`settings.units.${unit}`, { count: 2 }),
    valueOf(field, value) {
      if (value === null || value === undefined) return words.emptyOf(field.key);
      switch (field.kind) {
        case 'switch':
          return t(value === true ? 'settings.on' : 'settings.off');
        case 'choice':
          return words.choiceOf(field.key, String(value));
        case 'number':
          return numberWords(t, count, field, Number(value));
        case 'list':
          return Array.isArray(value) && value.length > 0
            ? t('settings.listLength', { count: value.length })
            : t('common.none');
        case 'text':
          return String(value);
        default:
          return JSON.stringify(value);
      }
    },
    limitsOf(field) {
      if (field.kind !== 'number') return '';
      const range = rangeWords(t, count, field);
      if (field.multipleOf !== 2) return range;
      return [range, t('settings.even')].filter(Boolean).join(t('settings.clause'));
    },
    problemOf: ({ key, rule, field, item }) => {
      if (rule === 'form') {
        const hint = known(
          `settings.form.${key}`,
          ...(field.kind === 'text' && field.look === 'time' ? ['settings.form.time'] : []),
        );
        const wrong = item === undefined ? t('settings.problems.form') : t('settings.problems.formItem', { item });
        return hint === null ? wrong : `${wrong} ${hint}`;
      }
      const maximum = field.kind === 'text' ? field.maxLength : field.kind === 'list' ? field.maxItems : null;
      const multipleOf = field.kind === 'number' ? field.multipleOf : null;
      const example =
        field.kind === 'number' && typeof field.default === 'number'
          ? amountOf(field.default, field.measure).text
          : '10';
      return t(`settings.problems.${rule}`, { limits: words.limitsOf(field), maximum, multipleOf, example });
    },
  };
  return words;
}

function numberWords(t: TFunction, count: Intl.NumberFormat, field: NumberField, value: number): string {
  const { text, unit } = amountOf(value, field.measure, field.default);
  // A bare number may be a name, as a port is: it is never grouped.
  return unit === null ? text : `${count.format(Number(text))} ${t(`settings.units.${unit}`, { count: Number(text) })}`;
}

/** From the least to the most; a unit that both have is said once. */
function rangeWords(t: TFunction, count: Intl.NumberFormat, field: NumberField): string {
  const { minimum, maximum } = field;
  const words = (value: number) => numberWords(t, count, field, value);
  if (maximum === null) return minimum === null ? '' : t('settings.atLeast', { minimum: words(minimum) });
  if (minimum === null) return t('settings.atMost', { maximum: words(maximum) });
  const from = amountOf(minimum, field.measure, field.default);
  const to = amountOf(maximum, field.measure, field.default);
  const isShared = minimum === 0 || from.unit === to.unit;
  const first = isShared ? (from.unit === null ? from.text : count.format(Number(from.text))) : words(minimum);
  return t('settings.range', { minimum: first, maximum: words(maximum) });
}
