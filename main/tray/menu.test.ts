import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { attentionItems } from '../../shared/attention.ts';
import { ALL_WELL, AT_REST, running, wordsIn } from '../../test/support/tray-facts.ts';
import type { TrayFacts } from './facts.ts';
import { allEntries, type MenuEntry, NO_UPDATES, type TrayAction, trayMenu, type UpdateFacts } from './menu.ts';
import { iconStateOf, needsPerson, statusLines, tooltipOf } from './status.ts';
import { en } from './texts/en.ts';
import { lengthInWords } from './texts/texts.ts';
import { zhCN } from './texts/zh-CN.ts';

const words = wordsIn('en');
const NO_UPLOADS = AT_REST.uploads;
const STOPPED = attentionItems({ ...ALL_WELL, problems: ['DISK_RESERVE'] });
const AT_RISK = attentionItems({ ...ALL_WELL, selfTest: 'failed' });
const NOTES = attentionItems({ ...ALL_WELL, simulated: true });
const SINCE = '2030-01-01T14:32:00.000Z';

function entriesOf(facts: Partial<TrayFacts>, launchesAtLogin: boolean | null = false): MenuEntry[] {
  return allEntries(trayMenu({ ...AT_REST, ...facts }, { launchesAtLogin, update: NO_UPDATES }, words));
}

function entryOf(id: string, facts: Partial<TrayFacts>, launchesAtLogin: boolean | null = false): MenuEntry {
  const found = entriesOf(facts, launchesAtLogin).find((one) => one.id === id);
  if (!found) throw new Error(`no entry ${id}`);
  return found;
}

describe('the icon', () => {
  it.each<[string, Partial<TrayFacts>, string]>([
    ['nothing to do', {}, 'idle'],
    ['not known yet', { line: 'unknown' }, 'idle'],
    ['a room', { running: [running('1')] }, 'recording'],
    ['a room that is being entered', { running: [running('1', { state: 'joining' })] }, 'recording'],
    ['uploads', { uploads: { ...NO_UPLOADS, active: 1 } }, 'uploading'],
    ['uploads that wait for other hours', { uploads: { ...NO_UPLOADS, waiting: 1, windowOpensAt: SINCE } }, 'idle'],
    ['a room before uploads', { running: [running('1')], uploads: { ...NO_UPLOADS, active: 1 } }, 'recording'],
    [
      'a lost line before a room',
      { running: [running('1')], uploads: { ...NO_UPLOADS, waiting: 1, offlineSince: SINCE } },
      'offline',
    ],
    ['a box that does not answer', { line: 'down', running: [running('1')] }, 'offline'],
    [
      'what stands still before everything',
      { line: 'down', attention: STOPPED, running: [running('1')], uploads: { ...NO_UPLOADS, offlineSince: SINCE } },
      'attention',
    ],
    ['a risk alone', { attention: AT_RISK }, 'attention'],
    ['a room before a risk', { attention: AT_RISK, running: [running('1')] }, 'recording'],
    ['a note', { attention: NOTES }, 'idle'],
    ['a pause', { isPaused: true }, 'idle'],
  ])('says: %s', (_, facts, expected) => {
    expect(iconStateOf({ ...AT_REST, ...facts })).toBe(expected);
  });

  it.each<[Partial<TrayFacts>, string[]]>([
    [{}, ['Nothing is being recorded']],
    [{ line: 'unknown' }, ['Starting …']],
    [{ line: 'down', running: [running('1')] }, ['The recorder does not answer']],
    [{ running: [running('7')] }, ['Recording room 7']],
    [{ running: [running('1'), running('2')], isPaused: true }, ['Recording 2 rooms', 'New recordings are paused']],
    [
      {
        attention: [...STOPPED, ...AT_RISK, ...NOTES],
        uploads: { ...NO_UPLOADS, active: 1, waiting: 1, offlineSince: SINCE },
      },
      ['2 things need you', 'No connection to COS since 14:32; uploads go on by themselves'],
    ],
    [{ uploads: { ...NO_UPLOADS, active: 1 } }, ['Uploading 1 recording']],
    [{ uploads: { ...NO_UPLOADS, active: 3 }, attention: AT_RISK }, ['1 thing needs you', 'Uploading 3 recordings']],
  ])('%j in words', (changes, expected) => {
    const facts = { ...AT_REST, ...changes };
    expect(statusLines(facts, words)).toEqual(expected);
    expect(tooltipOf(facts, words)).toBe(['TRTC Recorder', ...expected].join('\n'));
  });
});

