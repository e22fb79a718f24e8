import { describe, expect, it } from 'vitest';
import { chaptersOf } from './chapters.ts';

const stay = (userId: string, enteredAtMs: number, leftAtMs: number | null = null) => ({
  ...{ userId, enteredAtMs, leftAtMs, slot: 0 },
});

describe('chapters', () => {
  it('are where people come and go and where something is missing, in the time of the file', () => {
    const facts = {
      participants: [stay('ann', 2000, 9000), stay('bob', 5000)],
      gaps: [{ atMs: 7000, durationMs: 400, reason: 'encoderDied', cut: false }],
    };
    expect(chaptersOf(facts, { startOffsetMs: 1000, durationMs: 20_000 })).toEqual([
      { atMs: 0, events: [{ kind: 'start' }] },
      { atMs: 1000, events: [{ kind: 'entered', userId: 'ann' }] },
      { atMs: 4000, events: [{ kind: 'entered', userId: 'bob' }] },
      { atMs: 6000, events: [{ kind: 'gap', reason: 'encoderDied' }] },
      { atMs: 8000, events: [{ kind: 'left', userId: 'ann' }] },
    ]);
  });

  it('close together are one, the beginning has the name of what happens there, and the end is no chapter', () => {
    const facts = { participants: [stay('ann', 100, 10_000), stay('bob', 450, 9900), stay('eve', 3000)], gaps: [] };
    expect(chaptersOf(facts, { startOffsetMs: 0, durationMs: 10_000 })).toEqual([
      {
        atMs: 0,
        events: [
          { kind: 'entered', userId: 'ann' },
          { kind: 'entered', userId: 'bob' },
        ],
      },
      { atMs: 3000, events: [{ kind: 'entered', userId: 'eve' }] },
    ]);
  });

  it('of a file of nobody are its beginning', () => {
    expect(chaptersOf({ participants: [], gaps: [] }, { startOffsetMs: 0, durationMs: 5000 })).toEqual([
      { atMs: 0, events: [{ kind: 'start' }] },
    ]);
  });
});
