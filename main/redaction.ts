/** Keys whose values are secrets, in lower case: request fields, their names inside the box, and headers. */
const SECRET_KEYS = new Set([
  'usersig',
  'secretid',
  'secretkey',
  'token',
  'authorization',
  'cookie',
  'x-cos-security-token',
  'xcossecuritytoken',
  'securitytoken',
  'password',
  'callbackkey',
  'signingkey',
]);

export const REDACTED = '[redacted]';

/** Deeper than any of our log data; stops at cyclic values too. */
const DEEPEST = 8;

/** A copy with the values of secret keys replaced, at any depth. Errors keep name, message, code and stack. */
export function redact(value: unknown, depth = 0): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (depth >= DEEPEST) return '[too deep]';
  if (Array.isArray(value)) return value.map((entry) => redact(entry, depth + 1));
  if (value instanceof Date) return value;
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
  const entries = value instanceof Error ? errorEntries(value) : Object.entries(value);
  return Object.fromEntries(
    entries.map(([key, entry]) => [
      key,
      SECRET_KEYS.has(key.toLowerCase()) && entry !== null && entry !== undefined ? REDACTED : redact(entry, depth + 1),
    ]),
  );
}

/** Only what is known to be harmless: libraries hang whole requests, headers included, on their errors. */
function errorEntries(error: Error): [string, unknown][] {
  const { code, cause } = error as Error & { code?: unknown };
  return [
    ['type', error.name],
    ['message', error.message],
    ...(typeof code === 'string' || typeof code === 'number' ? [['code', code] as [string, unknown]] : []),
    ['stack', error.stack],
    ...(cause === undefined ? [] : [['cause', cause] as [string, unknown]]),
  ];
}
