import type { SKRSContext2D } from '@napi-rs/canvas';

/** More of a text is never looked at: no strip has room for it. */
const MAX_CHARACTERS = 300;
const ELLIPSIS = '…';
/**
 * How far below the middle of a line its baseline lies, in parts of the font size: it puts both capitals and Chinese characters in
 * the middle.
 */
export const BASELINE = 0.37;

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });

/** A text as its reader sees it, sign by sign. */
export function graphemesOf(text: string): string[] {
  return Array.from(graphemes.segment(text), ({ segment }) => segment);
}

/**
 * One line out of any text: control characters and line breaks become spaces, and marks that would turn the direction of what
 * follows are left out.
 */
export function cleanLine(text: string): string {
  const short = Array.from(text.slice(0, 4 * MAX_CHARACTERS).toWellFormed())
    .slice(0, MAX_CHARACTERS)
    .join('');
  return short
    .normalize('NFC')
    .replace(/[\u202a-\u202e\u2066-\u2069]/g, '')
    .replace(/[\p{Cc}\s]+/gu, ' ')
    .trim();
}

/** Direction of a text by its first letter that has one. */
export function directionOf(text: string): 'ltr' | 'rtl' {
  const letter = /\p{L}/u.exec(text)?.[0] ?? '';
  return /[\p{Script=Arabic}\p{Script=Hebrew}\p{Script=Syriac}\p{Script=Thaana}\p{Script=Nko}]/u.test(letter)
    ? 'rtl'
    : 'ltr';
}

/** The longest beginning of a text, in whole graphemes and with an ellipsis, that the context's font sets within `maxWidth` pixels. */
export function ellipsize(context: SKRSContext2D, text: string, maxWidth: number): string {
  if (context.measureText(text).width <= maxWidth) return text;
  const signs = graphemesOf(text);
  const beginning = (count: number) => signs.slice(0, count).join('').trimEnd() + ELLIPSIS;
  let fits = 0;
  let tooLong = signs.length;
  while (tooLong - fits > 1) {
    const middle = (fits + tooLong) >> 1;
    if (context.measureText(beginning(middle)).width <= maxWidth) fits = middle;
    else tooLong = middle;
  }
  return fits === 0 ? '' : beginning(fits);
}
