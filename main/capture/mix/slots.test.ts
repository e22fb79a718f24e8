import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type SlotChange, SlotTable } from './slots.ts';

const kinds = (changes: SlotChange[]) => changes.map((change) => `${change.kind} ${change.userId} ${change.slot}`);

describe('slots that stay reserved', () => {
  test('a returning user gets his slot back and the seventh waits for ever', () => {
    const table = new SlotTable({ isReserve: true });
    for (let user = 0; user < 6; user++) expect(kinds(table.enter(`u${user}`))).toEqual([`assigned u${user} ${user}`]);
    expect(kinds(table.enter('u6'))).toEqual(['waiting u6 null']);
    expect(kinds(table.leave('u2'))).toEqual(['held u2 2']);
    expect(table.slotOf('u6')).toBeNull();
    expect(table.owners[2]).toBe('u2');
    expect(kinds(table.enter('u2'))).toEqual(['resumed u2 2']);
    expect(kinds(table.leave('u6'))).toEqual(['withdrawn u6 null']);
  });

  test('a slot that was never used goes to whoever enters next', () => {
    const table = new SlotTable({ isReserve: true, capacity: 2 });
    table.enter('a');
    table.leave('a');
    expect(kinds(table.enter('b'))).toEqual(['assigned b 1']);
    expect(kinds(table.enter('c'))).toEqual(['waiting c null']);
  });
});

describe('slots that are given away', () => {
  test('the longest-waiting user takes over the slot of one who left', () => {
    const table = new SlotTable({ isReserve: false, capacity: 2 });
    for (const user of ['a', 'b', 'c', 'd']) table.enter(user);
    expect(kinds(table.leave('a'))).toEqual(['freed a 0', 'promoted c 0']);
    expect(kinds(table.enter('a'))).toEqual(['waiting a null']);
    expect(kinds(table.leave('c'))).toEqual(['freed c 0', 'promoted d 0']);
    expect(kinds(table.leave('b'))).toEqual(['freed b 1', 'promoted a 1']);
    expect(kinds(table.leave('d'))).toEqual(['freed d 0']);
    expect(kinds(table.enter('e'))).toEqual(['assigned e 0']);
  });
});

/** The contract's words on plain lists, with none of the table's bookkeeping. */
class Model {
  readonly isReserve: boolean;
  readonly capacity: number;
  /** Everybody in the room in order of entering. */
  room: string[] = [];
  slots = new Map<string, number>();

  constructor(isReserve: boolean, capacity: number) {
    this.isReserve = isReserve;
    this.capacity = capacity;
  }

  enter(user: string) {
    if (!this.room.includes(user)) this.room.push(user);
    this.#fill();
  }

  leave(user: string) {
    this.room = this.room.filter((other) => other !== user);
    if (!this.isReserve) this.slots.delete(user);
    this.#fill();
  }

  #fill() {
    for (const user of this.room) {
      const taken = new Set(this.slots.values());
      const free = Array.from({ length: this.capacity }, (_, slot) => slot).find((slot) => !taken.has(slot));
      if (free !== undefined && !this.slots.has(user)) this.slots.set(user, free);
    }
  }
}

describe('any sequence of entering and leaving', () => {
  const moves = fc.array(
    fc.record({ isEntering: fc.boolean(), user: fc.integer({ min: 0, max: 9 }).map((id) => `u${id}`) }),
    { maxLength: 80 },
  );

  test('ends with the slots that the contract gives, and the changes told lead there', () => {
    fc.assert(
      fc.property(moves, fc.boolean(), fc.integer({ min: 1, max: 6 }), (sequence, isReserve, capacity) => {
        const table = new SlotTable({ isReserve, capacity });
        const model = new Model(isReserve, capacity);
        const told = new Map<string, number>();
        for (const { isEntering, user } of sequence) {
          const changes = isEntering ? table.enter(user) : table.leave(user);
          if (isEntering) model.enter(user);
          else model.leave(user);
          for (const change of changes) {
            if (change.kind === 'freed') told.delete(change.userId);
            else if (change.slot !== null) told.set(change.userId, change.slot);
          }
          expect(told).toEqual(model.slots);
          expect(table.usersInRoom).toBe(model.room.length);
          for (let id = 0; id < 10; id++) {
            expect(table.slotOf(`u${id}`)).toBe(model.slots.get(`u${id}`) ?? null);
            expect(table.isInRoom(`u${id}`)).toBe(model.room.includes(`u${id}`));
          }
        }
      }),
      { numRuns: 300 },
    );
  });
});
