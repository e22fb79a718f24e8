import { PictureTiming } from './mix/picture-timing.ts';
import type { I420Frame, StreamKind } from './mix/types.ts';
import { type SourceKey, sourceKey } from './roster.ts';

/** Buffers kept for further pictures of a stream; more are only needed for a moment after a change of size. */
const SPARE_BUFFERS = 4;

interface WaitingPicture {
  kind: 'picture';
  placeMs: number;
  userId: string;
  stream: StreamKind;
  frame: I420Frame;
}

interface WaitingChange {
  kind: 'change';
  placeMs: number;
  apply(): void;
}

type Waiting = WaitingPicture | WaitingChange;

interface Source {
  timing: PictureTiming;
  newest: WaitingPicture | null;
  spare: Uint8Array[];
}

/**
 * Holds pictures, and changes of what is to be seen, until their time on the canvas has come: as long as sound waits to be mixed. What
 * arrived late is then still in its place, and layout, pictures and sound of one moment stay together.
 *
 * Of a stream only the last picture for each tick is kept, because an earlier one would be drawn over before anybody saw it.
 */
export class PictureLine {
  readonly #tickMs: number;
  readonly #draw: (userId: string, stream: StreamKind, frame: I420Frame) => void;
  /** By place; what came first stands first among equals. */
  #waiting: Waiting[] = [];
  readonly #sources = new Map<SourceKey, Source>();
  #playedMs = Number.NEGATIVE_INFINITY;

  /**
   * @param options.tickMs milliseconds between two pictures of the canvas
   * @param options.draw takes a picture whose time has come; the buffer is used again afterwards
   */
  constructor(options: { tickMs: number; draw(userId: string, stream: StreamKind, frame: I420Frame): void }) {
    this.#tickMs = options.tickMs;
    this.#draw = options.draw;
  }

  /**
   * Takes over a picture; `frame.data` is copied before returning.
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
    const spare = source.spare.pop();
    const copy = spare?.length === data.length ? spare : new Uint8Array(data.length);
    copy.set(data);
    source.newest = { kind: 'picture', placeMs, userId, stream, frame: { ...frame, data: copy } };
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

  #show(picture: WaitingPicture): void {
    const { userId, stream, frame } = picture;
    const source = this.#sources.get(sourceKey(userId, stream));
    if (source?.newest === picture) source.newest = null;
    this.#draw(userId, stream, frame);
    if (source) keepSpare(source, frame.data);
  }

  #discard(source: Source, picture: WaitingPicture): void {
    this.#waiting.splice(this.#waiting.lastIndexOf(picture), 1);
    keepSpare(source, picture.frame.data);
  }

  #source(userId: string, stream: StreamKind): Source {
    const key = sourceKey(userId, stream);
    const known = this.#sources.get(key);
    if (known) return known;
    const source: Source = { timing: new PictureTiming(), newest: null, spare: [] };
    this.#sources.set(key, source);
    return source;
  }

  /** The tick whose picture is the first to show what belongs at a place; a picture is taken in the middle of its tick. */
  #tickOf(placeMs: number): number {
    return Math.ceil(placeMs / this.#tickMs - 0.5);
  }

  #insert(one: Waiting): void {
    let index = this.#waiting.length;
    while (index > 0 && this.#waiting[index - 1]!.placeMs > one.placeMs) index -= 1;
    this.#waiting.splice(index, 0, one);
  }
}

function keepSpare(source: Source, buffer: Uint8Array): void {
  if (source.spare.length < SPARE_BUFFERS) source.spare.push(buffer);
}
