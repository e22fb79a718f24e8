/** Colour of limited-range YUV pictures, for everything that has to be labelled with it. */
export type ColourMatrix = 'bt601' | 'bt709';

export interface MatroskaVideo {
  /** Even, in pixels. */
  width: number;
  /** Even, in pixels. */
  height: number;
  fps: number;
  matrix: ColourMatrix;
}

export interface MatroskaAudio {
  /** Hz. */
  sampleRate: number;
  channels: number;
}

export interface MatroskaTracks {
  video: MatroskaVideo | null;
  audio: MatroskaAudio | null;
}

export type MatroskaTrack = keyof MatroskaTracks;

/**
 * One unit of a timestamp in the stream. Fine enough that a tick at k/15 s lands within 0.05 ms of its place; the 16-bit block
 * times then reach 3.2 s from the start of their cluster.
 */
export const TIMESTAMP_SCALE_NS = 100_000;

const MAX_CLUSTER_UNITS = 20_000;
const MIN_RELATIVE_UNITS = -32_768;
const TRACK_NUMBERS = { video: 1, audio: 2 } as const satisfies Record<MatroskaTrack, number>;
/** ISO/IEC 23091-2 code points: primaries, transfer, matrix. */
const COLOUR_CODES = { bt601: [6, 6, 6], bt709: [1, 1, 1] } as const;
const BROADCAST_RANGE = 1;
const CHROMA_SITING_LEFT = 1;
const CHROMA_SITING_HALF = 2;
const KEYFRAME_FLAG = 0x80;
const UNKNOWN_SIZE = Buffer.from('01ffffffffffffff', 'hex');

/**
 * Writes one live Matroska stream of raw pictures (tight I420) and raw sound (interleaved signed 16-bit little-endian PCM).
 * It only makes headers: the payload follows each block header as it is, so a picture is not copied to be framed.
 * Sizes of segment and clusters are left unknown, hence the stream can end anywhere.
 */
export class MatroskaWriter {
  readonly #tracks: MatroskaTracks;
  #clusterUnits: number | null = null;

  constructor(tracks: MatroskaTracks) {
    this.#tracks = tracks;
  }

  /** Everything before the first block. */
  header(): Buffer {
    const ebml = element(0x1a45dfa3, [
      unsigned(0x4286, 1),
      unsigned(0x42f7, 1),
      unsigned(0x42f2, 4),
      unsigned(0x42f3, 8),
      text(0x4282, 'matroska'),
      unsigned(0x4287, 4),
      unsigned(0x4285, 2),
    ]);
    const info = element(0x1549a966, [
      unsigned(0x2ad7b1, TIMESTAMP_SCALE_NS),
      text(0x4d80, 'recorder-box'),
      text(0x5741, 'recorder-box'),
    ]);
    const entries: Buffer[] = [];
    if (this.#tracks.video) {
      entries.push(videoEntry(this.#tracks.video));
    }
    if (this.#tracks.audio) {
      entries.push(audioEntry(this.#tracks.audio));
    }
    return Buffer.concat([ebml, id(0x18538067), UNKNOWN_SIZE, info, element(0x1654ae6b, entries)]);
  }

  /**
   * The bytes before a payload of `payloadLength` bytes; opens a new cluster when the block's time does not fit the open one.
   * Blocks of the two tracks may come in any order, but those of one track by rising time.
   */
  blockHeader(track: MatroskaTrack, timestampNs: number, payloadLength: number): Buffer {
    if (!this.#tracks[track]) {
      throw new TypeError(`The stream has no ${track} track`);
    }
    if (!(timestampNs >= 0)) {
      throw new TypeError(`A block cannot be at ${timestampNs} ns`);
    }
    const units = Math.round(timestampNs / TIMESTAMP_SCALE_NS);
    const parts: Buffer[] = [];
    let relative = units - (this.#clusterUnits ?? 0);
    if (this.#clusterUnits === null || relative > MAX_CLUSTER_UNITS || relative < MIN_RELATIVE_UNITS) {
      parts.push(id(0x1f43b675), UNKNOWN_SIZE, unsigned(0xe7, units));
      this.#clusterUnits = units;
      relative = 0;
    }
    const block = Buffer.alloc(4);
    block.writeUInt8(0x80 | TRACK_NUMBERS[track], 0);
    block.writeInt16BE(relative, 1);
    block.writeUInt8(KEYFRAME_FLAG, 3);
    parts.push(id(0xa3), size(block.length + payloadLength), block);
    return Buffer.concat(parts);
  }
}

function videoEntry(video: MatroskaVideo): Buffer {
  const [primaries, transfer, matrix] = COLOUR_CODES[video.matrix];
  return element(0xae, [
    unsigned(0xd7, TRACK_NUMBERS.video),
    unsigned(0x73c5, TRACK_NUMBERS.video),
    unsigned(0x83, 1),
    unsigned(0x9c, 0),
    text(0x86, 'V_UNCOMPRESSED'),
    unsigned(0x23e383, Math.round(1e9 / video.fps)),
    element(0xe0, [
      unsigned(0xb0, video.width),
      unsigned(0xba, video.height),
      text(0x2eb524, 'I420'),
      element(0x55b0, [
        unsigned(0x55b1, matrix),
        unsigned(0x55b7, CHROMA_SITING_LEFT),
        unsigned(0x55b8, CHROMA_SITING_HALF),
        unsigned(0x55b9, BROADCAST_RANGE),
        unsigned(0x55ba, transfer),
        unsigned(0x55bb, primaries),
      ]),
    ]),
  ]);
}

function audioEntry(audio: MatroskaAudio): Buffer {
  const rate = Buffer.alloc(8);
  rate.writeDoubleBE(audio.sampleRate);
  return element(0xae, [
    unsigned(0xd7, TRACK_NUMBERS.audio),
    unsigned(0x73c5, TRACK_NUMBERS.audio),
    unsigned(0x83, 2),
    unsigned(0x9c, 0),
    text(0x86, 'A_PCM/INT/LIT'),
    element(0xe1, [element(0xb5, [rate]), unsigned(0x9f, audio.channels), unsigned(0x6264, 16)]),
  ]);
}

function element(elementId: number, children: Buffer[]): Buffer {
  const body = Buffer.concat(children);
  return Buffer.concat([id(elementId), size(body.length), body]);
}

function unsigned(elementId: number, value: number): Buffer {
  const body = Buffer.alloc(8);
  body.writeBigUInt64BE(BigInt(value));
  const firstUsed = Math.min(
    7,
    body.findIndex((byte) => byte !== 0),
  );
  return element(elementId, [body.subarray(firstUsed < 0 ? 7 : firstUsed)]);
}

function text(elementId: number, value: string): Buffer {
  return element(elementId, [Buffer.from(value, 'latin1')]);
}

/** Element ids carry their own length in their leading bits, so they are written as they are. */
function id(elementId: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(elementId);
  return bytes.subarray(bytes.findIndex((byte) => byte !== 0));
}

/** A size in the shortest form; all ones is kept free, since it means "unknown". */
function size(value: number): Buffer {
  let length = 1;
  while (value >= 2 ** (7 * length) - 1) {
    length += 1;
  }
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(value) | (1n << BigInt(7 * length)));
  return bytes.subarray(8 - length);
}
