import { Dressing, type DressingOptions } from './dressing.ts';
import type { LayoutName, VideoSettings } from './messages.ts';
import { arrange } from './mix/arrangement.ts';
import { type Cell, Compositor, type HeldPicture } from './mix/compositor.ts';
import type { PlaneKernel } from './mix/kernel/kernel.ts';
import { withStrip } from './mix/layout.ts';
import { SpeakerChoice } from './mix/speaker.ts';
import type { I420Frame, Rect, StreamKind } from './mix/types.ts';
import { type RecordedUser, type Roster, sourceKey } from './roster.ts';

/** Quieter than this (−40 dB of full scale, root mean square) nobody is talking. */
const TALKING_RMS = 0.01;

export interface SceneOptions extends DressingOptions {
  /** Must not be shared: its whole memory belongs to this scene. */
  kernel: PlaneKernel;
  video: Pick<VideoSettings, 'width' | 'height' | 'background' | 'fit'>;
  layout: LayoutName;
}

/** One cell's worth: a user's camera, the tile in its place, or his screen. */
interface Part {
  userId: string;
  kind: 'camera' | 'tile' | 'screen';
}

/**
 * Everything that stands on the mixed canvas: who has which cell, the pictures in them, name strips, tiles, and what is blended over
 * them. Each call leaves a whole canvas behind, so a layout changes between two pictures and is never torn.
 */
export class Scene {
  readonly #compositor: Compositor;
  readonly #dressing: Dressing;
  readonly #width: number;
  readonly #height: number;
  /** Null unless the speaker is to be large. */
  readonly #choice: SpeakerChoice | null;
  #recorded: readonly RecordedUser[] = [];
  /** Users whose retained picture is older than the last time their camera was switched off. */
  readonly #outdated = new Set<string>();
  /** What was drawn for the layout that stands: strips and tiles by their keys. */
  #drawn = new Set<string>();
  #speaker: string | null = null;
  #levels: ReadonlyMap<string, number> = new Map();
  #listenedMs: number | null = null;
  /** What `look` was asked about last. */
  #seen = { second: 0, revision: -1, look: 0 };

  constructor(options: Pick<SceneOptions, 'kernel' | 'video' | 'layout'>, dressing: Dressing) {
    this.#compositor = new Compositor(options.kernel, options.video);
    this.#dressing = dressing;
    this.#width = options.video.width;
    this.#height = options.video.height;
    this.#choice = options.layout === 'speaker' ? new SpeakerChoice({ thresholdRms: TALKING_RMS }) : null;
  }

  /** The canvas as tight I420, without stamp and watermark. Void after the next call that draws: fetch it for each picture. */
  get canvas(): Uint8Array<ArrayBuffer> {
    return this.#compositor.canvas;
  }

  /** Grows whenever pixels of the canvas may have changed. */
  get revision(): number {
    return this.#compositor.revision;
  }

