import type { JpegCoder } from '../../main/capture/encode/jpeg-coder.ts';
import type { VideoSettings } from '../../main/capture/messages.ts';
import type { Encoder, EncoderEvents, OpenEncoder } from '../../main/capture/segment-sequence.ts';

/** An encoder in memory: keeps what it was given and dies when the test says so. */
export interface FakeEncoder extends Encoder {
  readonly segment: number;
  readonly video: VideoSettings;
  /** Time stamps are nanoseconds from the segment's start. */
  readonly pictures: { timestampNs: number; canvas: Uint8Array }[];
  readonly sound: { timestampNs: number; pcm: Int16Array }[];
  /** Settable: bytes that wait in the pipe. */
  backlogBytes: number;
  /** Settable: pictures are refused. */
  isSkipping: boolean;
  /** Settable: how long `finish` takes. */
  finishMs: number;
  /** The timeout that each `finish` was given. */
  readonly finishes: number[];
  /** Ends by itself, with so much readable media in its file. */
  die(readableMs: number, description?: string): void;
  /** Its file cannot be written any more, with so much readable media in it. */
  failStorage(description: string, options?: { isFull?: boolean; readableMs?: number }): void;
}

/** Opens fake encoders and lists them in the order of opening. */
export function fakeEncoders(): { open: OpenEncoder; opened: FakeEncoder[] } {
  const opened: FakeEncoder[] = [];
  const open: OpenEncoder = ({ segment }, video, events) => {
    const encoder = fakeEncoder(segment, video, events);
    opened.push(encoder);
    return encoder;
  };
  return { open, opened };
}

/** Makes "pictures" that tell the luma of the middle and the size of what was given. */
export function fakeJpegCoder({ width, height }: { width: number; height: number }): JpegCoder {
  return {
    encode: async (picture) => Uint8Array.of(picture[(height / 2) * width + width / 2]!, width / 2, height / 2),
    close: () => {},
  };
}

function fakeEncoder(segment: number, video: VideoSettings, events: EncoderEvents): FakeEncoder {
  let readable = 0;
  let isAlive = true;
  const encoder: FakeEncoder = {
    segment,
    video,
    file: `segment-${segment}.mp4`,
    pictures: [],
    sound: [],
    backlogBytes: 0,
    isSkipping: false,
    finishMs: 0,
    finishes: [],
    get bytesWritten() {
      return encoder.pictures.length * 1000 + encoder.sound.length * 10;
    },
    writePicture(canvas, timestampNs, dress) {
      if (!isAlive || encoder.isSkipping) return 'skipped';
      const copy = canvas.slice();
      dress?.(copy);
      encoder.pictures.push({ timestampNs, canvas: copy });
      return 'written';
    },
    writeAudio(pcm, timestampNs) {
      if (isAlive) encoder.sound.push({ timestampNs, pcm: pcm.slice() });
    },
    async finish(timeoutMs) {
      encoder.finishes.push(timeoutMs);
      if (encoder.finishMs > 0) await new Promise((resolve) => setTimeout(resolve, encoder.finishMs));
      const clean = isAlive;
      isAlive = false;
      return { bytes: encoder.bytesWritten, clean };
    },
    readableMs: async () => readable,
    die(readableMs, description = 'ended with SIGKILL') {
      readable = readableMs;
      isAlive = false;
      events.onDied(description);
    },
    failStorage(description, { isFull = true, readableMs = 0 } = {}) {
      readable = readableMs;
      isAlive = false;
      events.onStorageError(description, isFull);
    },
  };
  return encoder;
}
