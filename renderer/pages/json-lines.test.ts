import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { rangeOfLine, readJson } from './json-lines.ts';

const REQUEST = `{
  "SdkAppId": 1400000000,
  "CosConfig": {
    "Region": "ap-x",
    "Bucket": "b"
  },
  "Event": [
    "a",
    "b"
  ]
}`;

describe('reading JSON with its lines', () => {
  it('reads and refuses exactly what JSON.parse does', () => {
    const damaged = fc
      .tuple(fc.json(), fc.nat(), fc.constantFrom('', ',', '"', '}', ']', ':', '\\', '\n', '0', 'x'))
      .map(([json, at, put]) => {
        const place = at % (json.length + 1);
        return json.slice(0, place) + put + json.slice(place + (at % 3));
      });
    fc.assert(
      fc.property(fc.oneof(fc.json(), damaged, fc.string()), (text) => {
        const read = readJson(text);
        let expected: unknown;
        try {
          expected = { value: JSON.parse(text) };
        } catch {
          expected = null;
        }
        expect(read.ok ? { value: read.value } : null).toEqual(expected);
      }),
      { numRuns: 1000 },
    );
  });

  it('knows the line of every field, and for what is missing that of the group', () => {
    const read = readJson(REQUEST);
    if (!read.ok) throw new Error('not read');
    const fields = ['SdkAppId', 'CosConfig', 'CosConfig.Bucket', 'CosConfig.Path', 'Event.1', 'UserId', ''];
    expect(fields.map((field) => read.lineOf(field))).toEqual([2, 3, 5, 3, 9, 1, 1]);
  });

  it.each([
    ['{\n  "a": 1\n  "b": 2\n}', 3, 'comma'],
    ['{\n  "a": 1,\n}', 3, 'key'],
    ['{\n  a: 1\n}', 2, 'key'],
    ['{\n  "a"\n}', 3, 'colon'],
    ['{\n  "a": \n}', 3, 'value'],
    ['{\n  "a": "x\n}', 2, 'text'],
    ['{}\n{}', 2, 'end'],
    ['', 1, 'value'],
  ])('says where %j breaks and what should stand there', (text, line, expected) => {
    expect(readJson(text)).toEqual({ ok: false, line, expected });
  });

  it('knows where a line lies in the text', () => {
    const { start, end } = rangeOfLine(REQUEST, 5);
    expect(REQUEST.slice(start, end)).toBe('    "Bucket": "b"');
  });
});
