/** Types that the pure mixing core shares with the adapters around it. Nothing here touches files, sockets or a clock. */

/** Clockwise quarter turns that a receiver has to apply before showing the picture (TRTCVideoRotation: 0, 90, 180, 270 degrees). */
export type Rotation = 0 | 1 | 2 | 3;

/**
 * One picture in tight I420: Y plane of `width*height` bytes, then U and V of `width/2 * height/2` each, no padding.
 * `data` belongs to the sender and is overwritten by his next frame: read it before returning.
 */
export interface I420Frame {
  data: Uint8Array;
  /** Even, in pixels, before rotation. */
  width: number;
  /** Even, in pixels, before rotation. */
  height: number;
  rotation: Rotation;
}

/**
 * Interleaved signed 16-bit PCM of one participant, normally 20 ms.
 * `data` belongs to the sender and may be overwritten: read it before returning.
 */
export interface PcmBlock {
  data: Int16Array;
  /** Hz: 16000, 24000, 32000, 44100 or 48000. */
  sampleRate: number;
  channels: 1 | 2;
}

/** Area of the canvas in pixels; every number is even so that chroma stays whole. */
export interface Rect {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** `main` is the camera (big stream), `sub` the shared screen. */
export type StreamKind = 'main' | 'sub';
