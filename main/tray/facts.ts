import type { Progress } from '../../shared/api/messages.ts';
import type { RouteOutput } from '../../shared/api/route.ts';
import type { ROUTES } from '../../shared/api/routes.ts';
import type { RecordingAnswer } from '../../shared/api/views.ts';
import { type AttentionFacts, type AttentionItem, attentionItems } from '../../shared/attention.ts';
import { CAPTURING_STATES } from '../../shared/recording.ts';
import { REMEDIES } from '../../shared/texts/remedies.ts';

// What the tray knows of the box, as plain data: answers and events go in, the facts for menu, icon and notifications come out.

/** A state in which a room is being recorded, or about to be. */
export type RunningState = (typeof CAPTURING_STATES)[number];

export interface RunningRecording {
  id: string;
  /** RoomId or StrRoomId. */
  room: string;
  state: RunningState;
  /** On the timeline so far. */
  lengthMs: number;
  /** Somebody asked it to end. */
  isEnding: boolean;
}

/** A recording that has come to its end. */
export interface Ending {
  id: string;
  room: string;
  outcome: 'delivered' | 'failed';
  lengthMs: number;
  /** Why it failed, in words; null otherwise. */
  failure: string | null;
}

export interface UploadFacts {
  /** On their way, or next in the queue. */
  active: number;
  /** Waiting for the line, for other hours or for the next try. */
  waiting: number;
  /** Standing still until somebody changes something. */
  blocked: number;
  /** Since when COS cannot be reached, ISO 8601; null while it can, or is not needed. */
  offlineSince: string | null;
  /** When the hours for uploads begin again, ISO 8601; null when nothing waits for them. */
  windowOpensAt: string | null;
}

export const NOTICE_KINDS = ['started', 'finished', 'blocked', 'diskLow'] as const;
export type NoticeKind = (typeof NOTICE_KINDS)[number];
export type NoticeSwitches = Readonly<Record<NoticeKind, boolean>>;

export interface TrayFacts {
  /** `unknown` until the box has answered for the first time. */
  line: 'unknown' | 'up' | 'down';
  /** New recordings are refused because somebody wants it so. */
  isPaused: boolean;
  /** Oldest first. */
  running: readonly RunningRecording[];
  uploads: UploadFacts;
  /** What needs a person, most urgent first. */
  attention: readonly AttentionItem[];
  /** The last that ended while the tray looked on, oldest first. */
  endings: readonly Ending[];
  notify: NoticeSwitches;
}

type Answer<Name extends keyof typeof ROUTES> = RouteOutput<(typeof ROUTES)[Name]>;

/** What the box answers when everything is asked for afresh. */
export interface BoxAnswers {
  /** All recordings in a capturing state. */
  capturing: readonly RecordingAnswer[];
  uploading: Pick<Answer<'listRecordings'>, 'total'> & { recordings: readonly RecordingAnswer[] };
  attention: AttentionFacts;
  /** `values` of the settings. */
  settings: Readonly<Record<string, unknown>>;
}

export type TrayEvent =
  | { kind: 'answers'; answers: BoxAnswers }
  | { kind: 'line'; line: 'up' | 'down' }
  | { kind: 'progress'; progress: Pick<Progress, 'recordingId' | 'state' | 'timelineMs'> }
  | { kind: 'stopAsked'; recordingId: string }
  | { kind: 'ended'; recording: RecordingAnswer };

/** Endings that are remembered. */
const MOST_ENDINGS = 50;
const NO_UPLOADS: UploadFacts = { active: 0, waiting: 0, blocked: 0, offlineSince: null, windowOpensAt: null };
const OFFLINE: ReadonlySet<string> = new Set(Object.values(REMEDIES.checkLine));

export const UNKNOWN_FACTS: TrayFacts = {
  line: 'unknown',
  isPaused: false,
  running: [],
  uploads: NO_UPLOADS,
  attention: [],
  endings: [],
  notify: { started: true, finished: true, blocked: true, diskLow: true },
};

/** The facts after something was told. Returns the same object when nothing changed by it. */
export function nextFacts(facts: TrayFacts, event: TrayEvent): TrayFacts {
  switch (event.kind) {
    case 'answers':
      return withAnswers(facts, event.answers);
    case 'line':
      return facts.line === event.line ? facts : { ...facts, line: event.line };
    case 'progress':
      return withRunning(facts, event.progress.recordingId, (one) => progressed(one, event.progress));
    case 'stopAsked':
      return withRunning(facts, event.recordingId, (one) => ({ ...one, isEnding: true }));
    case 'ended':
      return withEnding(facts, event.recording);
  }
}

