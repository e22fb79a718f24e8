import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { attentionItems } from '../../shared/attention.ts';
import { ALL_WELL, AT_REST, running } from '../../test/support/tray-facts.ts';
import type { Ending, NoticeKind, TrayFacts } from './facts.ts';
import { decideNotices, NO_MEMORY, type Notice } from './notices.ts';

const MINUTE_MS = 60_000;
const FULL = attentionItems({ ...ALL_WELL, problems: ['DISK_RESERVE'] });
const LOW = attentionItems({ ...ALL_WELL, disk: { freeBytes: 2.5e9, reserveBytes: 2e9 } });
const BLOCKED = attentionItems({
  ...ALL_WELL,
  standstills: [{ code: 'AccessDenied', remedy: 'allowPolicy', message: 'm', count: 1, recordings: [] }],
});
const RISK = attentionItems({ ...ALL_WELL, selfTest: 'failed' });

const begun = (room: string) => running(room, { lengthMs: 2000 });
const ended = (room: string, changes: Partial<Ending> = {}): Ending => ({
  ...{ id: `id-${room}`, room, outcome: 'delivered', lengthMs: 2_520_000, failure: null },
  ...changes,
});

/** One tray that sees one state of the box after the other. */
function tray(language: 'en' | 'zh' = 'en') {
  let memory = NO_MEMORY;
  let facts: TrayFacts = AT_REST;
  return {
    see(changes: Partial<TrayFacts>, nowMs = 0): Notice[] {
      const after = { ...AT_REST, ...changes };
      const decided = decideNotices(memory, facts, after, nowMs, language);
      ({ memory } = decided);
      facts = after;
      return decided.notices;
    },
  };
}

const titles = (notices: readonly Notice[]): string[] => notices.map(({ title }) => title);

describe('a notice', () => {
  it.each<[string, Partial<TrayFacts>, Partial<Notice>]>([
    [
      'of a recording that has begun',
      { running: [begun('7')] },
      { kind: 'started', title: 'Recording has begun', text: 'Room 7', path: '/recordings/id-7', isUrgent: false },
    ],
    [
      'of a recording that is delivered',
      { endings: [ended('7')] },
      { kind: 'finished', title: 'Recording delivered', text: 'Room 7, 42 min. It is in COS.', isUrgent: false },
    ],
    [
      'of one that failed',
      { endings: [ended('7', { outcome: 'failed', failure: 'the room was refused' })] },
      { kind: 'finished', title: 'Recording failed', text: 'Room 7: the room was refused', isUrgent: true },
    ],
    [
      'of what stands still, with what to do',
      { attention: BLOCKED },
      {
        kind: 'blocked',
        title: 'The keys lack a permission',
        text: expect.stringMatching(/wait: 1\..* Allow this key/),
      },
    ],
    ['of a full disk', { attention: FULL }, { kind: 'diskLow', title: 'The disk is full', path: '/attention' }],
    ['of a disk that runs full', { attention: LOW }, { kind: 'diskLow', title: 'The disk runs full', isUrgent: true }],
  ])('%s', (_, facts, expected) => {
    expect(tray().see(facts)).toEqual([expect.objectContaining(expected)]);
    const kind = expected.kind as NoticeKind;
    expect(tray().see({ ...facts, notify: { ...AT_REST.notify, [kind]: false } })).toEqual([]);
    const others = { started: false, finished: false, blocked: false, diskLow: false, [kind]: true };
    expect(tray().see({ ...facts, notify: others })).toHaveLength(1);
    expect(tray('zh').see(facts)[0]?.title).toMatch(/\p{Script=Han}/u);
  });

  it.each<[string, Partial<TrayFacts>]>([
    ['a room that is being entered', { running: [running('1', { state: 'joining', lengthMs: 0 })] }],
    ['a recording found long under way', { running: [running('1')] }],
    ['a risk', { attention: RISK }],
    ['a lost line', { line: 'down' }],
    ['a pause', { isPaused: true }],
    ['an upload', { uploads: { ...AT_REST.uploads, active: 1 } }],
  ])('there is none of %s', (_, facts) => {
    expect(tray().see(facts)).toEqual([]);
  });

  it('there is none of what was so when the tray began to look, also later', () => {
    const unknown: TrayFacts = { ...AT_REST, line: 'unknown' };
    const found: TrayFacts = { ...AT_REST, running: [begun('1')], attention: FULL, endings: [ended('2')] };
    const first = decideNotices(NO_MEMORY, unknown, found, 0, 'en');
    expect(first.notices).toEqual([]);
    expect(decideNotices(first.memory, found, found, 1000, 'en').notices).toEqual([]);
  });
});

