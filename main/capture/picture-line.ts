import { PictureTiming } from './mix/picture-timing.ts';
import type { I420Frame, StreamKind } from './mix/types.ts';
import { type SourceKey, sourceKey } from './roster.ts';

interface WaitingPicture<Held> {
  kind: 'picture';
  placeMs: number;
  userId: string;
  stream: StreamKind;
  held: Held;
}

interface WaitingChange {
  kind: 'change';
  placeMs: number;
  apply(): void;
}

type Waiting<Held> = WaitingPicture<Held> | WaitingChange;

interface Source<Held> {
  timing: PictureTiming;
  newest: WaitingPicture<Held> | null;
}

export interface PictureLineOptions<Held> {
  /** Milliseconds between two pictures of the canvas. */
  tickMs: number;
  /** Takes over a picture that has to wait; its buffer is read before returning. */
  hold(frame: I420Frame): Held;
  /** Takes a held picture whose time has come. */
  draw(userId: string, stream: StreamKind, held: Held): void;
  /** Takes a held picture that nobody will see. */
  drop(held: Held): void;
}

/**
 * Holds pictures, and changes of what is to be seen, until their time on the canvas has come: as long as sound waits to be mixed. What
 * arrived late is then still in its place, and layout, pictures and sound of one moment stay together.
 *
 * Of a stream only the last picture for each tick is kept, because an earlier one would be drawn over before anybody saw it.
 */
export class PictureLine<Held> {
  readonly #options: PictureLineOptions<Held>;
  /** By place; what came first stands first among equals. */
  #waiting: Waiting<Held>[] = [];
  readonly #sources = new Map<SourceKey, Source<Held>>();
  #playedMs = Number.NEGATIVE_INFINITY;

  constructor(options: PictureLineOptions<Held>) {
    this.#options = options;
  }

  /**
   * Takes over a picture; `frame.data` is read before returning.
   * @param timestampMs by the sender's clock
   * @param arrivalMs on the timeline
   * @returns where on the timeline it belongs
   * @throws RangeError when the size is odd or does not match the data
   */
  add(userId: string, stream: StreamKind, frame: I420Frame, timestampMs: number, arrivalMs: number): number {
    const { data, width, height } = frame;
    if (width % 2 !== 0 || height % 2 !== 0 || data.length === 0 || data.length !== (width * height * 3) / 2) {
      throw new RangeError(`a picture of ${width}x${height} cannot have ${data.length} bytes`);
    }
    const source = this.#source(userId, stream);
    const placeMs = Math.max(source.timing.place(timestampMs, arrivalMs), this.#playedMs);
    const before = source.newest;
    if (before !== null && this.#tickOf(before.placeMs) === this.#tickOf(placeMs)) this.#discard(source, before);
    source.newest = { kind: 'picture', placeMs, userId, stream, held: this.#options.hold(frame) };
    this.#insert(source.newest);
    return placeMs;
  }

  /** Has something changed on the canvas when its time has come, in order with the pictures. */
  change(placeMs: number, apply: () => void): void {
    this.#insert({ kind: 'change', placeMs: Math.max(placeMs, this.#playedMs), apply });
  }

  /** A stream ended: what waits of it is still shown in its time, its next picture is placed anew. */
  restart(userId: string, stream: StreamKind): void {
    this.#sources.delete(sourceKey(userId, stream));
  }

  /** Draws and applies all that belongs at or before a position of the timeline. */
  playUntil(positionMs: number): void {
    this.#playedMs = Math.max(this.#playedMs, positionMs);
    for (let next = this.#waiting[0]; next && next.placeMs <= positionMs; next = this.#waiting[0]) {
      this.#waiting.shift();
      if (next.kind === 'change') next.apply();
      else this.#show(next);
    }
  }

  #show(picture: WaitingPicture<Held>): void {
    const { userId, stream, held } = picture;
    const source = this.#sources.get(sourceKey(userId, stream));
    if (source?.newest === picture) source.newest = null;
    this.#options.draw(userId, stream, held);
  }

  #discard(source: Source<Held>, picture: WaitingPicture<Held>): void {
    this.#waiting.splice(this.#waiting.lastIndexOf(picture), 1);
    source.newest = null;
    this.#options.drop(picture.held);
  }

  #source(userId: string, stream: StreamKind): Source<Held> {
    const key = sourceKey(userId, stream);
    const known = this.#sources.get(key);
    if (known) return known;
    const source: Source<Held> = { timing: new PictureTiming(), newest: null };
    this.#sources.set(key, source);
    return source;
  }

  /** The tick whose picture is the first to show what belongs at a place; a picture is taken in the middle of its tick. */
  #tickOf(placeMs: number): number {
    return Math.ceil(placeMs / this.#options.tickMs - 0.5);
  }

  #insert(one: Waiting<Held>): void {
    let index = this.#waiting.length;
    while (index > 0 && this.#waiting[index - 1]!.placeMs > one.placeMs) index -= 1;
    this.#waiting.splice(index, 0, one);
  }
}
