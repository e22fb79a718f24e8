/** Most users that one recording mixes. */
export const SLOT_CAPACITY = 6;

/**
 * One thing that happened to a slot or to a user who would like one.
 * `assigned` a new user got a free slot · `resumed` a user is back in the slot kept for him · `held` he left and the slot stays his ·
 * `freed` he left and the slot is free · `promoted` the longest-waiting user took a freed slot · `waiting` all slots are taken ·
 * `withdrawn` a waiting user left.
 */
export type SlotChange =
  | { kind: 'assigned' | 'resumed' | 'held' | 'freed' | 'promoted'; userId: string; slot: number }
  | { kind: 'waiting' | 'withdrawn'; userId: string; slot: null };

/**
 * Who is recorded: the users who entered first, up to `capacity`. With `isReserve` a slot belongs to its user for the whole
 * recording; without it a leaving user's slot goes to the longest-waiting user, else to the next one who enters.
 */
export class SlotTable {
  readonly #isReserve: boolean;
  readonly #owners: (string | null)[];
  readonly #inRoom = new Set<string>();
  /** In order of entering. */
  readonly #waiting = new Set<string>();

  /** `owners`: slots that already have their users, none of them in the room yet; for a recording that goes on. */
  constructor(options: { isReserve: boolean; capacity?: number; owners?: readonly (string | null)[] }) {
    const { isReserve, capacity = SLOT_CAPACITY, owners = [] } = options;
    this.#isReserve = isReserve;
    this.#owners = Array.from({ length: capacity }, (_, slot) => owners[slot] ?? null);
  }

  /** Owner of every slot, present or held; null where the slot is free. */
  get owners(): readonly (string | null)[] {
    return this.#owners;
  }

  /** Number of users in the room, recorded or waiting. */
  get usersInRoom(): number {
    return this.#inRoom.size;
  }

  /** Slot of a user, held slots included; null for everybody else. */
  slotOf(userId: string): number | null {
    const slot = this.#owners.indexOf(userId);
    return slot < 0 ? null : slot;
  }

  /** Whether the user is in the room now. */
  isInRoom(userId: string): boolean {
    return this.#inRoom.has(userId);
  }

  /** A user entered the room. Telling it twice changes nothing. */
  enter(userId: string): SlotChange[] {
    if (this.#inRoom.has(userId)) return [];
    this.#inRoom.add(userId);
    const own = this.slotOf(userId);
    if (own !== null) return [{ kind: 'resumed', userId, slot: own }];
    const free = this.#owners.indexOf(null);
    if (free >= 0) {
      this.#owners[free] = userId;
      return [{ kind: 'assigned', userId, slot: free }];
    }
    this.#waiting.add(userId);
    return [{ kind: 'waiting', userId, slot: null }];
  }

  /** A user left the room. Unknown users change nothing. */
  leave(userId: string): SlotChange[] {
    if (!this.#inRoom.delete(userId)) return [];
    if (this.#waiting.delete(userId)) return [{ kind: 'withdrawn', userId, slot: null }];
    const slot = this.#owners.indexOf(userId);
    if (this.#isReserve) return [{ kind: 'held', userId, slot }];
    this.#owners[slot] = null;
    const changes: SlotChange[] = [{ kind: 'freed', userId, slot }];
    const [next] = this.#waiting;
    if (next !== undefined) {
      this.#waiting.delete(next);
      this.#owners[slot] = next;
      changes.push({ kind: 'promoted', userId: next, slot });
    }
    return changes;
  }
}
