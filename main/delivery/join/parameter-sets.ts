import { childBoxes, u16, u32 } from '../../capture/encode/isobmff.ts';

/** What a decoder of H.264 is told before the first picture (`AVCDecoderConfigurationRecord`, ISO/IEC 14496-15). */
interface DecoderConfig {
  profile: number;
  compatibility: number;
  level: number;
  /** With the bits that are always set. */
  lengthSize: number;
  /** Sequence and picture parameter sets by their numbers, by which pictures refer to them. */
  sequence: Map<number, Buffer>;
  picture: Map<number, Buffer>;
  /** What only some profiles have: colour sampling and depth. */
  extension: Buffer;
}

const DESCRIPTION_HEADER_BYTES = 16;
const VISUAL_ENTRY_BYTES = 78;
/** Profiles that contain those before them, as far as encoders use them: (constrained) baseline, main, high. */
const PROFILES = [66, 77, 100];
/** Before the number in a sequence parameter set: type, profile, compatibility and level. In the other kind only the type. */
const SEQUENCE_NUMBER_AT = 4;
const PICTURE_NUMBER_AT = 1;

/**
 * One sample description (`stsd`) for pictures of several encoders: that of the first, with the parameter sets of all. Each picture names
 * the sets that it was made with, so decoders change from one encoder to the next by themselves.
 * @returns null when two encoders gave different sets the same number, or one of the boxes is nothing that is understood here
 */
export function mergedDescription(descriptions: readonly Buffer[]): Buffer | null {
  const [first] = descriptions;
  if (!first) return null;
  try {
    const configs = descriptions.map((description) => readConfig(decoderConfigOf(description)));
    const merged = configs.slice(1).reduce<DecoderConfig | null>((sum, one) => sum && merge(sum, one), configs[0]!);
    return merged && withDecoderConfig(first, writeConfig(merged));
  } catch {
    return null;
  }
}

function merge(a: DecoderConfig, b: DecoderConfig): DecoderConfig | null {
  const sequence = union(a.sequence, b.sequence);
  const picture = union(a.picture, b.picture);
  if (!sequence || !picture || a.lengthSize !== b.lengthSize) return null;
  if (![a, b].every(({ profile }) => PROFILES.includes(profile))) return null;
  // Older builds leave it out.
  const extension = a.extension.length > 0 ? a.extension : b.extension;
  if (b.extension.length > 0 && !b.extension.equals(extension)) return null;
  return {
    profile: Math.max(a.profile, b.profile),
    compatibility: a.compatibility & b.compatibility,
    level: Math.max(a.level, b.level),
    ...{ lengthSize: a.lengthSize, sequence, picture, extension },
  };
}

/** Null when a number stands for two different sets. */
function union(a: ReadonlyMap<number, Buffer>, b: ReadonlyMap<number, Buffer>): Map<number, Buffer> | null {
  for (const [number, set] of b) {
    if (a.get(number)?.equals(set) === false) return null;
  }
  return new Map([...a, ...b]);
}

function avcBox(description: Buffer): { start: number; body: number; end: number } {
  const entry = childBoxes(description, DESCRIPTION_HEADER_BYTES, description.length);
  const [only] = entry;
  if (!only || entry.length !== 1) throw new RangeError('not one sample entry');
  const found = childBoxes(description, only.body + VISUAL_ENTRY_BYTES, only.end).find(({ type }) => type === 'avcC');
  if (!found) throw new RangeError('no decoder configuration');
  return found;
}

function decoderConfigOf(description: Buffer): Buffer {
  const { body, end } = avcBox(description);
  return description.subarray(body, end);
}

/** The description with another configuration; the lengths of the boxes around it follow. */
function withDecoderConfig(description: Buffer, config: Buffer): Buffer {
  const { start, body, end } = avcBox(description);
  const whole = Buffer.concat([description.subarray(0, body), config, description.subarray(end)]);
  const growth = whole.length - description.length;
  for (const at of [0, DESCRIPTION_HEADER_BYTES, start]) {
    u32(description.readUInt32BE(at) + growth).copy(whole, at);
  }
  return whole;
}

function readConfig(bytes: Buffer): DecoderConfig {
  let at = 5;
  const sets = (count: number, numberAt: number): Map<number, Buffer> => {
    const found = new Map<number, Buffer>();
    for (let left = count; left > 0; left -= 1) {
      const end = at + 2 + bytes.readUInt16BE(at);
      if (end > bytes.length) throw new RangeError('a parameter set is cut off');
      const set = bytes.subarray(at + 2, end);
      found.set(numberIn(set, numberAt), set);
      at = end;
    }
    return found;
  };
  const next = (): number => {
    at += 1;
    return bytes.readUInt8(at - 1);
  };
  const sequence = sets(next() & 0x1f, SEQUENCE_NUMBER_AT);
  const picture = sets(next(), PICTURE_NUMBER_AT);
  const [, profile = 0, compatibility = 0, level = 0, lengthSize = 0] = bytes;
  return { profile, compatibility, level, lengthSize, sequence, picture, extension: bytes.subarray(at) };
}

function writeConfig(config: DecoderConfig): Buffer {
  const { profile, compatibility, level, lengthSize, sequence, picture, extension } = config;
  const listed = (sets: ReadonlyMap<number, Buffer>) => [...sets.values()].flatMap((set) => [u16(set.length), set]);
  return Buffer.concat([
    Buffer.from([1, profile, compatibility, level, lengthSize, 0xe0 | sequence.size]),
    ...listed(sequence),
    Buffer.from([picture.size]),
    ...listed(picture),
    extension,
  ]);
}

/** The Exp-Golomb number at a byte of a set. */
function numberIn(set: Buffer, byte: number): number {
  const bits = set.readUInt8(byte) * 256 + (set[byte + 1] ?? 0);
  const zeros = Math.clz32(bits) - 16;
  if (zeros > 7) throw new RangeError('no number of a parameter set');
  return (bits >>> (15 - 2 * zeros)) - 1;
}
