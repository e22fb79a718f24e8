import type { BoxAnswers, RunningRecording, TrayFacts } from '../../main/tray/facts.ts';
import { UNKNOWN_FACTS } from '../../main/tray/facts.ts';
import type { TrayWords } from '../../main/tray/status.ts';
import type { RecordingAnswer } from '../../shared/api/views.ts';
import type { AttentionFacts } from '../../shared/attention.ts';
import { viewOf } from './fake-box.ts';

/** A box that has answered and has nothing to do. */
export const AT_REST: TrayFacts = { ...UNKNOWN_FACTS, line: 'up' };

/** Facts of a box in which nothing needs a person. */
export const ALL_WELL: AttentionFacts = {
  at: '2030-01-01T00:00:00.000Z',
  problems: [],
  simulated: false,
  disk: { freeBytes: 100e9, reserveBytes: 2e9 },
  standstills: [],
  parked: { count: 0, lastError: null, recordings: [] },
  expiring: [],
  withoutSound: [],
  relieved: [],
  hardwareFailed: [],
  clock: { behindMs: 0, cosDifferenceMs: null },
  tls: null,
  quarantine: { rows: 0, files: 0 },
  selfTest: 'passed',
  keyInFile: null,
  windowsMissing: false,
};

/** Words whose moments are the hours and minutes of the text itself. */
export function wordsIn(language: TrayWords['language']): TrayWords {
  return { language, timeOf: (iso) => iso.slice(11, 16) };
}

export function running(room: string, changes: Partial<RunningRecording> = {}): RunningRecording {
  return { id: `id-${room}`, room, state: 'recording', lengthMs: 2_520_000, isEnding: false, ...changes };
}

/** A recording as routes answer with it. */
export function answerOf(room: number, changes: Partial<RecordingAnswer> = {}): RecordingAnswer {
  const view = viewOf({ id: `id-${room}` });
  return {
    ...{ ...view, files: [], warnings: [], links: {} },
    request: { ...view.request, RoomId: room },
    ...changes,
  };
}

/** What a box answers to all questions of the tray. */
export function answersOf(changes: Partial<BoxAnswers> = {}): BoxAnswers {
  const uploading = { recordings: [], total: 0 };
  return { capturing: [], uploading, attention: ALL_WELL, settings: {}, ...changes };
}
