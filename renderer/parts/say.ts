import { useTranslation } from 'react-i18next';
import type { Text } from '../../shared/texts/language.ts';

/** Texts that the page shares with the box, in the language of the page. */
export function useSay(): (text: Text) => string {
  const { i18n } = useTranslation();
  return (text) => text[i18n.language.startsWith('zh') ? 'zh' : 'en'];
}
