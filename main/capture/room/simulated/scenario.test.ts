import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parseScenario } from './scenario.ts';
import { describeProblems } from './scenario-problems.ts';
import { scenarioSchema } from './scenario-schema.ts';

const root = new URL('../../../../', import.meta.url);

/** Parses a room with these participants and events; every file exists. */
function parse(room: { participants?: unknown[]; events?: unknown[] }, exists: (file: string) => boolean = () => true) {
  return parseScenario(JSON.stringify({ rooms: { '43474': room } }), '/scenes', exists);
}

function problemsOf(room: { participants?: unknown[]; events?: unknown[] }): string[] {
  const parsed = parse(room);
  return parsed.ok ? [] : parsed.problems.map((one) => `${one.path} ${one.rule}`);
}

const IN_ROOM = '/rooms/43474';

test('the example in the documentation is valid and read as documented', () => {
  const [, text = ''] = /```json\n([\s\S]*?)```/.exec(readFileSync(new URL('docs/scenario.md', root), 'utf8')) ?? [];
  const parsed = parseScenario(text, '/scenes', () => true);
  if (!parsed.ok) throw new Error(describeProblems(parsed.problems));
  const room = parsed.scenario.rooms['43474'];
  expect(room?.participants.map((one) => one.stays)).toEqual([
    [{ fromMs: 0, toMs: 12_500 }],
    [{ fromMs: 4_000, toMs: null }],
    [
      { fromMs: 1_000, toMs: 3_000 },
      { fromMs: 7_000, toMs: null },
    ],
  ]);
  expect(room?.participants[0]).toMatchObject({
    userId: 'user_a',
    media: { path: '/scenes/clips/a.mp4', isRaw: false, size: { width: 640, height: 360 }, fps: 15 },
    audioPath: null,
  });
  expect(room?.participants[0]?.changes[2]).toEqual({ atMs: 6_000, size: { width: 320, height: 180 } });
  expect(room?.participants[1]?.screen).toMatchObject({
    fromMs: 6_000,
    toMs: 9_000,
    source: { size: null, fps: null },
  });
  expect(room?.events.map((event) => `${event.atMs} ${event.type}`)).toEqual([
    '11000 connectionLost',
    '13000 connectionRecovered',
    '20000 dissolve',
  ]);
  expect(Object.keys(parsed.scenario.rooms)).toContain('str:lesson 7');
});

test('the schema file for editors is the schema in the code', () => {
  expect(JSON.parse(readFileSync(new URL('resources/scenario.schema.json', root), 'utf8'))).toEqual(scenarioSchema);
});

test('all problems are found at once, each with place, rule and remedy', () => {
  const parsed = parse(
    {
      participants: [
        { userId: 'a', media: 'a.mp4', size: '641x360', enterAt: 5, leaveAt: 5 },
        { userId: 'a', media: 'missing.mp4' },
      ],
      events: [{ type: 'kick' }],
    },
    (file) => !file.includes('missing'),
  );
  if (parsed.ok) throw new Error('must be refused');
  expect(parsed.problems.map((one) => one.path)).toEqual([
    `${IN_ROOM}/participants/0/size`,
    `${IN_ROOM}/participants/0/leaveAt`,
    `${IN_ROOM}/participants/1/userId`,
    `${IN_ROOM}/participants/1/media`,
    `${IN_ROOM}/events/0/at`,
  ]);
  for (const one of parsed.problems) {
    expect(one.rule).toMatch(/^must /);
    expect(one.remedy.length).toBeGreaterThan(5);
  }
  expect(describeProblems(parsed.problems)).toContain('"641x360"');
});

