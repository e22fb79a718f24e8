import type { CosCredentialsView } from '../../shared/view.ts';
import type { Logger } from '../logging.ts';
import type { CosCredentials } from '../settings/environment.ts';
import type { BoxSecretsTable } from '../store/box-secrets.ts';

/**
 * The box's own COS keys, for requests that bring none. The last change wins, wherever it was made: keys that were stored at run time
 * hold until the pair in the environment becomes another one.
 */
export interface BoxCredentials {
  /** Secret. Null when there are none. */
  current(): CosCredentials | null;
  /** What may be shown. */
  view(): CosCredentialsView;
  /** Stores a pair, sealed. */
  store(credentials: CosCredentials): void;
  /** Forgets the stored pair; one in the environment counts again. @returns whether there was one. */
  forget(): boolean;
}

export interface BoxCredentialsDeps {
  secrets: BoxSecretsTable;
  /** The pair in the environment. */
  fromEnvironment: CosCredentials | null;
  log: Logger;
}

const STORED = 'cos';
/** The pair that was in the environment last, to notice when somebody changes it there. */
const SEEN = 'cosEnvironment';

export function createBoxCredentials({ secrets, fromEnvironment, log }: BoxCredentialsDeps): BoxCredentials {
  const read = (name: string): { credentials: CosCredentials; setAtMs: number } | null => {
    try {
      const found = secrets.get(name);
      return found && { credentials: JSON.parse(found.text) as CosCredentials, setAtMs: found.setAtMs };
    } catch (error) {
      log.error({ err: error }, 'stored COS credentials cannot be opened; store them again');
      return null;
    }
  };
  if (fromEnvironment !== null) {
    const text = JSON.stringify(fromEnvironment);
    const seen = read(SEEN);
    if (seen !== null && JSON.stringify(seen.credentials) !== text && secrets.remove(STORED)) {
      log.info({}, 'the COS credentials in the environment were changed; they take the place of the stored ones');
    }
    if (seen === null || JSON.stringify(seen.credentials) !== text) secrets.set(SEEN, text);
  }
  return {
    current: () => read(STORED)?.credentials ?? fromEnvironment,
    view() {
      const stored = read(STORED);
      if (stored !== null) {
        const { credentials, setAtMs } = stored;
        return { source: 'stored', secretId: masked(credentials.secretId), setAt: new Date(setAtMs).toISOString() };
      }
      if (fromEnvironment === null) return { source: 'none', secretId: null, setAt: null };
      return { source: 'environment', secretId: masked(fromEnvironment.secretId), setAt: null };
    },
    store: ({ secretId, secretKey, token }) => secrets.set(STORED, JSON.stringify({ secretId, secretKey, token })),
    forget: () => secrets.remove(STORED),
  };
}

/** Enough to tell two ids apart, not enough to use one. */
export function masked(secretId: string): string {
  return secretId.length < 12 ? `${secretId.slice(0, 2)}…` : `${secretId.slice(0, 4)}…${secretId.slice(-4)}`;
}