function withAnswers(facts: TrayFacts, { capturing, uploading, attention, settings }: BoxAnswers): TrayFacts {
  const before = new Map(facts.running.map((one) => [one.id, one]));
  const running = capturing.flatMap((recording) => runningOf(recording, before.get(recording.id)));
  return {
    ...facts,
    line: 'up',
    isPaused: groupOf(settings, 'recording').paused === true,
    // The id settles it where two began in the same millisecond: the menu must not change places by itself.
    running: running
      .sort((one, other) => compare(one.createdAt, other.createdAt) || compare(one.id, other.id))
      .map(({ createdAt: _, ...one }) => one),
    uploads: uploadFacts(uploading),
    attention: attentionItems(attention),
    notify: switchesOf(settings),
  };
}

function runningOf(
  { id, state, request, durationMs, createdAt }: RecordingAnswer,
  before: RunningRecording | undefined,
): (RunningRecording & { createdAt: string })[] {
  if (!isRunningState(state)) return [];
  const lengthMs = Math.max(durationMs, before?.lengthMs ?? 0);
  return [{ id, room: roomOf(request), state, lengthMs, isEnding: before?.isEnding ?? false, createdAt }];
}

function uploadFacts({ recordings, total }: BoxAnswers['uploading']): UploadFacts {
  const blocked = recordings.filter((one) => one.blocked !== null);
  const waiting = recordings.filter((one) => one.waiting !== null);
  const offline = waiting.filter((one) => OFFLINE.has(one.waiting?.remedy ?? ''));
  const later = waiting.filter((one) => one.waiting?.code === 'UPLOAD_WINDOW');
  const active = recordings.length - blocked.length - waiting.length;
  // Of those that were not listed only the number is known: behind one that is at work they are in the queue, else they wait as well.
  const others = Math.max(0, total - recordings.length);
  return {
    active: active > 0 || recordings.length === 0 ? active + others : 0,
    waiting: active > 0 || recordings.length === 0 ? waiting.length : waiting.length + others,
    blocked: blocked.length,
    offlineSince: earliest(offline.map(({ waitingSince }) => waitingSince)),
    windowOpensAt: earliest(later.map((one) => one.waiting?.until ?? null)),
  };
}

function withRunning(
  facts: TrayFacts,
  id: string,
  change: (recording: RunningRecording) => RunningRecording,
): TrayFacts {
  const index = facts.running.findIndex((one) => one.id === id);
  const before = facts.running[index];
  if (!before) return facts;
  const after = change(before);
  const isSame = (Object.keys(before) as (keyof RunningRecording)[]).every((key) => before[key] === after[key]);
  return isSame ? facts : { ...facts, running: facts.running.with(index, after) };
}

function progressed(
  recording: RunningRecording,
  { state, timelineMs }: Pick<Progress, 'state' | 'timelineMs'>,
): RunningRecording {
  const lengthMs = Math.max(recording.lengthMs, timelineMs);
  return { ...recording, lengthMs, state: isRunningState(state) ? state : recording.state };
}

function withEnding(facts: TrayFacts, { id, state, request, durationMs, failure }: RecordingAnswer): TrayFacts {
  if (state !== 'done' && state !== 'failed') return facts;
  if (facts.endings.some((one) => one.id === id)) return facts;
  const ending: Ending = {
    id,
    room: roomOf(request),
    outcome: state === 'done' ? 'delivered' : 'failed',
    lengthMs: durationMs,
    failure: failure?.message ?? null,
  };
  return {
    ...facts,
    running: facts.running.filter((one) => one.id !== id),
    endings: [...facts.endings, ending].slice(-MOST_ENDINGS),
  };
}

function switchesOf(settings: BoxAnswers['settings']): NoticeSwitches {
  const notify = groupOf(groupOf(settings, 'desktop'), 'notify');
  return { ...UNKNOWN_FACTS.notify, ...Object.fromEntries(NOTICE_KINDS.map((kind) => [kind, notify[kind] !== false])) };
}

function roomOf({ RoomId, StrRoomId }: RecordingAnswer['request']): string {
  return RoomId === null ? (StrRoomId ?? '') : String(RoomId);
}

function groupOf(settings: Readonly<Record<string, unknown>>, name: string): Readonly<Record<string, unknown>> {
  const group = settings[name];
  return typeof group === 'object' && group !== null ? (group as Record<string, unknown>) : {};
}

function isRunningState(state: string): state is RunningState {
  return (CAPTURING_STATES as readonly string[]).includes(state);
}

function earliest(times: readonly (string | null)[]): string | null {
  return times.filter((time) => time !== null).sort()[0] ?? null;
}

function compare(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}
