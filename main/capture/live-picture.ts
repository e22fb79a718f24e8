import type { JpegCoder, OpenJpegCoder } from './encode/jpeg-coder.ts';
import type { FromCapture, VideoSettings } from './messages.ts';
import { arrange } from './mix/arrangement.ts';
import { Compositor } from './mix/compositor.ts';
import type { PlaneKernel } from './mix/kernel/kernel.ts';
import { MAX_CELLS } from './mix/layout.ts';
import type { I420Frame } from './mix/types.ts';

/** One picture of a preview: the whole mix, or the picture of one file. Its frame is read at once. */
export interface PreviewPart {
  key: string;
  isScreen: boolean;
  frame: I420Frame;
}

export interface LivePictureDeps {
  /** What there is to be seen now; nothing before the recording runs. */
  parts(): PreviewPart[];
  video: Pick<VideoSettings, 'width' | 'height' | 'background'>;
  loadKernel(): Promise<PlaneKernel>;
  openJpegCoder: OpenJpegCoder;
  /** Monotonic milliseconds. */
  monotonicMs(): number;
  send(message: Extract<FromCapture, { type: 'picture' }>): void;
}

/** What is made only while somebody looks, and given back afterwards: nobody pays for it otherwise. */
interface Studio {
  compositor: Compositor;
  coder: JpegCoder;
}

const EVERY_MS = 1000;
const MAX_WIDTH = 480;

/**
 * A small picture of the recording each second, for as long as somebody looks. It is scaled on the mixing thread, which takes about a
 * millisecond, and coded by a process of its own; while that is busy no further picture is made.
 */
export class LivePicture {
  readonly #deps: LivePictureDeps;
  readonly #size: { width: number; height: number };
  #studio: Promise<Studio> | null = null;
  #timer: NodeJS.Timeout | undefined;
  #untilMs = 0;
  #isBusy = false;

  constructor(deps: LivePictureDeps) {
    this.#deps = deps;
    this.#size = previewSize(deps.video);
  }

  /** Goes on for `forMs` from now; the first picture comes at once. */
  watch(forMs: number): void {
    this.#untilMs = this.#deps.monotonicMs() + forMs;
    if (this.#timer !== undefined) return;
    this.#timer = setInterval(() => this.#tick(), EVERY_MS);
    this.#tick();
  }

  /** Makes no further picture. */
  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#dismantle();
  }

  #tick(): void {
    if (this.#deps.monotonicMs() >= this.#untilMs) this.stop();
    else if (!this.#isBusy) void this.#show();
  }

  async #show(): Promise<void> {
    this.#isBusy = true;
    try {
      this.#studio ??= this.#open();
      const { compositor, coder } = await this.#studio;
      const jpeg = this.#draw(compositor) ? await coder.encode(compositor.canvas) : undefined;
      if (jpeg) this.#deps.send({ type: 'picture', jpeg: Buffer.from(jpeg).toString('base64') });
      // A coder that failed is not asked again; the next picture gets another.
      if (jpeg === null) this.#dismantle();
    } catch {
      // A recording does not suffer from a picture that cannot be made.
      this.#dismantle();
    } finally {
      this.#isBusy = false;
    }
  }

  async #open(): Promise<Studio> {
    const { background } = this.#deps.video;
    const kernel = await this.#deps.loadKernel();
    return {
      compositor: new Compositor(kernel, { ...this.#size, background, fit: 'fit' }),
      coder: this.#deps.openJpegCoder(this.#size),
    };
  }

  #dismantle(): void {
    void this.#studio?.then(
      ({ coder }) => coder.close(),
      () => {},
    );
    this.#studio = null;
  }

  /** @returns whether there is anything to be seen */
  #draw(compositor: Compositor): boolean {
    const parts = this.#deps.parts();
    const screen = parts.find(({ isScreen }) => isScreen) ?? null;
    const cameras = parts.filter(({ isScreen }) => !isScreen).slice(0, MAX_CELLS);
    const { width, height } = this.#size;
    const placed = arrange({ screen, cameras, large: null }, width, height);
    compositor.setCells(placed.map(({ part: { key }, rect }) => ({ key, rect })));
    for (const { part } of placed) compositor.drawFrame(part.key, part.frame);
    return placed.length > 0;
  }
}

/** Size of the preview of a canvas, even: as wide as the canvas where that is small. */
export function previewSize({ width, height }: Pick<VideoSettings, 'width' | 'height'>): {
  width: number;
  height: number;
} {
  const scale = Math.min(1, MAX_WIDTH / width);
  const even = (side: number) => Math.max(16, 2 * Math.round((side * scale) / 2));
  return { width: even(width), height: even(height) };
}
