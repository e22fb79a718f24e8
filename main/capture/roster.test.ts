import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { StreamKind } from './mix/types.ts';
import { Roster, sourceKey } from './roster.ts';

/** Somebody enters, switches the stream on, and a first picture arrives. */
function show(roster: Roster, userId: string, stream: StreamKind = 'main'): void {
  roster.enter(userId);
  roster.setSending(userId, stream, true);
  roster.noteFrame(userId, stream);
}

/** The pictures that may be shown, screens first. */
function keys(roster: Roster): string[] {
  const recorded = roster.recorded();
  const screens = recorded.filter(({ hasScreen }) => hasScreen).map(({ userId }) => sourceKey(userId, 'sub'));
  const cameras = recorded.filter(({ hasPicture }) => hasPicture).map(({ userId }) => sourceKey(userId, 'main'));
  return [...screens, ...cameras];
}

describe('whose picture may be shown', () => {
  it('those who are recorded and have sent one, in slot order; sound alone has none', () => {
    const roster = new Roster(false);
    for (const user of ['a', 'b', 'c']) roster.enter(user);
    expect(keys(roster)).toEqual([]);
    show(roster, 'c');
    show(roster, 'a');
    expect(keys(roster)).toEqual(['main:a', 'main:c']);
    expect(roster.recordedPresent()).toEqual(['a', 'b', 'c']);
  });

  it('not those for whom no slot is left, until one is', () => {
    const roster = new Roster(false);
    for (let user = 0; user < 7; user += 1) show(roster, `u${user}`);
    expect(keys(roster)).not.toContain('main:u6');
    expect(roster.noteFrame('u6', 'main')).toBe('ignored');
    expect(roster.anchors).toBe(7);
    expect(roster.leave('u2')).toMatchObject([{ kind: 'freed' }, { kind: 'promoted', userId: 'u6', slot: 2 }]);
    expect(roster.isSending('u6', 'main')).toBe(true);
    expect(roster.noteFrame('u6', 'main')).toBe('first');
    expect(keys(roster)).toEqual(['u0', 'u1', 'u6', 'u3', 'u4', 'u5'].map((user) => `main:${user}`));
  });

  it('ignores pictures of streams that are off and of strangers', () => {
    const roster = new Roster(true);
    expect(roster.noteFrame('stranger', 'main')).toBe('ignored');
    roster.setSending('stranger', 'main', true);
    expect(roster.noteFrame('stranger', 'main')).toBe('ignored');
    expect(roster.leave('stranger')).toEqual([]);
    expect(roster.isSending('stranger', 'main')).toBe(false);
    roster.enter('a');
    expect(roster.noteFrame('a', 'main')).toBe('ignored');
    roster.setSending('a', 'main', true);
    expect(roster.noteFrame('a', 'sub')).toBe('ignored');
    expect(roster.noteFrame('a', 'main')).toBe('first');
    expect(roster.noteFrame('a', 'main')).toBe('next');
    expect(keys(roster)).toEqual(['main:a']);
  });
});

describe('a stream that is announced before its user', () => {
  it('is his once he has entered', () => {
    const roster = new Roster(false);
    roster.setSending('a', 'main', true);
    expect([roster.anchors, roster.slotOf('a')]).toEqual([0, null]);
    roster.enter('a');
    expect(roster.isSending('a', 'main')).toBe(true);
    expect(roster.noteFrame('a', 'main')).toBe('first');
  });
});

describe('IsReserve', () => {
  it('true: holds the picture of a camera that is off and of a user who left, and gives him his place again', () => {
    const roster = new Roster(true);
    show(roster, 'a');
    show(roster, 'b');
    roster.setSending('a', 'main', false);
    expect(keys(roster)).toEqual(['main:a', 'main:b']);
    expect(roster.noteFrame('a', 'main')).toBe('ignored');
    roster.leave('a');
    expect(keys(roster)).toEqual(['main:a', 'main:b']);
    expect(roster.recordedPresent()).toEqual(['b']);
    expect(roster.slotOf('a')).toBe(0);
    roster.enter('a');
    roster.setSending('a', 'main', true);
    expect(roster.noteFrame('a', 'main')).toBe('next');
  });

  it('false: the picture goes with the camera and with the user', () => {
    const roster = new Roster(false);
    show(roster, 'a');
    show(roster, 'b');
    roster.setSending('a', 'main', false);
    expect(keys(roster)).toEqual(['main:b']);
    roster.setSending('a', 'main', true);
    expect(roster.noteFrame('a', 'main')).toBe('first');
    roster.leave('a');
    expect(keys(roster)).toEqual(['main:b']);
    expect(roster.slotOf('a')).toBeNull();
    roster.enter('a');
    expect(roster.isSending('a', 'main')).toBe(false);
  });

  it('true: slots kept from an earlier process have no picture until their users send again', () => {
    const roster = new Roster(true, [null, 'b', 'c']);
    show(roster, 'x');
    expect(roster.slotOf('x')).toBe(0);
    expect(keys(roster)).toEqual(['main:x']);
    show(roster, 'c');
    expect(roster.slotOf('c')).toBe(2);
    expect(roster.recordedPresent()).toEqual(['x', 'c']);
  });
});

describe('a shared screen', () => {
  it.each([true, false])('is shown while it lasts (IsReserve %s)', (isReserve) => {
    const roster = new Roster(isReserve);
    show(roster, 'a');
    show(roster, 'b');
    show(roster, 'b', 'sub');
    expect(keys(roster)).toEqual(['sub:b', 'main:a', 'main:b']);
    roster.setSending('b', 'sub', false);
    expect(keys(roster)).toEqual(['main:a', 'main:b']);
    show(roster, 'b', 'sub');
    roster.leave('b');
    expect(keys(roster)).toEqual(isReserve ? ['main:a', 'main:b'] : ['main:a']);
  });
});

