import { describe, expect, it } from 'vitest';
import { decibels, LiveFacts } from './live-facts.ts';
import { NOTHING_MADE } from './output-stats.ts';
import { Roster } from './roster.ts';

const TICK = 1000 / 15;

/** A second in which the encoder was handed so many pictures, left out others, and has some still to read. */
function made(sent: number, skipped = 0, waiting = 0) {
  return {
    ...NOTHING_MADE,
    dueMs: (sent + skipped) * TICK,
    handedMs: sent * TICK,
    pipeBacklogMs: waiting * TICK,
  };
}

describe('levels', () => {
  it.each([
    [1, 0],
    [0.1, -20],
    [0.001, -60],
    [0.0009, null],
    [0, null],
    [1.1, 0],
  ])('%s of full scale are %s dB', (rms, level) => {
    expect(decibels(rms)).toBe(level);
  });

  it('tell who is talking; whoever is muted or has gone is not, whatever is still being mixed of him', () => {
    const roster = new Roster(true);
    for (const user of ['talker', 'muted', 'gone', 'listener']) {
      roster.enter(user);
      roster.setAudio(user, true);
    }
    roster.setAudio('muted', false);
    roster.leave('gone');
    const users = new Map([
      ['talker', 0.05],
      ['muted', 0.05],
      ['gone', 0.05],
      ['listener', 0.004],
    ]);
    const { levelDb, participants } = new LiveFacts().look(roster, { mix: 0.06, users }, NOTHING_MADE);
    expect(levelDb).toBe(-24);
    expect(participants.map(({ userId, levelDb: level, talking }) => [userId, level, talking])).toEqual([
      ['talker', -26, true],
      ['muted', null, false],
      ['gone', null, false],
      ['listener', -48, false],
    ]);
  });

  it('are null where no sound is recorded', () => {
    expect(new LiveFacts().look(new Roster(false), null, NOTHING_MADE).levelDb).toBeNull();
  });
});

describe('the speed of the encoder', () => {
  it('is 1 while everything that is due is taken in, less by what is left out or waits', () => {
    const facts = new LiveFacts();
    const speed = (stats: ReturnType<typeof made>) => facts.look(new Roster(false), null, stats).encoderSpeed;
    expect(speed(made(15))).toBeNull();
    expect(speed(made(30))).toBe(1);
    expect(speed(made(45, 0, 15))).toBe(0.5);
    expect(speed(made(50, 10, 15))).toBeCloseTo(20 / 45, 2);
  });

  it('forgets how it was more than some seconds ago', () => {
    const facts = new LiveFacts();
    const speeds = Array.from({ length: 12 }, (_, second) =>
      facts.look(new Roster(false), null, second < 4 ? made(0, 15 * (second + 1)) : made(15 * (second - 3), 60)),
    ).map(({ encoderSpeed }) => encoderSpeed);
    expect(speeds[3]).toBe(0);
    expect(speeds.at(-1)).toBe(1);
  });
});