test.each<[string, { participants?: unknown[]; events?: unknown[] }, RegExp]>([
  ['unknown key', { participants: [{ userId: 'a', medai: 'a.mp4' }] }, /participants\/0\/medai is not a known key/],
  ['neither media nor audio', { participants: [{ userId: 'a' }] }, /participants\/0 must have "media" or "audio"/],
  ['bad userId', { participants: [{ userId: 'a b', media: 'a' }] }, /userId must be 1 to 32 letters/],
  [
    'size too small',
    { participants: [{ userId: 'a', media: 'a', size: '14x90' }] },
    /size must be WIDTHxHEIGHT in even/,
  ],
  [
    'size too large',
    { participants: [{ userId: 'a', media: 'a', size: '4098x90' }] },
    /size must be WIDTHxHEIGHT in even/,
  ],
  ['size no size', { participants: [{ userId: 'a', media: 'a', size: 'big' }] }, /size must be WIDTHxHEIGHT/],
  ['fps too low', { participants: [{ userId: 'a', media: 'a', fps: 0.5 }] }, /fps must be >= 1/],
  ['fps too high', { participants: [{ userId: 'a', media: 'a', fps: 61 }] }, /fps must be <= 60/],
  ['fps no number', { participants: [{ userId: 'a', media: 'a', fps: '15' }] }, /fps must be number/],
  [
    'leaves before entering',
    { participants: [{ userId: 'a', media: 'a', enterAt: 3, leaveAt: 2 }] },
    /leaveAt must be later/,
  ],
  [
    'overlapping stays',
    {
      participants: [
        {
          userId: 'a',
          media: 'a',
          stays: [
            [0, 5],
            [4, 6],
          ],
        },
      ],
    },
    /stays\/1 must not overlap/,
  ],
  [
    'endless stay before another',
    {
      participants: [
        {
          userId: 'a',
          media: 'a',
          stays: [
            [0, null],
            [4, 6],
          ],
        },
      ],
    },
    /stays\/0 must be \[from, to\]/,
  ],
  [
    'stays beside enterAt',
    { participants: [{ userId: 'a', media: 'a', enterAt: 0, stays: [[0, 5]] }] },
    /stays must not stand beside/,
  ],
  [
    'empty change',
    { participants: [{ userId: 'a', media: 'a', changes: [{ at: 1 }] }] },
    /changes\/0 must contain more keys/,
  ],
  [
    'bad rotation',
    { participants: [{ userId: 'a', media: 'a', changes: [{ at: 1, rotation: 4 }] }] },
    /rotation must be <= 3/,
  ],
  [
    'bad rate',
    { participants: [{ userId: 'a', media: 'a', changes: [{ at: 1, sampleRate: 8000 }] }] },
    /sampleRate must be one of the known/,
  ],
  [
    'raw without size',
    { participants: [{ userId: 'a', media: 'a.yuv' }] },
    /media headerless I420 must come with "size" and "fps"/,
  ],
  [
    'raw that changes size',
    { participants: [{ userId: 'a', media: 'a.yuv', size: '32x16', fps: 5, changes: [{ at: 1, size: '64x32' }] }] },
    /changes\/0\/size must not change/,
  ],
  [
    'screen ends first',
    { participants: [{ userId: 'a', media: 'a', screen: { media: 's', from: 5, to: 4 } }] },
    /screen\/to must be later/,
  ],
  ['unknown event', { events: [{ at: 1, type: 'explode' }] }, /events\/0\/type must be one of the known values/],
  ['enterError without code', { events: [{ type: 'enterError' }] }, /events\/0\/code must be given/],
  ['code at another event', { events: [{ at: 1, type: 'kick', code: -1 }] }, /events\/0\/code has no meaning for kick/],
  ['negative time', { events: [{ at: -1, type: 'kick' }] }, /events\/0\/at must be >= 0/],
])('refused: %s', (_name, room, expected) => {
  expect(problemsOf(room)).toEqual([expect.stringMatching(expected)]);
});

test.each(['{', '[]', '{}', '{"rooms":{}}', '{"rooms":{"abc":{}}}'])('refused as a whole: %s', (text) => {
  const parsed = parseScenario(text, '/', () => true);
  expect(parsed.ok).toBe(false);
});
