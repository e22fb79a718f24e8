import i18next, { type TFunction } from 'i18next';
import { beforeAll, describe, expect, it } from 'vitest';
import { RECORDING_STATES } from '../../shared/recording.ts';
import { viewOf } from '../../test/support/fake-box.ts';
import { en } from '../texts/en.ts';
import { zhCN } from '../texts/zh-CN.ts';
import { countsDown, formatWait, obstacleOf, percentOf, type StatusFacts, statusLine } from './status-words.ts';

const NOW_MS = Date.parse('2026-05-05T14:10:00Z');
const words = { en: null, 'zh-CN': null } as unknown as Record<'en' | 'zh-CN', TFunction>;

beforeAll(async () => {
  const i18n = i18next.createInstance();
  await i18n.init({
    resources: { en: { translation: en }, 'zh-CN': { translation: zhCN } },
    interpolation: { escapeValue: false },
  });
  words.en = i18n.getFixedT('en');
  words['zh-CN'] = i18n.getFixedT('zh-CN');
});

function line(changes: Partial<StatusFacts>, language: 'en' | 'zh-CN' = 'en', nowMs = NOW_MS): string {
  const facts = { ...viewOf(), ...changes } as unknown as StatusFacts;
  return statusLine(facts, nowMs, { t: words[language], language, timeZone: 'UTC' });
}

const at = (time: string): string => `2026-05-05T${time}.000Z`;
const LINE_AWAY = {
  state: 'uploading',
  waiting: { code: 'ECONNREFUSED', message: 'm', remedy: 'r', until: null },
  waitingSince: at('14:02:00'),
  nextAttemptAt: at('14:10:40'),
} as const;

describe('a recording that waits', () => {
  it('says for what, since when and when it is tried next, in both languages', () => {
    expect(line(LINE_AWAY)).toBe('Waiting for the line since 14:02, next try in 40 s');
    expect(line(LINE_AWAY, 'zh-CN')).toBe('自 14:02 起等待网络线路，40秒后重试');
  });

  it('counts down with the clock alone', () => {
    const shown = [0, 1000, 39_000, 39_900, 60_000].map((laterMs) => line(LINE_AWAY, 'en', NOW_MS + laterMs));
    expect(shown.map((one) => one.split(', ')[1])).toEqual([
      'next try in 40 s',
      'next try in 39 s',
      'next try in 1 s',
      'trying now',
      'trying now',
    ]);
    expect(countsDown(LINE_AWAY)).toBe(true);
  });

  it('of another day names the day', () => {
    expect(line({ ...LINE_AWAY, waitingSince: '2026-05-03T09:00:00.000Z' })).toBe(
      'Waiting for the line since May 3, 09:00, next try in 40 s',
    );
  });

  it('for the hours of uploading says when they begin', () => {
    const waiting = { code: 'UPLOAD_WINDOW', message: 'm', remedy: 'r', until: at('20:00:00') };
    expect(line({ ...LINE_AWAY, waiting })).toBe('Waiting for the hours of uploading since 14:02, goes on at 20:00');
  });

  it('for somebody says what stands in the way', () => {
    const blocked = { code: 'InvalidAccessKeyId', message: 'm', remedy: 'r' };
    expect(line({ ...LINE_AWAY, blocked, waiting: null })).toBe(
      'Stands still since 14:02: COS refuses the keys, next try in 40 s',
    );
  });

  it('for its caller says since when he does not take it', () => {
    const callback = {
      ...{ event: null, deliveryId: 'd', attempts: 3, nextAttemptAt: at('14:15:00') },
      state: 'pending',
      ...{ lastStatus: 503, lastError: 'HTTP status 503', createdAt: at('14:01:00'), endedAt: null },
    } as const;
    expect(line({ state: 'notifying', callbacks: [callback] })).toBe(
      'The caller did not take it since 14:01, next try in 5 min',
    );
    expect(line({ state: 'done', callbacks: [{ ...callback, state: 'parked' }] })).toBe(
      'Delivered, but the caller could not be told',
    );
  });
});

it.each(RECORDING_STATES)('"%s" has words in both languages', (state) => {
  const shown = (['en', 'zh-CN'] as const).map((language) =>
    line({ state, failure: { code: 'X', message: 'it broke' } }, language),
  );
  for (const one of shown) expect(one).not.toMatch(/^status\.|\{\{|^$/);
  expect(shown[0]).not.toMatch(/[\u4e00-\u9fff]/);
  expect(shown[1]).toMatch(/[\u4e00-\u9fff]/);
});

it('people are counted once, however often they came', () => {
  const stay = (userId: string, leftAtMs: number | null) => ({ userId, enteredAtMs: 0, leftAtMs, slot: 0 });
  const participants = [stay('ann', 5), stay('ann', null), stay('bob', null), stay('eve', 9)];
  expect(line({ state: 'recording', participants })).toBe('2 people in the room');
  expect(line({ state: 'waiting', participants: [] })).toBe('In the room, nobody to record yet');
});

it('100 % is said only of everything', () => {
  expect(percentOf([])).toBe(0);
  expect(percentOf([{ bytes: 1000, uploadedBytes: 999 }])).toBe(99);
  expect(percentOf([{ bytes: 1000, uploadedBytes: 1000 }])).toBe(100);
});

it.each([
  ['ENOTFOUND', 'line'],
  ['Deadline', 'line'],
  ['STALLED', 'line'],
  ['ENOSPC', 'disk'],
  ['DISK_AWAY', 'disk'],
  ['NoSuchBucket', 'bucket'],
  ['SignatureDoesNotMatch', 'keys'],
  ['COS_CREDENTIALS_MISSING', 'keys'],
  ['RequestTimeTooSkewed', 'clock'],
  ['FFMPEG_MISSING', 'ffmpeg'],
  ['SlowDown', 'cos'],
])('%s is about: %s', (code, obstacle) => {
  expect(obstacleOf(code, 'uploading')).toBe(obstacle);
});

it('waits are coarse enough to be read', () => {
  expect([200, 40_000, 99_400, 120_000, 5_400_000, 3 * 3_600_000].map((ms) => formatWait(ms, 'en'))).toEqual([
    '1 s',
    '40 s',
    '99 s',
    '2 min',
    '90 min',
    '3 h',
  ]);
});
