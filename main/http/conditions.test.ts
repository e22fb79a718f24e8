import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ConditionHeaders, judgeConditions, parseRange, type Verdict } from './conditions.ts';

const FILE = { bytes: 1000, etag: '"abc"', modifiedAtMs: Date.UTC(2026, 0, 2, 3, 4, 5, 678) };
const MODIFIED = 'Fri, 02 Jan 2026 03:04:05 GMT';
const EARLIER = 'Fri, 02 Jan 2026 03:04:04 GMT';
const LATER = 'Fri, 02 Jan 2026 03:04:06 GMT';

const judge = (headers: ConditionHeaders, method = 'GET'): Verdict => judgeConditions(method, headers, FILE);
const part = (first: number, last: number): Verdict => ({ status: 206, first, last });

describe('a range', () => {
  it.each([
    ['bytes=0-99', part(0, 99)],
    ['bytes=0-', part(0, 999)],
    ['bytes=999-', part(999, 999)],
    ['bytes=-1', part(999, 999)],
    ['bytes=-5000', part(0, 999)],
    ['bytes=500-99999999999999999999', part(500, 999)],
    ['BYTES= 0-0 ', part(0, 0)],
    ['bytes=1000-', { status: 416 }],
    ['bytes=99999999999999999999-', { status: 416 }],
    ['bytes=-0', { status: 416 }],
    ['bytes=5-4', { status: 200 }],
    ['bytes=-', { status: 200 }],
    ['bytes=', { status: 200 }],
    ['bytes=a-5', { status: 200 }],
    ['bytes=1e2-', { status: 200 }],
    ['bytes=0x1-5', { status: 200 }],
    ['bytes=-5-', { status: 200 }],
    ['bytes=0-1,5-9', { status: 200 }],
    ['seconds=0-1', { status: 200 }],
    ['', { status: 200 }],
  ] as [string, Verdict][])('%s', (range, verdict) => {
    expect(judge({ range })).toEqual(verdict);
  });

  it('means nothing to HEAD, and an empty file has no part', () => {
    expect(judge({ range: 'bytes=0-9' }, 'HEAD')).toEqual({ status: 200 });
    for (const range of ['bytes=0-', 'bytes=-1', 'bytes=0-0']) expect(parseRange(range, 0)).toBe('outside');
  });

  it('gives exactly the bytes that a model picks one by one', () => {
    const number = fc.oneof(fc.nat(30), fc.constantFrom(2 ** 53, 10 ** 30));
    const wanted = fc.oneof(
      fc.tuple(number, number).map(([from, to]) => ({ from, to: to as number | null })),
      number.map((from) => ({ from: from as number | null, to: null })),
      number.map((to) => ({ from: null, to: to as number | null })),
    );
    fc.assert(
      fc.property(fc.nat(20), wanted, (bytes, { from, to }) => {
        const digits = (value: number | null) => (value === null ? '' : BigInt(value).toString());
        const range = parseRange(`bytes=${digits(from)}-${digits(to)}`, bytes);
        const all = Array.from({ length: bytes }, (_, index) => index);
        const picked = all.filter((index) =>
          from === null ? index >= bytes - (to ?? 0) : index >= from && index <= (to ?? Number.POSITIVE_INFINITY),
        );
        if (from !== null && to !== null && to < from) expect(range).toBe('ignored');
        else if (picked.length === 0) expect(range).toBe('outside');
        else expect(range).toEqual({ first: picked[0], last: picked.at(-1) });
      }),
      { numRuns: 1000 },
    );
  });

  it('is never outside the file, whatever is asked', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.string().map((text) => `bytes=${text}`),
        ),
        fc.nat(50),
        (range, bytes) => {
          const verdict = judgeConditions('GET', { range }, { ...FILE, bytes });
          if (verdict.status !== 206) return;
          expect(verdict.first).toBeGreaterThanOrEqual(0);
          expect(verdict.last).toBeGreaterThanOrEqual(verdict.first);
          expect(verdict.last).toBeLessThan(bytes);
        },
      ),
    );
  });
});

describe('If-Range', () => {
  it.each([
    ['"abc"', part(0, 9)],
    ['"other"', { status: 200 }],
    ['W/"abc"', { status: 200 }],
    [MODIFIED, part(0, 9)],
    [EARLIER, { status: 200 }],
    [LATER, { status: 200 }],
    ['nonsense', { status: 200 }],
  ] as [string, Verdict][])('%s', (ifRange, verdict) => {
    expect(judge({ range: 'bytes=0-9', 'if-range': ifRange })).toEqual(verdict);
  });
});

describe('conditions', () => {
  it.each([
    [{ 'if-none-match': '"abc"' }, 304],
    [{ 'if-none-match': 'W/"abc"' }, 304],
    [{ 'if-none-match': '"x", "abc"' }, 304],
    [{ 'if-none-match': '*' }, 304],
    [{ 'if-none-match': '"x,abc"' }, 200],
    [{ 'if-none-match': '"x"', 'if-modified-since': LATER }, 200],
    [{ 'if-modified-since': MODIFIED }, 304],
    [{ 'if-modified-since': EARLIER }, 200],
    [{ 'if-modified-since': 'yesterday' }, 200],
    [{ 'if-match': '"abc"' }, 200],
    [{ 'if-match': '*' }, 200],
    [{ 'if-match': 'W/"abc"' }, 412],
    [{ 'if-match': '"x"' }, 412],
    [{ 'if-match': '"abc"', 'if-unmodified-since': EARLIER }, 200],
    [{ 'if-unmodified-since': EARLIER }, 412],
    [{ 'if-unmodified-since': MODIFIED }, 200],
    [{ 'if-match': '"x"', 'if-none-match': '"abc"' }, 412],
    [{ 'if-none-match': '"abc"', range: 'bytes=5000-' }, 304],
  ] as [ConditionHeaders, number][])('%j gives %i', (headers, status) => {
    expect(judge(headers).status).toBe(status);
    expect(judge(headers, 'HEAD').status).toBe(status);
  });
});