type Move = { kind: 'enter' | 'leave' | 'on' | 'off' | 'frame'; user: string; stream: StreamKind };

/** The contract's words on plain lists, with none of the roster's bookkeeping. */
class Model {
  readonly isReserve: boolean;
  room: string[] = [];
  slots: (string | null)[] = [null, null, null, null, null, null];
  sending = new Set<string>();
  shown = new Set<string>();

  constructor(isReserve: boolean) {
    this.isReserve = isReserve;
  }

  apply({ kind, user, stream }: Move): void {
    const key = `${stream}:${user}`;
    const isThere = this.room.includes(user);
    if (kind === 'enter' && !isThere) this.room.push(user);
    if (kind === 'leave') this.#leave(user);
    if (kind === 'on') this.sending.add(key);
    if (kind === 'off') {
      this.sending.delete(key);
      if (stream === 'sub' || !this.isReserve) this.shown.delete(key);
    }
    if (kind === 'frame' && isThere && this.sending.has(key) && this.slots.includes(user)) this.shown.add(key);
    for (const waiting of this.room) {
      const free = this.slots.indexOf(null);
      if (free >= 0 && !this.slots.includes(waiting)) this.slots[free] = waiting;
    }
  }

  #leave(user: string): void {
    this.room = this.room.filter((other) => other !== user);
    this.sending.delete(`main:${user}`);
    this.sending.delete(`sub:${user}`);
    this.shown.delete(`sub:${user}`);
    if (this.isReserve) return;
    this.shown.delete(`main:${user}`);
    this.slots = this.slots.map((owner) => (owner === user ? null : owner));
  }

  keys(): string[] {
    const recorded = this.slots.filter((owner) => owner !== null);
    const screens = recorded.map((user) => `sub:${user}`).filter((key) => this.shown.has(key));
    return [...screens, ...recorded.map((user) => `main:${user}`).filter((key) => this.shown.has(key))];
  }
}

const move: fc.Arbitrary<Move> = fc.record({
  kind: fc.constantFrom('enter', 'enter', 'leave', 'on', 'on', 'off', 'frame', 'frame'),
  user: fc.integer({ min: 0, max: 8 }).map((id) => `u${id}`),
  stream: fc.constantFrom('main', 'main', 'sub'),
});

describe('any course of a room', () => {
  it('has the pictures that the contract says', () => {
    fc.assert(
      fc.property(fc.boolean(), fc.array(move, { minLength: 20, maxLength: 120 }), (isReserve, moves) => {
        const roster = new Roster(isReserve);
        const model = new Model(isReserve);
        for (const step of moves) {
          const { kind, user, stream } = step;
          if (kind === 'enter') roster.enter(user);
          else if (kind === 'leave') roster.leave(user);
          else if (kind === 'frame') roster.noteFrame(user, stream);
          else roster.setSending(user, stream, kind === 'on');
          model.apply(step);
          expect(keys(roster)).toEqual(model.keys());
          expect(roster.recorded().map(({ isInRoom, isCameraOn }) => [isInRoom, isCameraOn])).toEqual(
            model.slots
              .filter((owner) => owner !== null)
              .map((owner) => [model.room.includes(owner), model.sending.has(`main:${owner}`)]),
          );
          expect(roster.anchors).toBe(model.room.length);
          expect(roster.recordedPresent()).toEqual(
            model.slots.filter((owner) => owner !== null && model.room.includes(owner)),
          );
        }
      }),
      { numRuns: 200 },
    );
  });
});

describe('what a watcher is told', () => {
  it('follows microphone, camera and screen, and names those without a slot last', () => {
    const roster = new Roster(true);
    for (const user of ['a', 'b', 'c', 'd', 'e', 'f', 'g']) roster.enter(user);
    show(roster, 'a');
    roster.setAudio('a', true);
    show(roster, 'b', 'sub');
    roster.setSending('stranger', 'main', true);
    const told = roster.look();
    expect(told.map(({ userId, slot }) => [userId, slot])).toEqual([
      ['a', 0],
      ['b', 1],
      ['c', 2],
      ['d', 3],
      ['e', 4],
      ['f', 5],
      ['g', null],
    ]);
    expect(told[0]).toMatchObject({ isInRoom: true, audio: true, video: true, screen: false, picture: 'live' });
    expect(told[1]).toMatchObject({ audio: false, video: false, screen: true, picture: 'none' });
  });

  it('calls a picture held when the camera is off, its owner gone, or nothing comes for some looks', () => {
    const roster = new Roster(true);
    show(roster, 'a');
    const picture = () => roster.look()[0]?.picture;
    expect([picture(), picture(), picture(), picture()]).toEqual(['live', 'live', 'live', 'held']);
    roster.noteFrame('a', 'main');
    expect(picture()).toBe('live');
    roster.setSending('a', 'main', false);
    expect(picture()).toBe('held');
    roster.leave('a');
    expect(roster.look()[0]).toMatchObject({ isInRoom: false, audio: false, video: false, picture: 'held' });
  });

  it('has no held pictures without IsReserve, and nobody who left', () => {
    const roster = new Roster(false);
    show(roster, 'a');
    roster.setSending('a', 'main', false);
    expect(roster.look()[0]?.picture).toBe('none');
    roster.leave('a');
    expect(roster.look()).toEqual([]);
  });
});
