import type { i18n } from 'i18next';
import type { FormProblem, StartForm } from './start-form.ts';

/** Rules by which a value is not of the form it should have, whatever the field. */
const OF_FORM = new Set([
  'type',
  'range',
  'length',
  'pattern',
  'choice',
  'nameKey',
  'nameText',
  'nameCount',
  'segments',
  'url',
  'scheme',
]);

/** Sentence for a problem: in the words of the form where it is about what was typed, else in those of the box, which knows why. */
export function sentenceFor(
  { wireField, rule, message, remedy, field }: FormProblem,
  form: StartForm,
  { t, language }: i18n,
): string {
  if (field === 'names') return t('start.wrong.names');
  if (rule === 'required' || rule === 'oneRoom') return t('start.wrong.required');
  if (rule === 'pair') return t('start.wrong.pair');
  if (rule === 'tokenAlone') return t('start.wrong.tokenAlone');
  if (rule === 'storedCredentials') return t('start.wrong.noKeys');
  if (OF_FORM.has(rule)) {
    switch (field) {
      case 'room':
        return t(form.roomKind === 'number' ? 'start.wrong.roomNumber' : 'start.wrong.roomText');
      case 'secretId':
      case 'secretKey':
      case 'token':
        return t('start.wrong.key');
      case 'application':
        if (wireField !== 'application') return t('start.wrong.application');
        break;
      case 'sdkAppId':
      case 'userId':
      case 'userSig':
      case 'region':
      case 'bucket':
      case 'path':
      case 'callback':
        return t(`start.wrong.${field}`);
      default:
    }
  }
  const own = language.startsWith('zh') ? 'zh' : 'en';
  return `${message[own]} ${remedy[own]}`;
}
