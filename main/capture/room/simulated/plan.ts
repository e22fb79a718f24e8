import type { Participant, RoomEvent, ScenarioRoom, Size } from './scenario.ts';

/** A decoder is started this long before its first picture is due. */
export const WARM_UP_MS = 3_000;
/** The SDK says that it tries to reconnect this long after it reported the loss. */
const RECONNECT_NOTICE_MS = 3_000;

/** What the other side of the room would see of a participant at one moment. */
export interface ParticipantState {
  video: boolean;
  audio: boolean;
  /** Null: as in the scenario's `size`, or as the media has it. */
  size: Size | null;
  rotation: 0 | 1 | 2 | 3;
  sampleRate: number;
  channels: 1 | 2;
  timestampOffsetMs: number;
  /** Room time in which sound is lost. */
  audioGap: { fromMs: number; untilMs: number } | null;
  /** Room time until which media is held back. */
  heldUntilMs: number;
}

/** One stay as far as this entering of the recorder sees it. All times are room time in milliseconds. */
export interface StayPlan {
  participant: Participant;
  /** Moment of entering: media position 0. */
  fromMs: number;
  /** First moment the recorder can see: `fromMs`, or when the recorder entered. */
  startMs: number;
  toMs: number | null;
  /** The part of the stay in which a screen is shared; `fromMs` is its media position 0. */
  screen: { fromMs: number; startMs: number; toMs: number | null } | null;
}

export type Action = { atMs: number } & (
  | { kind: 'warmUp'; stay: StayPlan }
  | { kind: 'warmUpSize'; stay: StayPlan; changeAtMs: number; size: Size }
  | { kind: 'warmUpScreen'; stay: StayPlan }
  | { kind: 'leave'; stay: StayPlan }
  | { kind: 'enter'; stay: StayPlan }
  | { kind: 'change'; stay: StayPlan }
  | { kind: 'screenOn' | 'screenOff'; stay: StayPlan }
  | { kind: 'room'; event: RoomEvent }
  | { kind: 'reconnectNotice' }
);

const KIND_ORDER: Record<Action['kind'], number> = {
  warmUp: 0,
  warmUpSize: 1,
  warmUpScreen: 2,
  leave: 3,
  enter: 4,
  screenOff: 5,
  change: 6,
  screenOn: 7,
  reconnectNotice: 8,
  room: 9,
};

/** Folds all changes up to and including `atMs`. */
export function stateAt(participant: Participant, atMs: number): ParticipantState {
  const state: ParticipantState = {
    video: true,
    audio: true,
    size: participant.media?.size ?? null,
    rotation: 0,
    sampleRate: 48_000,
    channels: 1,
    timestampOffsetMs: 0,
    audioGap: null,
    heldUntilMs: 0,
  };
  for (const change of participant.changes) {
    if (change.atMs > atMs) break;
    state.video = change.video ?? state.video;
    state.audio = change.audio ?? state.audio;
    state.size = change.size ?? state.size;
    state.rotation = change.rotation ?? state.rotation;
    state.sampleRate = change.sampleRate ?? state.sampleRate;
    state.channels = change.channels ?? state.channels;
    state.timestampOffsetMs += change.timestampJumpMs ?? 0;
    if (change.audioGapMs) state.audioGap = { fromMs: change.atMs, untilMs: change.atMs + change.audioGapMs };
    if (change.stallMs) state.heldUntilMs = change.atMs + change.stallMs;
  }
  return state;
}

/**
 * Everything that is still to happen in a room for a recorder that is entering at `enteredMs`, in order of time.
 * Who is there already appears as an `enter` at that very moment; what is over (a crash above all) does not happen again.
 */
export function planRoom(room: ScenarioRoom, enteredMs: number): Action[] {
  const actions: Action[] = [];
  const dissolvedMs = Math.max(
    Number.NEGATIVE_INFINITY,
    ...room.events
      .filter((event) => event.type === 'dissolve' && event.atMs <= enteredMs && enteredMs > 0)
      .map((event) => event.atMs),
  );
  for (const participant of room.participants) {
    for (const stay of participant.stays) {
      if (stay.toMs !== null && stay.toMs <= enteredMs) continue;
      // A dissolved room put everybody out; whoever was to come later still comes.
      if (stay.fromMs < dissolvedMs) continue;
      actions.push(...planStay(participant, stay.fromMs, stay.toMs, enteredMs));
    }
  }
  for (const event of room.events) {
    if (event.type === 'enterError' || event.type === 'noExit') continue;
    if (event.atMs < enteredMs || (event.atMs === enteredMs && enteredMs > 0)) continue;
    actions.push({ atMs: event.atMs, kind: 'room', event });
    if (event.type === 'connectionLost')
      actions.push({ atMs: event.atMs + RECONNECT_NOTICE_MS, kind: 'reconnectNotice' });
  }
  return actions.sort((a, b) => a.atMs - b.atMs || KIND_ORDER[a.kind] - KIND_ORDER[b.kind]);
}

function planStay(participant: Participant, fromMs: number, toMs: number | null, enteredMs: number): Action[] {
  const startMs = Math.max(fromMs, enteredMs);
  const endMs = toMs ?? Number.POSITIVE_INFINITY;
  const stay: StayPlan = { participant, fromMs, startMs, toMs, screen: null };
  const earliest = (atMs: number) => Math.max(enteredMs, atMs - WARM_UP_MS);
  const actions: Action[] = [
    { atMs: earliest(startMs), kind: 'warmUp', stay },
    { atMs: startMs, kind: 'enter', stay },
  ];
  if (toMs !== null) actions.push({ atMs: toMs, kind: 'leave', stay });
  for (const change of participant.changes) {
    if (change.atMs <= startMs || change.atMs >= endMs) continue;
    actions.push({ atMs: change.atMs, kind: 'change', stay });
    if (change.size) {
      actions.push({
        atMs: earliest(change.atMs),
        kind: 'warmUpSize',
        stay,
        changeAtMs: change.atMs,
        size: change.size,
      });
    }
  }
  const screen = participant.screen;
  if (screen) {
    const screenEndMs = Math.min(screen.toMs ?? Number.POSITIVE_INFINITY, endMs);
    const zeroMs = Math.max(screen.fromMs, fromMs);
    const screenStartMs = Math.max(zeroMs, enteredMs);
    if (screenStartMs < screenEndMs) {
      stay.screen = {
        fromMs: zeroMs,
        startMs: screenStartMs,
        toMs: screenEndMs === Number.POSITIVE_INFINITY ? null : screenEndMs,
      };
      actions.push({ atMs: earliest(screenStartMs), kind: 'warmUpScreen', stay });
      actions.push({ atMs: screenStartMs, kind: 'screenOn', stay });
      if (screenEndMs < endMs) actions.push({ atMs: screenEndMs, kind: 'screenOff', stay });
    }
  }
  return actions;
}
