import { expect, it } from 'vitest';
import { failureText } from '../../shared/texts/failures.ts';
import { readSources } from '../../test/support/source-tree.ts';
import { ENTER_CODES } from './enter-policy.ts';

/** Look like failures of a recording and are answers to questions. */
const NO_FAILURES = new Set(['USERSIG_EXPIRES', 'SOUND_MISSING', 'ENCODER_RELIEVED', 'NO_CALLBACK', 'NO_LIVE_PICTURE']);
const CHINESE = /[\u4e00-\u9fff]/;

it('every code of the table of entering has its meaning in Chinese, and no other', () => {
  for (const [code, { meaning }] of ENTER_CODES) {
    // The code for everything else: what was said is all there is.
    if (code === -3301) continue;
    const { en, zh } = failureText({ code: `ENTER_ROOM_${code}`, message: meaning });
    expect(en).toBe(meaning);
    expect(zh, `${code}`).toMatch(CHINESE);
    expect(zh, `${code}`).not.toContain(meaning);
    expect(zh).toContain(`${code}`);
  }
});

it('so has every failure that capture and finalizing end with', () => {
  const found = readSources(['main/recordings', 'main/delivery'])
    .filter(({ isTest }) => !isTest)
    .flatMap(({ texts }) => texts.map(({ text }) => text))
    .filter((text) => /^(SEGMENTS|CAPTURE|NO|NOTHING|FILE|TRANSCODE|LOUDNESS|USERSIG)_[A-Z_]+$/.test(text));
  const codes = [...new Set(found)].filter((code) => !NO_FAILURES.has(code));
  expect(codes.length).toBeGreaterThan(8);
  const unknown = codes.filter((code) => failureText({ code, message: 'it broke' }).zh.includes('it broke'));
  expect(unknown).toEqual([]);
});

it('a code that nobody knows keeps what was said', () => {
  expect(failureText({ code: 'NEW', message: 'it broke' })).toEqual({ en: 'it broke', zh: '录制失败：it broke' });
  expect(failureText({ code: 'ENTER_ROOM_-1', message: 'no' }).zh).toBe('无法进入房间：no（错误码 -1）');
});
