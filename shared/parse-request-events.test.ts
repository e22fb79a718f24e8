import { describe, expect, test } from 'vitest';
import { requestFingerprint } from '../main/http/body.ts';
import { sampleRequest } from '../test/support/box.ts';
import { CALLBACK_EVENTS } from './callback-events.ts';
import { parseRecordingRequest } from './parse-request.ts';

const OPTIONS = { nowMs: Date.UTC(2030, 0, 1), hasStoredCredentials: true, checkUserSig: null };

function parse(changes: Record<string, unknown>) {
  return parseRecordingRequest(sampleRequest(changes), OPTIONS);
}

function accept(changes: Record<string, unknown>) {
  const parsed = parse(changes);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.errors));
  return parsed;
}

describe('the key Event', () => {
  test.each([
    ['absent', {}],
    ['null', { Event: null }],
    ['an empty list', { Event: [] }],
    ['an empty list without Callback', { Event: [], Callback: undefined }],
  ])('%s: no events, no warning', (_, changes) => {
    const { request, warnings } = accept(changes);
    expect([request.Event, warnings]).toEqual([[], []]);
  });

  test('takes every name of the catalogue, each once, in its order', () => {
    expect(accept({ Event: [...CALLBACK_EVENTS].reverse() }).request.Event).toEqual(CALLBACK_EVENTS);
    const twice = ['upload.blocked', 'recording.started', 'upload.blocked'];
    expect(accept({ Event: twice }).request.Event).toEqual(['recording.started', 'upload.blocked']);
  });

  test('names every wrong entry, with its value', () => {
    const parsed = parse({ Event: ['recording.started', 'recording.begun', 7, null, { a: 1 }] });
    if (parsed.ok) throw new Error('accepted');
    expect(parsed.errors.map(({ field, rule, value }) => [field, rule, value])).toEqual([
      ['Event.1', 'choice', 'recording.begun'],
      ['Event.2', 'choice', 7],
      ['Event.3', 'choice', undefined],
      ['Event.4', 'choice', undefined],
    ]);
    expect(parsed.errors[0]?.message.en).toContain('Event.1 must be one of recording.waiting, ');
    expect(parsed.errors[0]?.message.zh).toContain('Event.1');
  });

  test.each([
    ['a text', { Event: 'recording.started' }, 'Event', 'type'],
    ['an object', { Event: { started: true } }, 'Event', 'type'],
    ['far too many', { Event: Array(33).fill('recording.started') }, 'Event', 'eventCount'],
    ['without Callback', { Event: ['recording.started'], Callback: undefined }, 'Event', 'eventNeedsCallback'],
    ['with an empty Callback', { Event: ['recording.started'], Callback: '' }, 'Event', 'eventNeedsCallback'],
  ])('%s is refused', (_, changes, field, rule) => {
    const parsed = parse(changes);
    if (parsed.ok) throw new Error('accepted');
    expect(parsed.errors.map((error) => [error.field, error.rule])).toEqual([[field, rule]]);
    for (const language of ['en', 'zh'] as const) {
      expect(parsed.errors[0]?.message[language]).toContain('Event');
      expect(parsed.errors[0]?.remedy[language]).not.toBe('');
    }
  });

  test('belongs to what is asked for, and requests without it keep the fingerprint they had', () => {
    const plain = requestFingerprint(accept({}).request);
    expect(requestFingerprint(accept({ Event: [] }).request)).toBe(plain);
    const one = requestFingerprint(accept({ Event: ['recording.started'] }).request);
    const other = requestFingerprint(accept({ Event: ['recording.ended'] }).request);
    expect(new Set([plain, one, other]).size).toBe(3);
  });
});
