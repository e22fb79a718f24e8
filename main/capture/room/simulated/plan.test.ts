import fc from 'fast-check';
import { expect, test } from 'vitest';
import { participant, roomEvent } from '../../../../test/support/simulated-parts.ts';
import { type Action, planRoom, stateAt } from './plan.ts';
import type { Participant } from './scenario.ts';

function lines(actions: Action[]): string[] {
  return actions.map((action) => {
    if (action.kind === 'room') return `${action.atMs} ${action.event.type}`;
    return action.kind === 'reconnectNotice'
      ? `${action.atMs} notice`
      : `${action.atMs} ${action.kind} ${action.stay.participant.userId}`;
  });
}

const comings = (line: string) => !line.includes('warmUp');

test('a first entering sees everything, decoders start well before they are needed', () => {
  const room = {
    participants: [
      participant('a', {
        stays: [
          { fromMs: 0, toMs: 2_000 },
          { fromMs: 10_000, toMs: null },
        ],
      }),
      participant('b', {
        stays: [{ fromMs: 1_000, toMs: null }],
        changes: [{ atMs: 9_000, size: { width: 32, height: 16 } }],
        screen: { fromMs: 8_000, toMs: 9_500, source: { path: 's', isRaw: false, size: null, fps: null } },
      }),
    ],
    events: [roomEvent(20_000, 'dissolve')],
  };
  expect(lines(planRoom(room, 0))).toEqual([
    '0 warmUp a',
    '0 warmUp b',
    '0 enter a',
    '1000 enter b',
    '2000 leave a',
    '5000 warmUpScreen b',
    '6000 warmUpSize b',
    '7000 warmUp a',
    '8000 screenOn b',
    '9000 change b',
    '9500 screenOff b',
    '10000 enter a',
    '20000 dissolve',
  ]);
});

test('a recorder that comes back finds who is there, and nothing past happens again', () => {
  const room = {
    participants: [
      participant('gone', { stays: [{ fromMs: 0, toMs: 3_000 }] }),
      participant('there', { stays: [{ fromMs: 1_000, toMs: 9_000 }], changes: [{ atMs: 2_000, video: false }] }),
      participant('later', { stays: [{ fromMs: 8_000, toMs: null }] }),
    ],
    events: [roomEvent(4_000, 'crash'), roomEvent(9_500, 'kick')],
  };
  const actions = planRoom(room, 4_000);
  expect(lines(actions).filter(comings)).toEqual([
    '4000 enter there',
    '8000 enter later',
    '9000 leave there',
    '9500 kick',
  ]);
  const entering = actions.find((action) => action.kind === 'enter');
  expect(entering?.kind === 'enter' && entering.stay).toMatchObject({ fromMs: 1_000, startMs: 4_000 });
});

test('a room that was dissolved while the recorder was away has only those who come later', () => {
  const room = {
    participants: [participant('a'), participant('b', { stays: [{ fromMs: 6_000, toMs: null }] })],
    events: [roomEvent(5_000, 'dissolve')],
  };
  expect(lines(planRoom(room, 5_500)).filter(comings)).toEqual(['6000 enter b']);
});

test('the state of a participant is the sum of his changes', () => {
  const changing = participant('a', {
    changes: [
      { atMs: 1_000, video: false, timestampJumpMs: 500 },
      { atMs: 2_000, rotation: 3, timestampJumpMs: 500 },
      { atMs: 3_000, video: true, audioGapMs: 400 },
    ],
  });
  expect(stateAt(changing, 999)).toMatchObject({ video: true, rotation: 0, timestampOffsetMs: 0 });
  expect(stateAt(changing, 2_500)).toMatchObject({
    video: false,
    rotation: 3,
    timestampOffsetMs: 1_000,
    audioGap: null,
  });
  expect(stateAt(changing, 3_000)).toMatchObject({
    video: true,
    rotation: 3,
    audioGap: { fromMs: 3_000, untilMs: 3_400 },
    heldUntilMs: 0,
  });
});

test('whenever a recorder comes back, it sees the same future as one that stayed', () => {
  const stays = fc
    .uniqueArray(fc.integer({ min: 0, max: 30 }), { minLength: 2, maxLength: 8 })
    .map((seconds) => seconds.sort((a, b) => a - b))
    .map((seconds) => {
      const pairs: Participant['stays'] = [];
      for (let i = 0; i + 1 < seconds.length; i += 2) {
        pairs.push({ fromMs: (seconds[i] ?? 0) * 1000, toMs: (seconds[i + 1] ?? 0) * 1000 });
      }
      return pairs;
    });
  fc.assert(
    fc.property(fc.array(stays, { maxLength: 4 }), fc.integer({ min: 1, max: 31_000 }), (all, backMs) => {
      const room = { participants: all.map((one, index) => participant(`u${index}`, { stays: one })), events: [] };
      const future = (line: string) => comings(line) && Number.parseInt(line, 10) > backMs;
      const again = planRoom(room, backMs);
      expect(lines(again).filter(future)).toEqual(lines(planRoom(room, 0)).filter(future));
      const present = room.participants.filter((one) =>
        one.stays.some((stay) => stay.fromMs <= backMs && backMs < (stay.toMs ?? 0)),
      );
      expect(lines(again).filter((line) => line.startsWith(`${backMs} enter`))).toEqual(
        present.map((one) => `${backMs} enter ${one.userId}`),
      );
    }),
    { numRuns: 200 },
  );
});
