import { type Mode, mediaOf } from './recording.ts';

/** What the size of a recording follows from. */
export interface SizeFacts {
  mode: Mode;
  /** Canvas in pixels; of no meaning in modes of sound alone. */
  width: number;
  height: number;
  fps: number;
  /** Constant rate factor of x264: 6 more is about half the bytes. */
  crf: number;
  /** Ceiling of the video bit rate; none when absent. */
  maxRateKbps?: number;
  /** Bit rate of the sound: MP3 in modes x0, AAC in modes x2. */
  audioKbps: number;
  /** Files made at a time: in modes 0x one per participant. 1 when absent; a mix is always one. */
  files?: number;
}

const BITS_PER_BYTE = 8;
const SECONDS_PER_HOUR = 3600;

/** 1280×720, 15 pictures a second, CRF 23: the defaults, and what the reference rate belongs to. */
const REFERENCE = { pixelsPerPicture: 1280 * 720, fps: 15, crf: 23, kbps: 620 };
/** A larger picture of the same people has smoother areas, and more pictures a second resemble each other more: neither counts in full. */
const AREA_POWER = 0.85;
const RATE_POWER = 0.6;
const CRF_PER_HALVING = 6;
/** Boxes of fragments and indexes. */
const CONTAINER_SHARE = 0.01;

/**
 * About how many bytes one hour of a recording takes by present settings. An estimate: the same settings take a third of it for people who
 * hardly move and three times as much for a film in a shared screen; only sound, and pictures that reach `maxRateKbps`, are exact.
 */
export function estimateBytesPerHour(facts: SizeFacts): number {
  const { video, audio } = mediaOf(facts.mode);
  const kbps = (video ? videoKbps(facts) : 0) + (audio ? facts.audioKbps : 0);
  const files = facts.mode.startsWith('1') ? 1 : Math.max(1, facts.files ?? 1);
  return Math.round(((kbps * 1000) / BITS_PER_BYTE) * SECONDS_PER_HOUR * files * (1 + CONTAINER_SHARE));
}

/** How many hours of recording fit into what is free above the reserve; 0 when nothing does. */
export function hoursLeft(disk: { freeBytes: number; reserveBytes: number }, bytesPerHour: number): number {
  return bytesPerHour > 0 ? Math.max(0, disk.freeBytes - disk.reserveBytes) / bytesPerHour : 0;
}

function videoKbps({ width, height, fps, crf, maxRateKbps }: SizeFacts): number {
  const area = ((width * height) / REFERENCE.pixelsPerPicture) ** AREA_POWER;
  const rate = (fps / REFERENCE.fps) ** RATE_POWER;
  const quality = 2 ** ((REFERENCE.crf - crf) / CRF_PER_HALVING);
  return Math.min(REFERENCE.kbps * area * rate * quality, maxRateKbps ?? Number.POSITIVE_INFINITY);
}
