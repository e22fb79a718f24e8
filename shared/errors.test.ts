import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { ERRORS, type ErrorCode, type Problem, problemType, retryAfterSecondsOf, toProblemJson } from './errors.ts';
import { urlForDisplay } from './view.ts';

const CODES = Object.keys(ERRORS) as ErrorCode[];

describe('catalogue', () => {
  test.each(CODES)('%s has both languages, a remedy and a status that fits its blame', (code) => {
    const { message, remedy, status, blame } = ERRORS[code];
    for (const text of [message, remedy]) {
      expect(text.en).toMatch(/^[\x20-\x7e…]+\.$/);
      expect(text.zh).toMatch(/[\u4e00-\u9fff].*。$/);
      // Half-width punctuation after a Chinese character is a slip of the keyboard.
      expect(text.zh).not.toMatch(/[\u4e00-\u9fff][,;:?!]/);
    }
    expect(status).toBeGreaterThanOrEqual(400);
    expect(blame).toBe(status < 500 ? 'caller' : 'box');
  });

  test('kinds of problems are told apart by their type', () => {
    expect(new Set(CODES.map(problemType)).size).toBe(CODES.length);
    expect(problemType('NOT_JSON')).toBe('urn:trtc-recorder-box:problem:not-json');
  });

  test('docs/api.md lists exactly these codes with their statuses', () => {
    const docs = readFileSync(new URL('../docs/api.md', import.meta.url), 'utf8');
    const listed = [...docs.matchAll(/^\| `([A-Z_]+)` \| (\d{3}) \|/gm)].map(([, code, status]) => `${code} ${status}`);
    expect(listed.sort()).toEqual(CODES.map((code) => `${code} ${ERRORS[code].status}`).sort());
  });
});

describe('problem JSON', () => {
  test('in the language asked for, with the facts of the case', () => {
    const problem: Problem = {
      code: 'INVALID_REQUEST',
      errors: [
        {
          field: 'Mode',
          rule: 'choice',
          message: { en: 'm', zh: '消息' },
          remedy: { en: 'r', zh: '办法' },
          value: '13',
        },
      ],
    };
    expect(toProblemJson(problem, 'zh')).toEqual({
      type: 'urn:trtc-recorder-box:problem:invalid-request',
      title: ERRORS.INVALID_REQUEST.message.zh,
      status: 400,
      detail: ERRORS.INVALID_REQUEST.message.zh,
      code: 'INVALID_REQUEST',
      remedy: ERRORS.INVALID_REQUEST.remedy.zh,
      errors: [{ field: 'Mode', rule: 'choice', message: '消息', remedy: '办法', value: '13' }],
    });
    expect(toProblemJson({ code: 'NOT_FOUND' }, 'en')).not.toHaveProperty('errors');
    expect(toProblemJson({ code: 'AT_CAPACITY', detail: { en: 'd', zh: '细节' } }, 'en')).toMatchObject({
      detail: 'd',
      retryAfterSeconds: 30,
    });
  });

  test('Retry-After is whole seconds, at least one, and only where it belongs', () => {
    expect(retryAfterSecondsOf({ code: 'AT_CAPACITY', retryAfterSeconds: 0.2 })).toBe(1);
    expect(retryAfterSecondsOf({ code: 'SHUTTING_DOWN' })).toBe(30);
    expect(retryAfterSecondsOf({ code: 'RECORDING_PAUSED' })).toBe(30);
    expect(retryAfterSecondsOf({ code: 'FFMPEG_MISSING' })).toBeNull();
  });
});

test.each([
  ['https://user:pw@host:8443/a/b?token=t#f', 'https://host:8443/a/b'],
  ['https:xxxxxxxx.com/post/xxx', 'https://xxxxxxxx.com/post/xxx'],
  ['not a url with pw', '(not a URL)'],
])('%s is shown as %s', (url, expected) => {
  expect(urlForDisplay(url)).toBe(expected);
});