describe('nothing is told twice', () => {
  it('a recording that goes on, or is back after a lost line', () => {
    const { see } = tray();
    const on = { running: [begun('1')] };
    expect(see(on)).toHaveLength(1);
    expect(see(on)).toEqual([]);
    expect(see({ ...on, line: 'down' })).toEqual([]);
    expect(see(on)).toEqual([]);
    expect(see({ endings: [ended('1')] })).toHaveLength(1);
    expect(see({ endings: [ended('1')] })).toEqual([]);
  });

  it('a trouble that comes and goes is told again after an hour of peace, not before', () => {
    const { see } = tray();
    expect(see({ attention: BLOCKED }, 0)).toHaveLength(1);
    let nowMs = 0;
    for (let n = 0; n < 200; n += 1) {
      nowMs += MINUTE_MS;
      expect(see({ attention: n % 2 === 0 ? [] : BLOCKED }, nowMs)).toEqual([]);
    }
    see({}, nowMs + MINUTE_MS);
    expect(see({ attention: [...BLOCKED, ...FULL] }, nowMs + 30 * MINUTE_MS).map(({ kind }) => kind)).toEqual([
      'diskLow',
    ]);
    see({}, nowMs + 31 * MINUTE_MS);
    expect(see({ attention: BLOCKED }, nowMs + 92 * MINUTE_MS)).toHaveLength(1);
  });
});

describe('much at a time', () => {
  const many = (count: number, from = 0) => Array.from({ length: count }, (_, index) => String(from + index));

  it('is told in one', () => {
    const { see } = tray();
    expect(titles(see({ running: many(4).map(begun) }))).toHaveLength(4);
    const other = tray();
    expect(titles(other.see({ running: many(9).map(begun) }))).toEqual(['9 recordings have begun']);
    expect(other.see({ running: many(11).map(begun) }, 30_000)).toEqual([]);
    expect(other.see({ running: many(12).map(begun) }, MINUTE_MS)).toHaveLength(1);
    const endings = [...many(5).map((room) => ended(room)), ended('x', { outcome: 'failed' })];
    expect(tray().see({ endings })).toEqual([
      expect.objectContaining({ title: '6 recordings are over', text: '5 delivered, 1 failed', path: '/recordings' }),
    ]);
  });

  it('one after the other is told, counted, and then silent until the minute is over', () => {
    const { see } = tray();
    const toldAt = many(20).map((_, index) => see({ running: many(index + 1).map(begun) }, index * 1000).length);
    expect(toldAt).toEqual([1, 1, 1, 1, 1, ...Array.from({ length: 15 }, () => 0)]);
    expect(see({ running: many(21).map(begun) }, 2 * MINUTE_MS)).toHaveLength(1);
  });

  it('never more than five of a kind within a minute, whatever happens', () => {
    const steps = fc.array(fc.record({ waitMs: fc.nat({ max: 30_000 }), more: fc.nat({ max: 12 }) }), {
      maxLength: 40,
    });
    const property = fc.property(steps, (list) => {
      const { see } = tray();
      const told: number[] = [];
      let nowMs = 0;
      let rooms = 0;
      for (const { waitMs, more } of list) {
        nowMs += waitMs;
        rooms += more;
        told.push(...see({ running: many(rooms).map(begun) }, nowMs).map(() => nowMs));
      }
      for (const atMs of told)
        expect(told.filter((one) => one >= atMs && one - atMs < MINUTE_MS).length).toBeLessThan(6);
    });
    fc.assert(property, { numRuns: 100 });
  });
});