describe('the menu', () => {
  it('at rest offers to begin, the places, and the way out', () => {
    const nodes = trayMenu(AT_REST, { launchesAtLogin: true, update: NO_UPDATES }, words);
    expect(nodes.map((node) => (node.kind === 'separator' ? '-' : `${node.enabled ? '' : '~'}${node.label}`))).toEqual([
      '~Nothing is being recorded',
      '-',
      'Start recording …',
      'Pause new recordings',
      '-',
      '~Uploads: nothing waits',
      '-',
      'Open console',
      'Open recordings folder',
      '-',
      'Start at login',
      'About',
      'Quit',
    ]);
  });

  it.each<[string, string, Partial<TrayFacts>, Partial<MenuEntry>]>([
    ['begins', 'start', {}, { enabled: true, action: { kind: 'openConsole', path: '/start' } }],
    ['begins nothing while paused', 'start', { isPaused: true }, { enabled: false }],
    ['begins nothing without the box', 'start', { line: 'down' }, { enabled: false }],
    ['pauses', 'pause', {}, { checked: false, action: { kind: 'setPaused', paused: true } }],
    ['ends a pause', 'pause', { isPaused: true }, { checked: true, action: { kind: 'setPaused', paused: false } }],
    ['pauses nothing without the box', 'pause', { line: 'down' }, { enabled: false }],
    ['tells the length', 'recording-id-7', { running: [running('7')] }, { label: 'Room 7 · 42 min', action: null }],
    [
      'tells what comes before a recording',
      'recording-id-7',
      { running: [running('7', { state: 'joining' })] },
      { label: 'Room 7 · entering the room' },
    ],
    [
      'stops',
      'stop-id-7',
      { running: [running('7')] },
      { label: 'Stop …', enabled: true, action: { kind: 'stop', recordingId: 'id-7', room: '7' } },
    ],
    [
      'stops nothing twice',
      'stop-id-7',
      { running: [running('7', { isEnding: true })] },
      { label: 'Stopping …', enabled: false },
    ],
    [
      'shows a recording under its id',
      'show-a/b',
      { running: [running('7', { id: 'a/b' })] },
      { action: { kind: 'openConsole', path: '/recordings/a%2Fb' } },
    ],
    [
      'counts uploads',
      'uploads',
      { uploads: { ...NO_UPLOADS, active: 1, waiting: 2, blocked: 3 } },
      { label: 'Uploads: 1 under way, 2 waiting, 3 standing still', enabled: true },
    ],
    [
      'tells since when there is no line',
      'uploads-offline',
      { uploads: { ...NO_UPLOADS, waiting: 1, offlineSince: SINCE } },
      { label: 'No connection to COS since 14:32', enabled: false },
    ],
    [
      'tells when uploads go on',
      'uploads-window',
      { uploads: { ...NO_UPLOADS, waiting: 1, windowOpensAt: '2030-01-01T22:00:00.000Z' } },
      { label: 'Go on at 22:00', enabled: false },
    ],
    [
      'tries again',
      'retry',
      { uploads: { ...NO_UPLOADS, waiting: 1 } },
      { enabled: true, action: { kind: 'retryAll' } },
    ],
    ['tries what stands still', 'retry', { uploads: { ...NO_UPLOADS, blocked: 1 } }, { enabled: true }],
    [
      'tries nothing without the box',
      'retry',
      { line: 'down', uploads: { ...NO_UPLOADS, waiting: 1 } },
      { enabled: false },
    ],
    ['tries nothing that is at work', 'retry', { uploads: { ...NO_UPLOADS, active: 1 } }, { enabled: false }],
    ['counts what needs a person', 'attention', { attention: [...STOPPED, ...NOTES] }, { label: 'Needs you (1)' }],
    [
      'names what needs a person',
      'attention-0',
      { attention: STOPPED },
      { label: 'The disk is full', action: { kind: 'openConsole', path: '/attention' } },
    ],
    ['names what is worth knowing', 'notes-0', { attention: NOTES }, { label: 'Rooms are simulated' }],
    ['opens the folder', 'folder', {}, { enabled: true, action: { kind: 'openRecordingsFolder' } }],
    ['starts at login', 'login', {}, { checked: false, action: { kind: 'setLaunchAtLogin', on: true } }],
    ['quits without the box, too', 'quit', { line: 'down' }, { enabled: true, action: { kind: 'quit' } }],
  ])('%s', (_, id, facts, expected) => {
    expect(entryOf(id, facts)).toMatchObject(expected);
  });

  it('has no start at login where the system has none', () => {
    expect(entriesOf({}, null).map(({ id }) => id)).not.toContain('login');
    expect(entryOf('login', {}, true)).toMatchObject({ checked: true, action: { on: false } });
  });

  it.each<[string, Partial<UpdateFacts>, [string, string | null][]]>([
    ['nothing while they are off', {}, []],
    ['to look for one', { step: 'idle' }, [['Check for updates', 'checkForUpdates']]],
    ['that it looks', { step: 'checking' }, [['Looking for updates …', null]]],
    ['that recordings go first', { step: 'waiting' }, [['Update 1.2.3 is fetched once nothing is recorded', null]]],
    ['that it is on its way', { step: 'fetching' }, [['Fetching update 1.2.3 …', null]]],
    ['to install it', { step: 'ready' }, [['Update 1.2.3 is ready: install and restart …', 'installUpdate']]],
    [
      'that they do not work',
      { step: 'idle', isTroubled: true },
      [
        ['Check for updates', 'checkForUpdates'],
        ['Updates do not work …', 'showUpdateTrouble'],
      ],
    ],
  ])('tells of updates: %s', (_, facts, expected) => {
    const update = { ...NO_UPDATES, version: '1.2.3', ...facts };
    const entries = allEntries(trayMenu(AT_REST, { launchesAtLogin: null, update }, words));
    const shown = entries.filter(({ id }) => id.startsWith('update'));
    expect(shown.map(({ label, action }) => [label, action?.kind ?? null])).toEqual(expected);
    expect(shown.map(({ enabled }) => enabled)).toEqual(expected.map(([, action]) => action !== null));
  });

  it('puts many recordings into a menu of their own', () => {
    const many = Array.from({ length: 7 }, (_, index) => running(String(index)));
    const top = (facts: Partial<TrayFacts>) =>
      trayMenu({ ...AT_REST, ...facts }, { launchesAtLogin: null, update: NO_UPDATES }, words).map(({ id }) => id);
    expect(top({ running: many.slice(1) }).filter((id) => id.startsWith('recording-'))).toHaveLength(6);
    expect(top({ running: many }).filter((id) => id.startsWith('recording-'))).toEqual([]);
    expect(entryOf('running', { running: many })).toMatchObject({ label: 'Recordings running (7)' });
    expect(entryOf('running', { running: many }).children).toHaveLength(7);
  });

  it.each([
    [0, 'less than a minute', '不到 1 分钟'],
    [Number.NaN, 'less than a minute', '不到 1 分钟'],
    [60_000, '1 min', '1 分钟'],
    [3_599_999, '59 min', '59 分钟'],
    [3_600_000, '1 h 0 min', '1 小时 0 分钟'],
  ])('%d ms are %s', (lengthMs, english, chinese) => {
    expect([lengthInWords('en', lengthMs), lengthInWords('zh', lengthMs)]).toEqual([english, chinese]);
  });
});

