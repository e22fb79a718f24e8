import { expect, it } from 'vitest';
import { isTouched } from './live-changes.ts';

it.each([
  [['getRecording', { params: { id: 'r' } }], 'r', true],
  [['getRecording', { params: { id: 'other' } }], 'r', false],
  [['listRecordings', { query: {} }], 'r', true],
  [['healthz', {}], 'r', true],
  [['getSettings', {}], 'r', false],
  [['listTokens', {}], 'r', false],
  [['getSettings', {}], null, true],
  [['healthz', {}], null, true],
  [['getRecording', { params: { id: 'r' } }], null, false],
] as const)('%j, when something happens to %s: %s', (queryKey, recordingId, expected) => {
  expect(isTouched(queryKey, recordingId)).toBe(expected);
});
