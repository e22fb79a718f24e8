import type { DressingSettings, VideoSettings } from './messages.ts';
import { stripHeightFor } from './mix/layout.ts';
import { blendOverlay, type Corner, type Overlay, placeInCorner } from './mix/overlay.ts';
import type { I420Frame } from './mix/types.ts';
import { stampText } from './text/stamp-text.ts';
import { cleanLine, graphemesOf } from './text/text-line.ts';
import type { TextRenderer } from './text/text-renderer.ts';

/** Largest watermark in parts of the canvas, and its distance from the edges in parts of the canvas width. */
const WATERMARK_WIDTH_SHARE = 1 / 6;
const WATERMARK_HEIGHT_SHARE = 1 / 4;
const MARGIN_SHARE = 0.02;

const STRIP_COLOURS = { background: '#1c2026', colour: '#ffffff' };
/** Muted, so that a tile draws no attention away from the pictures; one user has the same in every recording. */
const TILE_BACKGROUNDS = ['#2f4858', '#4a3f55', '#3d5245', '#5a4636', '#37475f', '#54404a'];
const PRINTABLE_ASCII = String.fromCharCode(...Array.from({ length: 95 }, (_, index) => 32 + index));

export interface DressingOptions {
  video: Pick<VideoSettings, 'width' | 'height'>;
  dressing: DressingSettings;
  /** Names to show for user ids; whoever is not listed is shown by his id. */
  names: Readonly<Record<string, string>>;
  /** Called only when something of the dressing is on: drawing text needs a native library. */
  loadTextRenderer: () => Promise<TextRenderer>;
  /** Something of the dressing will be missing in the recording; told once for each thing. */
  onProblem: (message: string) => void;
}

/** An overlay and where on the canvas it stands. */
interface Mark {
  overlay: Overlay;
  x: number;
  y: number;
}

/**
 * What belongs on the canvas beside the pictures: name strips and tiles as pictures of their own, stamp and watermark blended into
 * what goes to the encoder. Nothing here can fail a recording: what cannot be drawn is told once and left out.
 */
export class Dressing {
  /** Null when nothing is to be drawn. */
  readonly #renderer: TextRenderer | null;
  readonly #options: DressingOptions;
  readonly #margin: number;
  #watermark: Mark | null = null;
  #stamp: Mark | null = null;
  #stampSecond: number | null = null;
  #timeZone: string | undefined;
  #hasFailed = false;

  private constructor(options: DressingOptions, renderer: TextRenderer | null) {
    this.#options = options;
    this.#renderer = renderer;
    this.#margin = options.video.width * MARGIN_SHARE;
    this.#timeZone = options.dressing.stampTimeZone ?? undefined;
  }

  /** Loads what is needed, fonts and watermark included, so that nothing is read from the disk while a recording runs. Never rejects. */
  static async prepare(options: DressingOptions): Promise<Dressing> {
    const { nameStrip, placeholder, stamp, watermarkPath } = options.dressing;
    let renderer: TextRenderer | null = null;
    if (nameStrip || placeholder || stamp || watermarkPath !== null) {
      try {
        renderer = await options.loadTextRenderer();
      } catch (error) {
        options.onProblem(`Names, stamp and watermark are left out: ${textOf(error)}`);
      }
    }
    const dressing = new Dressing(options, renderer);
    if (renderer !== null) {
      dressing.#warmUp(renderer);
      if (watermarkPath !== null) await dressing.#loadWatermark(renderer, watermarkPath);
    }
    return dressing;
  }

  /** Height of the name strips under the cells, in pixels; 0 without strips. */
  get stripHeight(): number {
    return this.#options.dressing.nameStrip && this.#renderer !== null ? stripHeightFor(this.#options.video.height) : 0;
  }

  /** Whether a user whose camera is off gets a tile. */
  get hasTiles(): boolean {
    return this.#options.dressing.placeholder && this.#renderer !== null;
  }

  /** The name strip of a user, or null when it cannot be drawn. Sizes are even, in pixels. */
  strip(userId: string, width: number, height: number): I420Frame | null {
    const text = this.#nameOf(userId);
    return this.#attempt((renderer) => renderer.renderStrip({ text, width, height, ...STRIP_COLOURS }));
  }

