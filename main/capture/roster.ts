import type { Cell } from './mix/compositor.ts';
import { gridLayout, screenLayout } from './mix/layout.ts';
import { type SlotChange, SlotTable } from './mix/slots.ts';
import type { StreamKind } from './mix/types.ts';

/** Name of one picture source in the compositor: a participant's camera or his screen. */
export type SourceKey = `${StreamKind}:${string}`;

/** Key under which the compositor retains the pictures of one stream. User ids have no colon (wire contract), so keys are unique. */
export function sourceKey(userId: string, stream: StreamKind): SourceKey {
  return `${stream}:${userId}`;
}

interface Participant {
  /** What the user is sending now. */
  sending: Record<StreamKind, boolean>;
  /** Whether a picture of that stream is retained that may be shown. */
  picture: Record<StreamKind, boolean>;
}

/**
 * Who is in the room, who is recorded and what belongs on the canvas. Pure: room events in, subscriptions and cells out.
 *
 * A cell belongs to every recorded participant with a picture. With IsReserve a picture once seen is held while the camera is off
 * and after its owner left; without it the cell goes with the camera or with the owner. A screen lives only while it is shared.
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
    return this.#recorded().filter((userId) => this.#slots.isInRoom(userId));
  }

  enter(userId: string): SlotChange[] {
    this.#participant(userId);
    return this.#slots.enter(userId);
  }

  leave(userId: string): SlotChange[] {
    const participant = this.#participants.get(userId);
    if (!participant) return [];
    participant.sending = { main: false, sub: false };
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
    if (participant.picture[stream]) return 'next';
    participant.picture[stream] = true;
    return 'first';
  }

  #participant(userId: string): Participant {
    const known = this.#participants.get(userId);
    if (known) return known;
    const participant = { sending: { main: false, sub: false }, picture: { main: false, sub: false } };
    this.#participants.set(userId, participant);
    return participant;
  }

  /** Users with a slot, held ones included, in slot order. */
  #recorded(): string[] {
    return this.#slots.owners.filter((userId) => userId !== null);
  }

  /** Cells of the canvas now, in slot order; a shared screen takes the large area with the cameras beside it. */
  cells(width: number, height: number): Cell[] {
    const recorded = this.#recorded();
    const cameras = recorded.filter((userId) => this.#participants.get(userId)?.picture.main);
    const sharer = recorded.findLast((userId) => this.#participants.get(userId)?.picture.sub);
    if (sharer === undefined) {
      const rects = gridLayout(cameras.length, width, height);
      return cameras.map((userId, index) => ({ key: sourceKey(userId, 'main'), rect: rects[index]! }));
    }
    const layout = screenLayout(cameras.length, width, height);
    return [
      { key: sourceKey(sharer, 'sub'), rect: layout.screen, fit: 'fit' },
      ...cameras.map((userId, index) => ({ key: sourceKey(userId, 'main'), rect: layout.cameras[index]! })),
    ];
  }
}
