import { describe, expect, it } from 'vitest';
import { REMEDIES, remedyIn } from '../../shared/texts/remedies.ts';
import type { UploadOutcome } from './cos/outcome.ts';
import { type Circumstances, outsideWindow, standstillOf } from './upload-standstill.ts';

const HERE: Circumstances = {
  recording: { attempts: 0, lastError: null },
  keySource: 'request',
  window: null,
  nowMs: Date.UTC(2026, 0, 1, 12),
};
type Later = Extract<UploadOutcome, { kind: 'later' }>;

function later(changes: Partial<Later> = {}): Later {
  const nothing = { retryAfterMs: null, maxTries: null, probeMs: null, progressBytes: 0, slow: false, requestId: null };
  return { kind: 'later', code: 'X', message: 'text', remedy: null, ...nothing, ...changes };
}

describe('what is to be done about keys', () => {
  it.each([
    ['checkKeys', 'box', 'changeBoxKeys'],
    ['newToken', 'box', 'changeBoxKeys'],
    ['checkKeys', 'request', 'changeRequestKeys'],
    ['checkKeys', 'temporary', 'newToken'],
    ['newToken', 'temporary', 'newToken'],
    ['allowPolicy', 'box', 'allowPolicy'],
    ['allowPolicy', 'temporary', 'checkToken'],
  ] as const)('%s with keys of the %s: %s', (remedy, keySource, expected) => {
    const outcome = { kind: 'blocked', code: 'X', message: 'no', remedy, probeMs: null, requestId: 'r-1' } as const;
    expect(standstillOf(outcome, { ...HERE, keySource })).toEqual({
      kind: 'blocked',
      code: 'X',
      message: 'no (request r-1)',
      remedy: REMEDIES[expected].en,
      probeAfterMs: 60_000,
    });
  });
});

describe('the same again and again', () => {
  const wrong = later({ code: 'CrcMismatch', maxTries: 5, probeMs: 3_600_000, remedy: 'checkIntegrity' });
  it.each([
    [4, 'CrcMismatch: text', 'blocked'],
    [3, 'CrcMismatch: text', 'retryAt'],
    // Tries that failed for another reason do not count.
    [400, 'ECONNREFUSED: no line', 'retryAt'],
    [4, null, 'retryAt'],
  ])('after %i tries, the last one %s: %s', (attempts, lastError, kind) => {
    const outcome = standstillOf(wrong, { ...HERE, recording: { attempts, lastError } });
    expect(outcome.kind).toBe(kind);
    if (outcome.kind === 'blocked') expect(outcome).toMatchObject({ probeAfterMs: 3_600_000 });
  });
});

describe('the hours of uploads', () => {
  const window = { from: '20:00', to: '06:00', timeZone: 'UTC' };
  it('outside of them an upload waits for the next, and says so', () => {
    const opens = Date.UTC(2026, 0, 1, 20);
    expect(outsideWindow(window, HERE.nowMs)).toMatchObject({
      kind: 'postponed',
      code: 'UPLOAD_WINDOW',
      message: expect.stringContaining('2026-01-01T20:00:00.000Z'),
      untilMs: opens,
    });
    expect(outsideWindow(window, opens)).toBeNull();
    expect(outsideWindow(null, HERE.nowMs)).toBeNull();
  });

  it('one that paused waits for the next hour, or goes on when it has come meanwhile', () => {
    const paused = later({ code: 'Paused' });
    expect(standstillOf(paused, { ...HERE, window })).toMatchObject({ kind: 'postponed' });
    expect(standstillOf(paused, { ...HERE, window, nowMs: Date.UTC(2026, 0, 1, 21) })).toMatchObject({
      kind: 'retryAt',
      afterMs: 0,
    });
  });
});

describe('remedies', () => {
  it('are there in both languages, each once, and found again by their English text', () => {
    const texts = Object.values(REMEDIES);
    expect(new Set(texts.map(({ en }) => en)).size).toBe(texts.length);
    for (const { en, zh } of texts) {
      expect(remedyIn('zh', en)).toBe(zh);
      expect(zh).toMatch(/[\u4e00-\u9fff]/);
    }
    expect(remedyIn('zh', 'something of another step')).toBe('something of another step');
  });
});
