import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { GlobalFonts } from '@napi-rs/canvas';

/** The font that every text begins with: Latin, Cyrillic and Vietnamese letters, Chinese and Japanese. */
const MAIN_PACKAGE = '@fontsource-variable/noto-sans-sc';
const MAIN_SUBSET = 'latin';
/**
 * Whose characters the main font lacks, although its list of ranges names some of them. A package that is not installed is passed
 * over.
 */
const SCRIPT_PACKAGES: readonly { packageName: string; characters: RegExp }[] = [
  { packageName: '@fontsource-variable/noto-sans-kr', characters: /\p{Script=Hangul}/u },
  { packageName: '@fontsource-variable/noto-sans-arabic', characters: /\p{Script=Arabic}/u },
  { packageName: '@fontsource-variable/noto-sans-hebrew', characters: /\p{Script=Hebrew}/u },
  { packageName: '@fontsource-variable/noto-sans-thai', characters: /\p{Script=Thai}/u },
  { packageName: '@fontsource-variable/noto-sans-devanagari', characters: /\p{Script=Devanagari}/u },
  {
    packageName: '@fontsource-variable/noto-emoji',
    characters: /\p{Emoji_Presentation}|\p{Extended_Pictographic}|\p{Emoji_Modifier}|\p{Regional_Indicator}/u,
  },
];
/** What the main font surely has where its list of ranges says so. */
const MAIN_CHARACTERS = /[\p{Script=Latin}\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{N}\p{P}]/u;
/** Letters and signs of many more scripts in one file. What is in it is listed nowhere, so it stands last. */
const LAST_RESORT = 'dejavu-fonts-ttf/ttf/DejaVuSans.ttf';
/** Joiners, variation selectors and spaces: no reason to open another font. */
const INVISIBLE = /[\p{White_Space}\p{Default_Ignorable_Code_Point}]/u;

/** One file of a font that was cut by Unicode ranges. */
interface Subset {
  file: string;
  name: string;
  /** Code points from, to, from, to …, both included. */
  ranges: number[];
}

/** What the shelf needs of the outside. */
export interface FontShelfDeps {
  /** Path of a file named as in an import; throws when its package is not installed. */
  resolve: (specifier: string) => string;
  readFile: (path: string) => Buffer;
  /** Makes a font known under a family name; false when it is no font. */
  register: (font: Buffer, family: string) => boolean;
}

/**
 * The bundled fonts. Their files, each for a part of Unicode, are read when a text first needs them: a name in Chinese takes two or
 * three of a hundred. What no bundled font has is left to the fonts of the machine.
 */
export class FontShelf {
  readonly #deps: FontShelfDeps;
  /** Family name by file, null when the file is of no use. */
  readonly #families = new Map<string, string | null>();
  readonly #subsets = new Map<string, Subset[]>();

  constructor(deps: Partial<FontShelfDeps> = {}) {
    this.#deps = { ...realDeps(), ...deps };
  }

  /**
   * The value of `font-family` for a text: the fonts that have its characters, ready for use. The first is always the same, so that
   * lines of different texts stand alike. Never throws.
   */
  familiesFor(text: string): string {
    const main = this.#subsetsOf(MAIN_PACKAGE);
    const files = new Set(main.flatMap(({ file, name }) => (name === MAIN_SUBSET ? file : [])));
    let hasStranger = false;
    for (const character of new Set(text)) {
      if (INVISIBLE.test(character)) continue;
      const isWithin = ({ ranges }: Subset) => includes(ranges, character.codePointAt(0)!);
      const special = SCRIPT_PACKAGES.find(({ characters }) => characters.test(character));
      const subset = (special ? this.#subsetsOf(special.packageName) : main).find(isWithin);
      if (subset) files.add(subset.file);
      if (!subset || !(special || MAIN_CHARACTERS.test(character))) hasStranger = true;
    }
    if (hasStranger) files.add(LAST_RESORT);
    const families = [...files].map((file) => this.#familyOf(file)).filter((family) => family !== null);
    return [...families.map((family) => `'${family}'`), 'sans-serif'].join(', ');
  }

  /** Family name under which a font file is known, or null when it is missing or broken. */
  #familyOf(file: string): string | null {
    const known = this.#families.get(file);
    if (known !== undefined) return known;
    const family = `box ${file.split('/').at(-1)!.split('.')[0]}`;
    let isUsable = false;
    try {
      isUsable = this.#deps.register(this.#deps.readFile(this.#deps.resolve(file)), family);
    } catch {
      // A font that is not there is no reason to lose a recording: its characters come out of another font, or as boxes.
    }
    this.#families.set(file, isUsable ? family : null);
    return isUsable ? family : null;
  }

  /** The files of a package, none when it is not installed; alphabets first, because the numbered pieces repeat some of their letters. */
  #subsetsOf(packageName: string): Subset[] {
    const known = this.#subsets.get(packageName);
    if (known !== undefined) return known;
    let listed: Record<string, string> = {};
    try {
      listed = JSON.parse(this.#deps.readFile(this.#deps.resolve(`${packageName}/unicode.json`)).toString('utf8'));
    } catch {
      // As with a missing file.
    }
    const id = packageName.split('/').at(-1);
    const subsets = Object.entries(listed)
      .map(([name, ranges]) => ({
        file: `${packageName}/files/${id}-${name.replace(/[[\]]/g, '')}-wght-normal.woff2`,
        name,
        ranges: parseRanges(ranges),
      }))
      .sort((a, b) => Number(a.name.startsWith('[')) - Number(b.name.startsWith('[')));
    this.#subsets.set(packageName, subsets);
    return subsets;
  }
}

/** Reads a list such as `U+4e00-4eff,U+4f0a`. */
function parseRanges(text: string): number[] {
  return [...text.matchAll(/U\+([0-9a-f]+)(?:-([0-9a-f]+))?/gi)].flatMap(([, from, to]) => [
    Number.parseInt(from!, 16),
    Number.parseInt(to ?? from!, 16),
  ]);
}

function includes(ranges: readonly number[], codePoint: number): boolean {
  for (let index = 0; index < ranges.length; index += 2) {
    if (codePoint >= ranges[index]! && codePoint <= ranges[index + 1]!) return true;
  }
  return false;
}

function realDeps(): FontShelfDeps {
  return {
    resolve: createRequire(import.meta.url).resolve,
    readFile: (path) => readFileSync(path),
    register: (font, family) => GlobalFonts.register(font, family) !== null,
  };
}
