import type { RecordingRow } from '../store/rows.ts';
import type { Store } from '../store/store.ts';

/** What the doctor looks at, in the order of its report. */
export const CHECKS = [
  'settings',
  'box',
  'database',
  'backups',
  'secrets',
  'files',
  'objects',
  'credentials',
  'disk',
  'clock',
  'ffmpeg',
  'addon',
] as const;
export type Check = (typeof CHECKS)[number];

/** What `--repair` can do. Nothing is ever deleted. */
export type Repair =
  /** Set a damaged database aside and make a new one from backup and readable rows. */
  | { kind: 'restoreDatabase' }
  /** Bring a recording's rows in line with its folder: adopt its segments, set aside what nobody understands. */
  | { kind: 'reconcile'; recordingId: string }
  | { kind: 'setFileAside'; recordingId: string; file: string }
  | { kind: 'uploadAgain'; recordingId: string; fileIndex: number }
  /** Abort uploads of a finished file that COS still holds open. */
  | { kind: 'abortUploads'; recordingId: string; fileIndex: number };

/** One result of a check. `note`: worth knowing, nothing is wrong; only a `problem` makes the doctor's exit code 1. */
export interface Finding {
  check: Check;
  level: 'ok' | 'note' | 'problem';
  /** Recording, file or place; null for the box as a whole. */
  about: string | null;
  text: string;
  /** What somebody can do; null when there is nothing to do or `repair` does it. */
  remedy: string | null;
  repair: Repair | null;
}

/** A finding; what is left out is null. */
export function finding(
  check: Check,
  level: Finding['level'],
  text: string,
  more: Partial<Pick<Finding, 'about' | 'remedy' | 'repair'>> = {},
): Finding {
  return { check, level, about: null, text, remedy: null, repair: null, ...more };
}

/** What a repair does, as a sentence's end: "--repair would …". */
export function describeRepair(repair: Repair): string {
  switch (repair.kind) {
    case 'restoreDatabase':
      return 'set the damaged database aside and make a new one from the newest backup and every row that can be read';
    case 'reconcile':
      return 'bring the rows of this recording in line with its folder; what nobody understands goes to quarantine';
    case 'setFileAside':
      return `move ${repair.file} to quarantine, with a note`;
    case 'uploadAgain':
      return 'upload the local file again';
    case 'abortUploads':
      return 'abort the uploads of this file that are still open';
  }
}

const PAGE = 200;

/** All recordings, newest first, a page at a time. */
export function* allRecordings(store: Pick<Store, 'recordings'>): Generator<RecordingRow> {
  for (let before: string | undefined; ; ) {
    const page = store.recordings.list({ limit: PAGE, before });
    yield* page;
    before = page.at(-1)?.id;
    if (page.length < PAGE) return;
  }
}
