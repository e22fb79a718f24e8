import { describe, expect, test } from 'vitest';
import { parseJsonBytes } from './body.ts';

const parse = (text: string) => parseJsonBytes(Buffer.from(text));

describe('a body', () => {
  test('is read as JSON in UTF-8', () => {
    expect(parse('{"a":[1,"ü"]}')).toEqual({ a: [1, 'ü'] });
    expect(parse('null')).toBeNull();
    expect(parse('')).toBeUndefined();
    expect(parse('{')).toBeUndefined();
    expect(parseJsonBytes(Uint8Array.of(0x22, 0xff, 0x22))).toBeUndefined();
    expect(parseJsonBytes(undefined)).toBeUndefined();
  });

  test('may be nested a hundred levels deep; brackets in texts are none', () => {
    const nested = (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}`;
    expect(parse(nested(100))).toBeDefined();
    expect(parse(nested(101))).toBeUndefined();
    expect(parse(`{"a":${nested(99)}}`)).toBeDefined();
    expect(parse(`{"a":${nested(100)}}`)).toBeUndefined();
    expect(parse(JSON.stringify({ [`${'['.repeat(200)}"\\`]: '\\"{'.repeat(200) }))).toBeDefined();
    expect(parse(`[${'[],'.repeat(5_000)}[]]`)).toHaveLength(5_001);
  });
});
