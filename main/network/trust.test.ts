import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createAuthority } from '../../test/support/certificates.ts';
import { SettingsError } from '../settings/settings.ts';
import { trustedAuthorities } from './trust.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'trust-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

function pem(content: string): string {
  const file = path.join(directory, 'ca.pem');
  writeFileSync(file, content);
  return file;
}

describe('network.caPath', () => {
  it('adds all authorities of the file to those of the system', () => {
    const [one, two] = [createAuthority('one').certificate, createAuthority('two').certificate];
    const trusted = trustedAuthorities(pem(`# notes are allowed\n${one}\n${two}`)) ?? [];
    expect(trusted.slice(-2).map((text) => text.trim())).toEqual([one.trim(), two.trim()]);
    expect(trusted.length).toBeGreaterThan(2);
    expect(trustedAuthorities(null)).toBeUndefined();
  });

  it.each([
    ['a key', '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n', /without a PEM certificate/],
    ['nothing', '', /without a PEM certificate/],
    ['a damaged one', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n', /certificate 1 is damaged/],
  ])('with %s is refused by name', (_name, content, message) => {
    const file = pem(content);
    expect(() => trustedAuthorities(file)).toThrow(SettingsError);
    expect(() => trustedAuthorities(file)).toThrow(message);
    expect(() => trustedAuthorities(file)).toThrow(/network\.caPath/);
  });

  it('that is not there is refused by name', () => {
    expect(() => trustedAuthorities(path.join(directory, 'none'))).toThrow(/network\.caPath .*ENOENT/);
  });
});
