import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createFile } from './atomic-file.ts';
import { createSecretBox, openFileSecretBox, SECRET_KEY_FILE, SecretError } from './secrets.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'box-secrets-'));
});
afterEach(() => {
  rmSync(directory, { recursive: true });
});

describe('a secret box', () => {
  const box = createSecretBox(new Uint8Array(32).fill(7));

  it('gives back what it sealed, for the same context only', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string(), fc.string(), (text, context, other) => {
        const blob = box.seal(text, context);
        expect(box.open(blob, context)).toBe(text);
        if (other !== context) expect(() => box.open(blob, other)).toThrow(SecretError);
      }),
    );
  });

  it('opens nothing that was changed or cut anywhere', () => {
    const blob = box.seal('the secret', 'recording:1');
    for (let index = 0; index < blob.length; index += 1) {
      const changed = Buffer.from(blob);
      changed[index] = (changed[index] ?? 0) ^ 1;
      expect(() => box.open(changed, 'recording:1')).toThrow(SecretError);
      expect(() => box.open(blob.subarray(0, index), 'recording:1')).toThrow(SecretError);
    }
  });

  it('never seals the same text to the same bytes', () => {
    expect(box.seal('x', 'c').equals(box.seal('x', 'c'))).toBe(false);
  });
});

describe('the key file', () => {
  it('is made once, private, and used again', () => {
    const blob = openFileSecretBox(directory).seal('text', 'c');
    const path = join(directory, SECRET_KEY_FILE);
    const key = readFileSync(path);
    expect(key).toHaveLength(32);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(openFileSecretBox(directory).open(blob, 'c')).toBe('text');
    expect(readFileSync(path).equals(key)).toBe(true);
    expect(readdirSync(directory)).toEqual([SECRET_KEY_FILE]);
  });

  it('is never overwritten, neither by a second start nor when it is damaged', () => {
    const path = join(directory, SECRET_KEY_FILE);
    writeFileSync(path, 'short');
    expect(createFile(path, 'other')).toBe(false);
    expect(() => openFileSecretBox(directory)).toThrow(expect.objectContaining({ code: 'SECRET_KEY_DAMAGED' }));
    expect(readFileSync(path, 'utf8')).toBe('short');
  });
});