  /** Brings cells, strips and tiles in line with the room. To be called after every change of the roster; cheap when nothing moves. */
  update(roster: Pick<Roster, 'recorded'>): void {
    this.#recorded = roster.recorded();
    for (const userId of this.#outdated) {
      if (!this.#recorded.some((user) => user.userId === userId && user.hasPicture)) this.#outdated.delete(userId);
    }
    for (const { userId, hasPicture, isCameraOn } of this.#recorded) {
      if (hasPicture && !isCameraOn) this.#outdated.add(userId);
    }
    this.#layOut();
  }

  /**
   * Copies a frame to where it waits to be drawn or dropped; reads `frame.data` before returning.
   * @throws RangeError when the size is odd or does not match the data
   */
  hold(frame: I420Frame): HeldPicture {
    return this.#compositor.hold(frame);
  }

  /** Takes over a held picture and draws it when its stream has a cell. */
  draw(userId: string, stream: StreamKind, held: HeldPicture): void {
    this.#compositor.draw(sourceKey(userId, stream), held);
    if (stream === 'main' && this.#outdated.delete(userId)) this.#layOut();
  }

  /** Gives back a held picture that is not to be drawn. */
  drop(held: HeldPicture): void {
    this.#compositor.drop(held);
  }

  /** Drops the picture of a stream that will not be shown again. */
  forget(userId: string, stream: StreamKind): void {
    this.#compositor.forget(sourceKey(userId, stream));
  }

  /**
   * Follows who is talking; in the layout `speaker` it may change who is large. To be called some ten times a second.
   * @param levels root mean square by user id, 0…1 of full scale; who is missing is silent
   * @param nowMs monotonic, milliseconds
   */
  listen(levels: ReadonlyMap<string, number>, nowMs: number): void {
    if (this.#choice === null) return;
    this.#levels = levels;
    this.#listenedMs = nowMs;
    if (this.#choose() !== this.#speaker) this.#layOut();
  }

  /**
   * Blends stamp and watermark into a copy of the canvas, in place; does nothing when both are off.
   * @param epochMs wall clock of this picture, milliseconds since 1970
   */
  dress(picture: Uint8Array, epochMs: number): void {
    this.#dressing.dress(picture, epochMs);
  }

  /**
   * A number that is another whenever the picture of this moment, dressed, may look otherwise than the last time it was asked for.
   * @param epochMs wall clock of this picture, milliseconds since 1970
   */
  look(epochMs: number): number {
    const second = this.#dressing.secondShown(epochMs);
    const seen = this.#seen;
    if (seen.second !== second || seen.revision !== this.revision) {
      this.#seen = { second, revision: this.revision, look: seen.look + 1 };
    }
    return this.#seen.look;
  }

  /** What stands for a user's camera, or null when he takes no cell. */
  #kindOf({ userId, isInRoom, isCameraOn, hasPicture }: RecordedUser): 'camera' | 'tile' | null {
    const isLive = hasPicture && isCameraOn && !this.#outdated.has(userId);
    if (this.#dressing.hasTiles && isInRoom && !isLive) return 'tile';
    return hasPicture ? 'camera' : null;
  }

  /**
   * Who is to be large, or null for equal cells. Live pictures compete, held ones only where there is no live one; a tile never does,
   * because it has nothing to show.
   */
  #choose(): string | null {
    if (this.#choice === null) return null;
    const pictured = this.#recorded.filter((user) => this.#kindOf(user) === 'camera');
    const live = pictured.filter(({ isInRoom, isCameraOn }) => isInRoom && isCameraOn);
    const candidates = live.length > 0 ? live : pictured;
    const levels = new Map(candidates.map(({ userId }) => [userId, this.#levels.get(userId) ?? 0]));
    const first = candidates[0]?.userId ?? null;
    const chosen = this.#listenedMs === null ? first : this.#choice.update(levels, this.#listenedMs);
    return pictured.length < 2 ? null : chosen;
  }

  #layOut(): void {
    this.#speaker = this.#choose();
    const cameras = this.#recorded.flatMap((user): Part[] => {
      const kind = this.#kindOf(user);
      return kind === null ? [] : [{ userId: user.userId, kind }];
    });
    const sharer = this.#recorded.findLast(({ hasScreen }) => hasScreen);
    const screen: Part | null = sharer === undefined ? null : { userId: sharer.userId, kind: 'screen' };
    const large = cameras.find(({ userId }) => userId === this.#speaker) ?? null;
    const drawn = new Set<string>();
    const cells = arrange({ screen, cameras, large }, this.#width, this.#height).flatMap(({ part, rect }) =>
      this.#cellsOf(part, rect, drawn),
    );
    this.#compositor.setCells(cells);
    for (const key of this.#drawn) if (!drawn.has(key)) this.#compositor.forget(key);
    this.#drawn = drawn;
  }

  /** The cell of a picture or tile and that of the name strip under it. */
  #cellsOf({ userId, kind }: Part, rect: Rect, drawn: Set<string>): Cell[] {
    const { picture, strip } = withStrip(rect, this.#dressing.stripHeight);
    const cells: Cell[] = [];
    if (kind === 'tile') {
      const key = `tile:${userId}:${picture.width}x${picture.height}`;
      this.#drawOnce(key, drawn, () => this.#dressing.tile(userId, picture.width, picture.height));
      cells.push({ key, rect: picture });
    } else if (kind === 'screen') {
      cells.push({ key: sourceKey(userId, 'sub'), rect: picture, fit: 'fit' });
    } else {
      cells.push({ key: sourceKey(userId, 'main'), rect: picture });
    }
    if (strip !== null) {
      const stream: StreamKind = kind === 'screen' ? 'sub' : 'main';
      const key = `strip-${stream}:${userId}:${strip.width}x${strip.height}`;
      this.#drawOnce(key, drawn, () => this.#dressing.strip(userId, strip.width, strip.height));
      cells.push({ key, rect: strip });
    }
    return cells;
  }

  /** Draws what the layout that stands does not have yet. The size is part of the key, so a drawing never needs scaling. */
  #drawOnce(key: string, drawn: Set<string>, draw: () => I420Frame | null): void {
    if (!this.#drawn.has(key)) {
      const frame = draw();
      if (frame !== null) this.#compositor.drawFrame(key, frame);
    }
    drawn.add(key);
  }
}

/** Makes a scene ready to record: fonts and watermark are loaded, the canvas is background. */
export async function createScene(options: SceneOptions): Promise<Scene> {
  return new Scene(options, await Dressing.prepare(options));
}