  /** The tile that stands for a user whose camera is off, or null when it cannot be drawn. Sizes are even, in pixels. */
  tile(userId: string, width: number, height: number): I420Frame | null {
    const text = this.#nameOf(userId);
    const background = TILE_BACKGROUNDS[numberOf(userId) % TILE_BACKGROUNDS.length]!;
    return this.#attempt((renderer) =>
      renderer.renderTile({ text, initials: initialsOf(text), width, height, background }),
    );
  }

  /**
   * Blends stamp and watermark into a copy of the canvas, in place.
   * @param epochMs wall clock of this picture, milliseconds since 1970
   */
  dress(picture: Uint8Array, epochMs: number): void {
    if (this.#renderer === null) return;
    if (this.#options.dressing.stamp) this.#setStamp(epochMs);
    if (this.#watermark !== null) this.#blend(picture, this.#watermark);
    if (this.#stamp !== null) this.#blend(picture, this.#stamp);
  }

  /** The second that the stamp shows at a time; always the same without a stamp. */
  secondShown(epochMs: number): number {
    return this.#options.dressing.stamp ? Math.floor(epochMs / 1000) : 0;
  }

  #setStamp(epochMs: number): void {
    const second = this.secondShown(epochMs);
    if (second === this.#stampSecond) return;
    this.#stampSecond = second;
    const overlay = this.#attempt((renderer) => this.#renderStamp(renderer, epochMs));
    // Rather none than one that has stopped.
    this.#stamp = overlay && this.#inCorner('topLeft', overlay);
  }

  #renderStamp(renderer: TextRenderer, epochMs: number): Overlay {
    const height = stripHeightFor(this.#options.video.height);
    return renderer.renderStamp({ text: stampText(epochMs, this.#timeZone), height });
  }

  #blend(picture: Uint8Array, { overlay, x, y }: Mark): void {
    const { width, height } = this.#options.video;
    blendOverlay(picture, width, height, overlay, x, y);
  }

  #inCorner(corner: Corner, overlay: Overlay): Mark {
    const { width, height } = this.#options.video;
    return { overlay, ...placeInCorner(corner, width, height, overlay, this.#margin) };
  }

  #nameOf(userId: string): string {
    const { names } = this.#options;
    return Object.hasOwn(names, userId) ? names[userId]! : userId;
  }

  /** Draws everything once that may have to be drawn later: a font is read when its first sign is needed. */
  #warmUp(renderer: TextRenderer): void {
    const { dressing, names } = this.#options;
    try {
      stampText(0, this.#timeZone);
    } catch {
      this.#options.onProblem(`The stamp shows the machine's own time: there is no time zone "${this.#timeZone}".`);
      this.#timeZone = undefined;
    }
    this.#attempt(() => {
      if (dressing.stamp) {
        renderer.renderStamp({ text: '0123456789-: ', height: stripHeightFor(this.#options.video.height) });
      }
      if (!dressing.nameStrip && !dressing.placeholder) return;
      for (const text of [PRINTABLE_ASCII, ...Object.values(names)]) {
        renderer.renderStrip({ text, width: 64, height: 16, ...STRIP_COLOURS });
      }
    });
  }

  async #loadWatermark(renderer: TextRenderer, path: string): Promise<void> {
    const { width, height } = this.#options.video;
    const limits = { maxWidth: width * WATERMARK_WIDTH_SHARE, maxHeight: height * WATERMARK_HEIGHT_SHARE };
    try {
      this.#watermark = this.#inCorner('bottomRight', await renderer.loadWatermark(path, limits));
    } catch (error) {
      this.#options.onProblem(textOf(error));
    }
  }

  #attempt<T>(draw: (renderer: TextRenderer) => T): T | null {
    if (this.#renderer === null) return null;
    try {
      return draw(this.#renderer);
    } catch (error) {
      if (!this.#hasFailed) this.#options.onProblem(`A name or the stamp could not be drawn: ${textOf(error)}`);
      this.#hasFailed = true;
      return null;
    }
  }
}

/** Two signs of a name of several words, one of any other, none where nothing is a letter: `Ann Lee` is AL, 王小明 is 王. */
export function initialsOf(name: string): string {
  const words = cleanLine(name)
    .split(/[\s_.-]+/u)
    .filter((word) => /^[\p{L}\p{N}]/u.test(word));
  const ends = words.length > 1 ? [words[0]!, words.at(-1)!] : words;
  return ends.map((word) => graphemesOf(word)[0]!.toUpperCase()).join('');
}

/** A number that belongs to a text, the same on every machine. */
function numberOf(text: string): number {
  let sum = 0;
  for (const sign of text) sum = (sum * 31 + sign.codePointAt(0)!) % 65_521;
  return sum;
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
