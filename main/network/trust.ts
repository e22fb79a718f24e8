import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { getCACertificates } from 'node:tls';
import { SettingsError } from '../settings/settings.ts';

const PEM_CERTIFICATE = /-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g;

/**
 * Certificates of authorities that TLS connections trust: the system's and Node's own, and those in the PEM file at `caPath`.
 * Undefined when there is no such file, so that the defaults stay in force.
 * @throws SettingsError naming `network.caPath` when the file cannot be read or holds no certificate.
 */
export function trustedAuthorities(caPath: string | null): string[] | undefined {
  if (caPath === null) return undefined;
  return [...getCACertificates('default'), ...readAuthorities(caPath)];
}

function readAuthorities(caPath: string): string[] {
  const refuse = (message: string, cause?: unknown): SettingsError =>
    new SettingsError('settings.json', [{ key: 'network.caPath', message }], { cause });
  let text: string;
  try {
    text = readFileSync(caPath, 'utf8');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
    throw refuse(`names a file that cannot be read (${code}); correct the path or its permissions`, error);
  }
  const certificates = text.match(PEM_CERTIFICATE) ?? [];
  if (certificates.length === 0) {
    throw refuse('names a file without a PEM certificate; export the authority as PEM ("BEGIN CERTIFICATE")');
  }
  for (const [index, certificate] of certificates.entries()) {
    try {
      new X509Certificate(certificate);
    } catch (error) {
      throw refuse(`names a file whose certificate ${index + 1} is damaged; export it again as PEM`, error);
    }
  }
  return [...certificates];
}
