/** What the box takes from environment variables, read once at start. */
export interface Environment {
  /** CFS_PATH: where recordings are kept before upload; null means inside the data directory. */
  recordingsDirectory: string | null;
  /** RECORDER_COS_ENDPOINT: http or https address that takes the place of COS (tests, demo, gateways); null means the real service. */
  cosEndpoint: string | null;
  /** RECORDER_COS_SECRET_ID and RECORDER_COS_SECRET_KEY: for requests that bring no credentials, unless others were stored since. */
  cosCredentials: CosCredentials | null;
  /** RECORDER_CALLBACK_KEY: signs what is sent to callback addresses; null means unsigned. Secret, kept in memory only. */
  callbackKey: string | null;
  /** FFMPEG_PATH: the ffmpeg to prefer. */
  ffmpegPath: string | null;
}

/** A COS key pair. Secret: never logged. */
export interface CosCredentials {
  secretId: string;
  secretKey: string;
  /** Of a temporary pair. */
  token?: string | null | undefined;
}

/** An environment variable cannot be used. The message names it, and never holds a secret one's value. */
export class EnvironmentError extends Error {
  readonly code = 'ENVIRONMENT_INVALID';
  readonly variable: string;
  constructor(variable: string, message: string) {
    super(`${variable} ${message}`);
    this.name = 'EnvironmentError';
    this.variable = variable;
  }
}

/** Reads the variables; an empty one counts as absent. @throws EnvironmentError */
export function readEnvironment(variables: Readonly<Record<string, string | undefined>>): Environment {
  const text = (name: string): string | null => variables[name]?.trim() || null;
  return {
    recordingsDirectory: text('CFS_PATH'),
    cosEndpoint: cosEndpoint(text('RECORDER_COS_ENDPOINT')),
    cosCredentials: cosCredentials(text('RECORDER_COS_SECRET_ID'), text('RECORDER_COS_SECRET_KEY')),
    callbackKey: callbackKey(text('RECORDER_CALLBACK_KEY')),
    ffmpegPath: text('FFMPEG_PATH'),
  };
}

function cosEndpoint(value: string | null): string | null {
  const variable = 'RECORDER_COS_ENDPOINT';
  if (value === null) return null;
  if (!URL.canParse(value))
    throw new EnvironmentError(variable, 'is not a URL; give http://HOST:PORT or https://HOST:PORT, or leave it out');
  const url = new URL(value);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw new EnvironmentError(variable, 'must begin with http:// or https://');
  }
  if (url.username || url.password) throw new EnvironmentError(variable, 'must not contain a user name or password');
  if (url.pathname !== '/' || url.search || url.hash) {
    throw new EnvironmentError(variable, 'must be http(s)://HOST:PORT without a path');
  }
  return url.origin;
}

function callbackKey(value: string | null): string | null {
  if (value !== null && !/^[\x21-\x7e]{1,128}$/.test(value)) {
    throw new EnvironmentError('RECORDER_CALLBACK_KEY', 'must be 1 to 128 printable ASCII characters without spaces');
  }
  return value;
}

function cosCredentials(secretId: string | null, secretKey: string | null): CosCredentials | null {
  if (secretId === null && secretKey === null) return null;
  if (secretId === null)
    throw new EnvironmentError('RECORDER_COS_SECRET_ID', 'is missing beside RECORDER_COS_SECRET_KEY');
  if (secretKey === null)
    throw new EnvironmentError('RECORDER_COS_SECRET_KEY', 'is missing beside RECORDER_COS_SECRET_ID');
  return { secretId, secretKey };
}
