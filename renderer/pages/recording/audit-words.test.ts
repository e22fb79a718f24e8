import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import i18next from 'i18next';
import { describe, expect, it } from 'vitest';
import { AUDIT_EVENTS } from '../../../shared/audit-events.ts';
import { ROOT } from '../../../test/support/source-tree.ts';
import { en } from '../../texts/en.ts';
import { zhCN } from '../../texts/zh-CN.ts';
import { auditSentence } from './audit-words.ts';

const i18n = i18next.createInstance();
await i18n.init({
  resources: { en: { translation: en }, 'zh-CN': { translation: zhCN } },
  interpolation: { escapeValue: false },
});

function sentence(type: string, data: Record<string, unknown>, language = 'en'): string {
  return auditSentence({ type, data }, i18n.getFixedT(language), language);
}

/** Facts under every name that an event uses. */
const FACTS = {
  ...{
    mode: '12',
    from: 'uploading',
    to: 'notifying',
    userId: 'ann',
    atMs: 61_000,
    timelineMs: 5000,
    durationMs: 2500,
  },
  ...{
    reason: 'stopped',
    message: 'no line',
    code: 'X1',
    text: 'warned',
    attempts: 4,
    status: 503,
    error: 'HTTP status 503',
  },
  ...{ state: 'lost', step: 'uploading', bytes: 5e6, event: 'result', by: 'anna', what: 'segment', output: 'mix' },
  ...{ segments: 2, outcome: 'passed', keys: ['a.b'], name: 'caller' },
};

describe.each(AUDIT_EVENTS)('%s', (type) => {
  it('has a sentence of its own in both languages, with and without its facts', () => {
    const shown = ['en', 'zh-CN'].flatMap((language) => [
      sentence(type, FACTS, language),
      sentence(type, {}, language),
    ]);
    for (const one of shown) expect(one).not.toMatch(/^audit|\{\{|undefined|NaN|^\s*$/);
    expect(shown[0]).not.toMatch(/[\u4e00-\u9fff]/);
    expect(shown[2]).toMatch(/[\u4e00-\u9fff]/);
  });
});

it('facts are told in words', () => {
  expect(sentence('state', FACTS)).toBe('Uploading → Telling the caller');
  expect(sentence('participant.entered', FACTS)).toBe('ann entered at 1:01');
  expect(sentence('gap', { ...FACTS, reason: 'boxDown' })).toBe(
    'Nothing could be recorded for 2.5 s from 1:01 on: the box was down',
  );
  expect(sentence('stopRequested', FACTS)).toBe('The end was asked for: Stopped on request');
  expect(sentence('deleted', FACTS)).toBe('Deleted from this box by anna');
  expect(sentence('deleted', {})).toBe('Deleted from this box');
  expect(sentence('callbackDelivered', FACTS)).toBe('The caller took “result”, try 4, status 503');
  expect(sentence('somethingNewer', FACTS)).toBe('somethingNewer');
});

it('every type that the box writes down has one', () => {
  const main = path.join(ROOT, 'main');
  const written = readdirSync(main, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'))
    .flatMap((file) => {
      const code = readFileSync(path.join(main, file), 'utf8');
      return [...code.matchAll(/events\.append\(\s*'([^']+)'/g)].map(([, type]) => `${file}: ${type}`);
    });
  expect(written.length).toBeGreaterThan(30);
  const known: readonly string[] = AUDIT_EVENTS;
  expect(written.filter((one) => !known.includes(one.split(': ')[1] ?? ''))).toEqual([]);
});
