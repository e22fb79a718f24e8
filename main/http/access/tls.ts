import { createHash, createPrivateKey, X509Certificate } from 'node:crypto';
import { type FSWatcher, readFileSync, watch } from 'node:fs';
import path from 'node:path';
import { createSecureContext } from 'node:tls';

/** Certificate (with the chain below it) and private key, PEM. The key is secret. */
export interface TlsPair {
  cert: string;
  key: string;
}

/** How the box's certificate is. */
export interface TlsState {
  /** End of the certificate in use, ISO 8601. */
  validUntil: string;
  /** Why the files are not in use as they are now; null when they are. */
  problem: string | null;
}

/** The pair for the HTTP server, which follows its files. */
export interface TlsSource {
  readonly pair: TlsPair;
  state(): TlsState;
  /** Begins to look after the files; `use` is called with each new sound pair. */
  follow(use: (pair: TlsPair) => void): void;
  stop(): void;
}

/** The pair cannot be used. The message names the file and never holds any of its content. */
export class TlsPairError extends Error {
  readonly file: 'cert' | 'key';
  constructor(file: TlsPairError['file'], message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'TlsPairError';
    this.file = file;
  }
}

export interface TlsSourceOptions {
  certPath: string;
  keyPath: string;
  log: { info(facts: object, message: string): void; error(facts: object, message: string): void };
  /** Files are looked at this often, as watching fails on network disks and some links. */
  pollMs?: number;
}

const POLL_MS = 60_000;
/** Whoever renews a certificate writes two files; this long nothing may change before they are read. */
const SETTLE_MS = 500;

/** @throws TlsPairError when the pair cannot be used now. */
export function openTls(options: TlsSourceOptions): TlsSource {
  const { log, pollMs = POLL_MS } = options;
  let pair = readPair(options);
  let seen = digestOf(options);
  let problem: string | null = null;
  let use: (pair: TlsPair) => void = () => {};
  let settling: NodeJS.Timeout | undefined;
  let polling: NodeJS.Timeout | undefined;
  let watchers: FSWatcher[] = [];

  const look = (): void => {
    const digest = digestOf(options);
    if (digest === seen) return;
    seen = digest;
    try {
      const next = readPair(options);
      use(next);
      pair = next;
      problem = null;
      log.info({ validUntil: validUntil(pair) }, 'a new certificate is in use');
    } catch (error) {
      problem = error instanceof Error ? error.message : 'unusable';
      log.error({ problem, validUntil: validUntil(pair) }, 'the new certificate is not used, the old one stays');
    }
  };
  const settle = (): void => {
    clearTimeout(settling);
    settling = setTimeout(look, SETTLE_MS);
    settling.unref();
  };
  return {
    get pair() {
      return pair;
    },
    state: () => ({ validUntil: validUntil(pair), problem }),
    follow(apply) {
      use = apply;
      // The folders and not the files: a renewed file is usually another one under the same name.
      const folders = new Set([options.certPath, options.keyPath].map((file) => path.dirname(file)));
      watchers = [...folders].flatMap((folder) => watchFolder(folder, settle));
      polling = setInterval(look, pollMs);
      polling.unref();
    },
    stop() {
      clearTimeout(settling);
      clearInterval(polling);
      for (const watcher of watchers) watcher.close();
      watchers = [];
    },
  };
}

/** Polling goes on where a folder cannot be watched, or no longer. */
function watchFolder(folder: string, onChange: () => void): FSWatcher[] {
  try {
    const watcher = watch(folder, { persistent: false }, onChange);
    watcher.on('error', () => watcher.close());
    return [watcher];
  } catch {
    return [];
  }
}

/** Tells whether the files hold what they held; the keys themselves are not kept for that. */
function digestOf({ certPath, keyPath }: TlsSourceOptions): string {
  const hash = createHash('sha256');
  for (const file of [certPath, keyPath]) {
    try {
      const content = readFileSync(file);
      hash.update(`${content.length}:`).update(content);
    } catch (error) {
      hash.update(`-${codeOf(error)}:`);
    }
  }
  return hash.digest('hex');
}

function readPair({ certPath, keyPath }: TlsSourceOptions): TlsPair {
  const cert = readText(certPath, 'cert');
  const key = readText(keyPath, 'key');
  const [certificate, privateKey] = [certificateOf(cert), privateKeyOf(key)];
  if (!certificate.checkPrivateKey(privateKey)) throw new TlsPairError('key', 'is the key of another certificate');
  try {
    createSecureContext({ cert, key });
  } catch (cause) {
    throw new TlsPairError('cert', `cannot be used for TLS (${codeOf(cause)})`, { cause });
  }
  return { cert, key };
}

function readText(file: string, which: TlsPairError['file']): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new TlsPairError(which, `names a file that cannot be read (${codeOf(cause)})`, { cause });
  }
}

function certificateOf(cert: string): X509Certificate {
  try {
    return new X509Certificate(cert);
  } catch (cause) {
    throw new TlsPairError('cert', 'names a file without a PEM certificate ("BEGIN CERTIFICATE")', { cause });
  }
}

function privateKeyOf(key: string): ReturnType<typeof createPrivateKey> {
  try {
    return createPrivateKey(key);
  } catch (cause) {
    throw new TlsPairError('key', 'names a file without a PEM private key that opens without a password', { cause });
  }
}

function validUntil({ cert }: TlsPair): string {
  return new Date(new X509Certificate(cert).validTo).toISOString();
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
}
