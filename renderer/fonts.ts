import i18next from 'i18next';

/** The first picture waits no longer for its signs. */
const FIRST_SIGNS_MS = 800;
/** The words that are seen first, by their places among the texts. */
const FIRST_WORDS = ['app', 'nav', 'shell', 'now'] as const;
const BROUGHT_FONT = '16px "Noto Sans SC Variable"';

/**
 * Brings signs that the computer has no font for: pieces of fonts, each loaded when a text needs it and never otherwise.
 *
 * Chromium remembers how it set a word. One that it set before its piece of font arrived stays blank, unless something about its font
 * changes; so with each arrival the texts get a feature that no font has, under another number.
 * @returns when the first words of a Chinese page can be set, so that they do not move when their signs arrive; at once otherwise
 */
export async function bringFonts(): Promise<void> {
  let arrivals = 0;
  document.fonts.addEventListener('loadingdone', ({ fontfaces }) => {
    if (fontfaces.length === 0) return;
    arrivals += 1;
    document.documentElement.style.setProperty('--fonts-arrived', `"ARRV" ${arrivals}`);
  });
  const rules = import('./fonts.css');
  if (i18next.language !== 'zh-CN' || hasSign('录')) return;
  const words: Record<string, unknown> = i18next.getResourceBundle('zh-CN', 'translation');
  const signs = [...new Set(JSON.stringify(FIRST_WORDS.map((place) => words[place])))].join('');
  const arrived = rules.then(() => document.fonts.load(BROUGHT_FONT, signs));
  await Promise.race([arrived.catch(() => {}), new Promise((resolve) => setTimeout(resolve, FIRST_SIGNS_MS))]);
}

/** Whether a font of the computer has a sign: else it is set like one that no font has. */
function hasSign(sign: string): boolean {
  const context = document.createElement('canvas').getContext('2d');
  if (!context) return true;
  context.font = '32px system-ui, sans-serif';
  return context.measureText(sign).width !== context.measureText('\u{F0000}').width;
}
