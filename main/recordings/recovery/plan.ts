import { parseSegmentFileName } from '../../capture/encode/segment-name.ts';
import type { OutputName } from '../../capture/messages.ts';
import type { SegmentRow } from '../../store/rows.ts';

/** A file in a recording's folder. */
export interface FolderEntry {
  name: string;
  bytes: number;
}

/** What is known of a recording: its folder on one side, its rows on the other. */
export interface RecordingState {
  /** What its segments have to be. */
  kind: 'mp4' | 'mp3';
  folder: readonly FolderEntry[];
  segments: readonly SegmentRow[];
  /** Outputs whose files are complete: nothing is added to them any more. */
  finished: readonly OutputName[];
}

/** One thing to put right. None of them loses a byte. */
export type Repair =
  /** A segment whose row was never written gets one; its name tells its place. */
  | { kind: 'adopt'; segment: number; output: OutputName; file: string; startMs: number; bytes: number }
  /** A segment file that cannot be placed goes to quarantine. */
  | { kind: 'setFileAside'; file: string; bytes: number; reason: string }
  /** A row that makes no sense goes to quarantine; its file, when there is one, is looked at by its name. */
  | { kind: 'setRowAside'; segment: number; reason: string };

/** More than the longest recording that settings allow: a place beyond it comes from damage, and would be joined with years of silence. */
const LONGEST_TIMELINE_MS = 8 * 24 * 3_600_000;

/**
 * Compares the rows of a recording with its folder. Pure. Rows without a file stay: the file may be on a disk that comes back, and what
 * is missing is told when the segments are joined. Torn, empty and zero-filled files stay segments, too: their readable part is used.
 * Files that are no segments are nobody's business here.
 */
export function planRepairs({ kind, folder, segments, finished }: RecordingState): Repair[] {
  const broken = segments.filter((row) => !isPlausible(row.startMs) || !isOutput(row.output));
  const sound = segments.filter((row) => !broken.includes(row));
  const known = new Set(sound.map(({ file }) => baseName(file)));
  const numbers = new Set(sound.map(({ segment }) => segment));
  const repairs: Repair[] = broken.map(({ segment, startMs, output }) => ({
    kind: 'setRowAside',
    segment,
    reason: `the row of segment ${segment} makes no sense: output ${JSON.stringify(output)}, start ${startMs} ms`,
  }));
  for (const { name, bytes } of folder.toSorted((a, b) => compare(a.name, b.name))) {
    const named = parseSegmentFileName(name);
    if (!named || known.has(name)) continue;
    const reason = whyUnusable(named, kind, finished);
    if (reason !== null || named.place === null) {
      repairs.push({ kind: 'setFileAside', file: name, bytes, reason: reason ?? NO_PLACE });
      continue;
    }
    const segment = freeNumber(numbers, named.segment);
    numbers.add(segment);
    repairs.push({ kind: 'adopt', segment, ...named.place, file: name, bytes });
  }
  return repairs;
}

const NO_PLACE = 'no row knows this segment and its name does not tell where on the timeline it belongs';

function whyUnusable(
  { place, extension }: NonNullable<ReturnType<typeof parseSegmentFileName>>,
  kind: RecordingState['kind'],
  finished: readonly OutputName[],
): string | null {
  if (place === null) return NO_PLACE;
  if (extension !== kind) return `the recording consists of ${kind} segments`;
  if (!isPlausible(place.startMs)) return `its name claims a start at ${place.startMs} ms`;
  if (finished.includes(place.output)) return 'it was found only after its file had been completed without it';
  return null;
}

/** The number that the name says, or the next one that is free: two processes may have counted alike. */
function freeNumber(taken: ReadonlySet<number>, wanted: number): number {
  let number = wanted;
  while (taken.has(number)) number += 1;
  return number;
}

function isPlausible(startMs: number): boolean {
  return Number.isFinite(startMs) && startMs >= 0 && startMs <= LONGEST_TIMELINE_MS;
}

function isOutput(output: string): boolean {
  return output === 'mix' || /^(main|sub):./s.test(output);
}

/** Rows may hold a path, of another machine even. */
export function baseName(file: string): string {
  return file.slice(Math.max(file.lastIndexOf('/'), file.lastIndexOf('\\')) + 1);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
