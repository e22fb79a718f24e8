import { type SlotChange, SlotTable } from './mix/slots.ts';
import type { StreamKind } from './mix/types.ts';

/** Name of one picture source in the compositor: a participant's camera or his screen. */
export type SourceKey = `${StreamKind}:${string}`;

/** Key under which the compositor retains the pictures of one stream. User ids have no colon (wire contract), so keys are unique. */
export function sourceKey(userId: string, stream: StreamKind): SourceKey {
  return `${stream}:${userId}`;
}

/** What is known of one recorded user for deciding what stands on the canvas. */
export interface RecordedUser {
  userId: string;
  /** False for one who left and whose slot is kept. */
  isInRoom: boolean;
  /** Whether he is sending his camera now. */
  isCameraOn: boolean;
  /** Whether a picture of his camera is retained that may be shown: a live one, or with IsReserve his last. */
  hasPicture: boolean;
  /** Whether he shares a screen of which a picture is retained. */
  hasScreen: boolean;
}

/** What somebody who watches the recording is told of a user. */
export interface SeenUser {
  userId: string;
  /** 0…5; null while six others are being recorded. */
  slot: number | null;
  /** False for one who left and whose slot is kept. */
  isInRoom: boolean;
  /** What he is sending. */
  audio: boolean;
  video: boolean;
  screen: boolean;
  /** Of his camera: pictures come, the last one stands still, or there is nothing to show. */
  picture: 'live' | 'held' | 'none';
}

interface Participant {
  /** What the user is sending now. */
  sending: Record<StreamKind, boolean>;
  /** Whether he is sending sound. */
  audio: boolean;
  /** Whether a picture of that stream is retained that may be shown. */
  picture: Record<StreamKind, boolean>;
  /** How often it was looked since the last picture of his camera came. */
  looksWithoutFrame: number;
}

/** A camera that sent nothing between so many looks stands still. */
const LOOKS_UNTIL_HELD = 3;

/**
 * Who is in the room, who is recorded and which pictures may be shown. Pure: room events in, subscriptions and pictures out.
 *
 * With IsReserve a picture once seen is held while the camera is off and after its owner left; without it the picture goes with the
 * camera or with the owner. A screen lives only while it is shared.
 */
export class Roster {
  readonly #slots: SlotTable;
  readonly #isReserve: boolean;
  readonly #participants = new Map<string, Participant>();

  /** `owners`: slots kept from an earlier process of the same recording. */
  constructor(isReserve: boolean, owners: readonly (string | null)[] = []) {
    this.#isReserve = isReserve;
    this.#slots = new SlotTable({ isReserve, owners });
  }

  /** Users with media rights who are in the room now. */
  get anchors(): number {
    return this.#slots.usersInRoom;
  }

  /** Slot 0…5 of a recorded user, or null. */
  slotOf(userId: string): number | null {
    return this.#slots.slotOf(userId);
  }

  /** Recorded users who are in the room, in slot order: those whose sound belongs in the mix. */
  recordedPresent(): string[] {
    return this.#owners.filter((userId) => this.#slots.isInRoom(userId));
  }

  /** Whether somebody sends sound that belongs in the mix. */
  get isSoundDue(): boolean {
    return this.recordedPresent().some((userId) => this.#participants.get(userId)?.audio);
  }

  /** Everybody with a slot, held ones included, in slot order. */
  recorded(): RecordedUser[] {
    return this.#owners.map((userId) => {
      const participant = this.#participants.get(userId);
      return {
        userId,
        isInRoom: this.#slots.isInRoom(userId),
        isCameraOn: participant?.sending.main ?? false,
        hasPicture: participant?.picture.main ?? false,
        hasScreen: participant?.picture.sub ?? false,
      };
    });
  }

  enter(userId: string): SlotChange[] {
    this.#participant(userId);
    return this.#slots.enter(userId);
  }

  leave(userId: string): SlotChange[] {
    const participant = this.#participants.get(userId);
    if (!participant) return [];
    participant.sending = { main: false, sub: false };
    participant.audio = false;
    participant.picture.sub = false;
    const changes = this.#slots.leave(userId);
    if (this.#slots.slotOf(userId) === null) this.#participants.delete(userId);
    return changes;
  }

  /** Also of a user who is not in the room (yet): the SDK does not promise to announce him before his streams. */
  setSending(userId: string, stream: StreamKind, sending: boolean): void {
    const participant = sending ? this.#participant(userId) : this.#participants.get(userId);
    if (!participant) return;
    participant.sending[stream] = sending;
    if (!sending && (stream === 'sub' || !this.#isReserve)) participant.picture[stream] = false;
  }

  /** Also of a user who is not in the room (yet). */
  setAudio(userId: string, sending: boolean): void {
    const participant = sending ? this.#participant(userId) : this.#participants.get(userId);
    if (participant) participant.audio = sending;
  }

  /** Everybody in the room and whoever's slot is kept, those with a slot first. To be asked once a second. */
  look(): SeenUser[] {
    const inRoom = [...this.#participants.keys()].filter((userId) => this.#slots.isInRoom(userId));
    return [...new Set([...this.#owners, ...inRoom])].map((userId) => this.#seen(userId));
  }

  isSending(userId: string, stream: StreamKind): boolean {
    return this.#participants.get(userId)?.sending[stream] ?? false;
  }

  /**
   * Notes that a picture arrived: the first of its stream to be shown, or a further one. `ignored` must not be shown: the user is not
   * there or not recorded, or the stream was switched off (a frame under way at that moment still arrives).
   */
  noteFrame(userId: string, stream: StreamKind): 'ignored' | 'first' | 'next' {
    const participant = this.#participants.get(userId);
    if (!participant?.sending[stream] || !this.#slots.isInRoom(userId)) return 'ignored';
    if (this.#slots.slotOf(userId) === null) return 'ignored';
    if (stream === 'main') participant.looksWithoutFrame = 0;
    if (participant.picture[stream]) return 'next';
    participant.picture[stream] = true;
    return 'first';
  }

  #seen(userId: string): SeenUser {
    const participant = this.#participants.get(userId);
    const { main: video = false, sub: screen = false } = participant?.sending ?? {};
    const isMoving = video && (participant?.looksWithoutFrame ?? 0) < LOOKS_UNTIL_HELD;
    if (participant) participant.looksWithoutFrame += 1;
    const picture = !participant?.picture.main ? 'none' : isMoving ? 'live' : 'held';
    const audio = participant?.audio ?? false;
    const isInRoom = this.#slots.isInRoom(userId);
    return { userId, slot: this.#slots.slotOf(userId), isInRoom, audio, video, screen, picture };
  }

  #participant(userId: string): Participant {
    const known = this.#participants.get(userId);
    if (known) return known;
    const participant: Participant = {
      sending: { main: false, sub: false },
      audio: false,
      picture: { main: false, sub: false },
      looksWithoutFrame: 0,
    };
    this.#participants.set(userId, participant);
    return participant;
  }

  /** Users with a slot, held ones included, in slot order. */
  get #owners(): string[] {
    return this.#slots.owners.filter((userId) => userId !== null);
  }
}