const text = fc.oneof(fc.string({ maxLength: 80 }), fc.constantFrom('{room}', '&', '教室', 'a\nb'));
const moment = fc.option(fc.constant(SINCE), { nil: null });
const count = fc.nat({ max: 1000 });
const anyFacts: fc.Arbitrary<TrayFacts> = fc.record({
  line: fc.constantFrom('unknown' as const, 'up' as const, 'down' as const),
  isPaused: fc.boolean(),
  running: fc.uniqueArray(
    fc.record({
      id: fc.uuid(),
      room: text,
      state: fc.constantFrom('accepted' as const, 'joining' as const, 'waiting' as const, 'recording' as const),
      lengthMs: fc.nat(),
      isEnding: fc.boolean(),
    }),
    { selector: ({ id }) => id, maxLength: 64 },
  ),
  uploads: fc.record({ active: count, waiting: count, blocked: count, offlineSince: moment, windowOpensAt: moment }),
  attention: fc.shuffledSubarray([...STOPPED, ...AT_RISK, ...NOTES]),
  endings: fc.constant([]),
  notify: fc.constant(AT_REST.notify),
});

const anyUpdate: fc.Arbitrary<UpdateFacts> = fc.record({
  step: fc.constantFrom(...(['off', 'idle', 'checking', 'waiting', 'fetching', 'ready'] as const)),
  version: fc.constantFrom('1.2.3', '2.0.0-rc.1'),
  isTroubled: fc.boolean(),
});

describe('whatever the facts', () => {
  it('the menu has unique ids, words everywhere, a stop for every recording, and a way out', () => {
    const property = fc.property(
      anyFacts,
      fc.constantFrom('en' as const, 'zh' as const),
      fc.constantFrom(null, true, false),
      anyUpdate,
      (facts, language, launchesAtLogin, update) => {
        const nodes = trayMenu(facts, { launchesAtLogin, update }, wordsIn(language));
        const entries = allEntries(nodes);
        const ids = [
          ...entries.map(({ id }) => id),
          ...nodes.flatMap((one) => (one.kind === 'separator' ? one.id : [])),
        ];
        expect(new Set(ids).size).toBe(ids.length);
        expect(entries.filter(({ label }) => label.trim() === '')).toEqual([]);
        const stops = entries
          .map(({ action }) => action)
          .filter((action): action is TrayAction & { kind: 'stop' } => action?.kind === 'stop');
        expect(stops.map(({ recordingId }) => recordingId)).toEqual(facts.running.map(({ id }) => id));
        expect(entries.find(({ action }) => action?.kind === 'quit')?.enabled).toBe(true);
        expect(tooltipOf(facts, wordsIn(language)).length).toBeLessThanOrEqual(127);
        expect(needsPerson(facts) > 0).toBe(entries.some(({ id }) => id === 'attention'));
      },
    );
    fc.assert(property, { numRuns: 150 });
  });
});

it('both languages have the same places to fill in, and Chinese is Chinese', () => {
  const places = (words: string): string[] => (words.match(/\{\w+\}/g) ?? []).sort();
  for (const [key, english] of Object.entries(en)) {
    const chinese = zhCN[key as keyof typeof en];
    expect(places(chinese), key).toEqual(places(english));
    if (places(english).join('') !== english) expect(chinese, key).toMatch(/\p{Script=Han}/u);
  }
});
