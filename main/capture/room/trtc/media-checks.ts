import type { PcmBlock, Rotation } from '../../mix/types.ts';

/** What the SDK hands over as sound; `data` is the SDK's own and is overwritten by the next block. */
export interface SdkAudioFrame {
  data: Uint8Array | ArrayBuffer | null;
  /** Bytes. */
  length: number;
  sampleRate: number;
  channel: number;
}

const SAMPLE_RATES = new Set([16_000, 24_000, 32_000, 44_100, 48_000]);

/** Whether a picture can be whole I420: both sides even and not empty. */
export function isEvenSize(width: number, height: number): boolean {
  return width > 0 && height > 0 && width % 2 === 0 && height % 2 === 0;
}

/** Anything but the four quarter turns counts as upright. */
export function toRotation(value: number): Rotation {
  return value === 1 || value === 2 || value === 3 ? value : 0;
}

/**
 * Looks at the SDK's bytes as samples, without a copy where alignment allows it. Null when the format is none the mixer
 * knows.
 */
export function toPcmBlock(frame: SdkAudioFrame): PcmBlock | null {
  const { data, sampleRate, channel } = frame;
  if (!data || !SAMPLE_RATES.has(sampleRate) || (channel !== 1 && channel !== 2)) return null;
  const bytes = ArrayBuffer.isView(data)
    ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
    : new Uint8Array(data);
  const length = frame.length > 0 ? Math.min(frame.length, bytes.byteLength) : bytes.byteLength;
  const samples = Math.floor(length / (2 * channel)) * channel;
  if (samples === 0) return null;
  // A view of 16-bit samples cannot begin at an odd byte.
  const aligned = bytes.byteOffset % 2 === 0 ? bytes : bytes.slice(0, samples * 2);
  return { data: new Int16Array(aligned.buffer, aligned.byteOffset, samples), sampleRate, channels: channel };
}
