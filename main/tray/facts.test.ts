import { describe, expect, it } from 'vitest';
import { REMEDIES } from '../../shared/texts/remedies.ts';
import { ALL_WELL, AT_REST, answerOf, answersOf, running } from '../../test/support/tray-facts.ts';
import { type BoxAnswers, nextFacts, type TrayEvent, type TrayFacts, UNKNOWN_FACTS } from './facts.ts';

const after = (facts: TrayFacts, ...events: TrayEvent[]): TrayFacts => events.reduce(nextFacts, facts);
const told = (changes: Partial<BoxAnswers>): TrayEvent => ({ kind: 'answers', answers: answersOf(changes) });
const waiting = (remedy: string, since: string | null, code = 'ECONNREFUSED', until: string | null = null) => ({
  waiting: { code, message: 'm', remedy, until },
  waitingSince: since,
});

describe('what the box answers', () => {
  it('makes the facts of the tray, the oldest recording first', () => {
    const facts = after(
      UNKNOWN_FACTS,
      told({
        capturing: [
          answerOf(1, { createdAt: '2030-01-01T00:00:02.000Z', durationMs: 61_000 }),
          answerOf(2, { createdAt: '2030-01-01T00:00:01.000Z', state: 'waiting', durationMs: 0 }),
          answerOf(3, { state: 'finalizing' }),
        ],
        settings: { recording: { paused: true }, desktop: { notify: { started: false } } },
        attention: { ...ALL_WELL, problems: ['DISK_RESERVE'] },
      }),
    );
    expect(facts).toMatchObject({
      line: 'up',
      isPaused: true,
      running: [
        { id: 'id-2', room: '2', state: 'waiting', lengthMs: 0 },
        { id: 'id-1', room: '1', state: 'recording', lengthMs: 61_000, isEnding: false },
      ],
      notify: { started: false, finished: true, blocked: true, diskLow: true },
      attention: [{ key: 'DISK_RESERVE', severity: 'stop' }],
    });
    expect(facts.running).toHaveLength(2);
    expect(facts.running[0]).not.toHaveProperty('createdAt');
  });

  it('names string rooms, and takes settings it does not understand for the defaults', () => {
    const request = { ...answerOf(1).request, RoomId: null, StrRoomId: '教室 1' };
    const facts = after(UNKNOWN_FACTS, told({ capturing: [answerOf(1, { request })], settings: { desktop: null } }));
    expect(facts.running[0]?.room).toBe('教室 1');
    expect(facts).toMatchObject({ isPaused: false, notify: UNKNOWN_FACTS.notify });
  });

  it.each<[string, Partial<BoxAnswers['uploading']>, Partial<TrayFacts['uploads']>]>([
    ['nothing', {}, { active: 0, waiting: 0, blocked: 0, offlineSince: null, windowOpensAt: null }],
    ['one on its way, more than were listed', { recordings: [answerOf(1)], total: 7 }, { active: 7, waiting: 0 }],
    [
      'lost lines, since the first of them was lost',
      {
        recordings: [
          answerOf(1, waiting(REMEDIES.checkLine.en, '2030-01-01T10:05:00.000Z')),
          answerOf(2, waiting(REMEDIES.checkLine.zh, '2030-01-01T10:01:00.000Z')),
          answerOf(3),
        ],
        total: 3,
      },
      { active: 1, waiting: 2, offlineSince: '2030-01-01T10:01:00.000Z', windowOpensAt: null },
    ],
    [
      'more that wait than were listed',
      { recordings: [answerOf(1, waiting(REMEDIES.checkLine.en, '2030-01-01T10:05:00.000Z'))], total: 300 },
      { active: 0, waiting: 300 },
    ],
    [
      'other hours, which are no lost line',
      {
        recordings: [
          answerOf(1, waiting('Wait.', '2030-01-01T10:05:00.000Z', 'UPLOAD_WINDOW', '2030-01-01T22:00:00.000Z')),
        ],
        total: 1,
      },
      { active: 0, waiting: 1, offlineSince: null, windowOpensAt: '2030-01-01T22:00:00.000Z' },
    ],
    [
      'refused keys',
      { recordings: [answerOf(1, { blocked: { code: 'c', message: 'm', remedy: 'r' } })], total: 1 },
      { active: 0, waiting: 0, blocked: 1, offlineSince: null },
    ],
  ])('counts uploads: %s', (_, uploading, expected) => {
    const facts = after(UNKNOWN_FACTS, told({ uploading: { recordings: [], total: 0, ...uploading } }));
    expect(facts.uploads).toMatchObject(expected);
  });
});

describe('what the box tells on the way', () => {
  const facts = { ...AT_REST, running: [running('1', { state: 'waiting', lengthMs: 5000 }), running('2')] };

  it('lets one recording grow, never shrink', () => {
    const progress = (timelineMs: number): TrayEvent => ({
      kind: 'progress',
      progress: { recordingId: 'id-1', state: 'recording', timelineMs },
    });
    const grown = after(facts, progress(6000));
    expect(grown.running).toEqual([running('1', { lengthMs: 6000 }), running('2')]);
    expect(after(grown, progress(4000))).toBe(grown);
    expect(after(grown, told({ capturing: [answerOf(1, { durationMs: 10 })] })).running[0]?.lengthMs).toBe(6000);
  });

  it('keeps that somebody asked for the end, also over an answer from before', () => {
    const ending = after(facts, { kind: 'stopAsked', recordingId: 'id-1' });
    expect(ending.running.map(({ isEnding }) => isEnding)).toEqual([true, false]);
    expect(after(ending, told({ capturing: [answerOf(1)] })).running[0]?.isEnding).toBe(true);
    expect(after(ending, { kind: 'stopAsked', recordingId: 'id-1' })).toBe(ending);
  });

  it('changes nothing by news of what it does not know, or what is so already', () => {
    const progress = { recordingId: 'other', state: 'recording', timelineMs: 1 } as const;
    for (const event of [
      { kind: 'progress', progress },
      { kind: 'stopAsked', recordingId: 'other' },
      { kind: 'line', line: 'up' },
      { kind: 'ended', recording: answerOf(1) },
    ] as const satisfies TrayEvent[])
      expect(after(facts, event)).toBe(facts);
  });

  it('remembers endings, each once and not all of them', () => {
    const failure = { code: 'X', message: 'the room was refused' };
    const once = after(facts, { kind: 'ended', recording: answerOf(1, { state: 'failed', failure }) });
    expect(once.endings).toEqual([
      { id: 'id-1', room: '1', outcome: 'failed', lengthMs: 3_723_000, failure: 'the room was refused' },
    ]);
    expect(once.running.map(({ id }) => id)).toEqual(['id-2']);
    expect(after(once, { kind: 'ended', recording: answerOf(1, { state: 'done' }) })).toBe(once);
    const many = Array.from({ length: 200 }, (_, index) => answerOf(100 + index, { state: 'done' }));
    const full = after(once, ...many.map((recording) => ({ kind: 'ended', recording }) as const));
    expect(full.endings.length).toBe(50);
    expect(full.endings.at(-1)).toMatchObject({ id: 'id-299', outcome: 'delivered', failure: null });
  });
});
