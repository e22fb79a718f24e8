import { existsSync, readFileSync } from 'node:fs';
import { ERRORS, type Problem } from '../shared/errors.ts';
import { needsToken, tokensOf } from './access.ts';
import type { TokenCommand } from './command-line.ts';
import { ensureDirectory } from './durable-directory.ts';
import type { TokenView } from './http/access/access-api.ts';
import { isToken } from './http/access/secrets.ts';
import { readFileSecretBox } from './settings/secrets.ts';
import { loadSettings } from './settings/settings.ts';
import { DirectoryInUseError, lockDirectory } from './store/directory-lock.ts';
import { openStore, openStoreBeside, type Store } from './store/store.ts';

/** What a command printed and how it ended. `out` is for stdout, `notes` are for whoever reads the terminal. */
export interface TokenCommandResult {
  out: string;
  notes: string;
  exitCode: 0 | 1;
}

/**
 * Looks at or changes the access tokens of a box, which may be running. @throws what opening the store throws
 * @param readStdin the process's own by default.
 */
export function runTokenCommand(
  command: TokenCommand,
  readStdin: () => string = () => readFileSync(0, 'utf8'),
): TokenCommandResult {
  const { dataDirectory, action } = command;
  const given = command.fromStdin ? readStdin().trim() : undefined;
  if (given !== undefined && !isToken(given)) {
    return complaint('What came on stdin is no token of a box. Give what "box token create" printed on another box.');
  }
  if (!existsSync(dataDirectory)) {
    if (action !== 'create') return complaint(`There is no data directory ${dataDirectory}.`);
    ensureDirectory(dataDirectory, 0o700);
  }
  const { store, isRunning, release } = openFor(dataDirectory);
  try {
    const settings = loadSettings(dataDirectory);
    // A running box may listen elsewhere than its settings say; its last key is never taken away.
    return run({ ...command, given }, store, isRunning || needsToken(settings, settings.http.host));
  } finally {
    store.close();
    release();
  }
}

/** While no box runs the directory is held, so that none starts meanwhile; beside a running box only its own schema is touched. */
function openFor(dataDirectory: string): { store: Store; isRunning: boolean; release(): void } {
  let lock: ReturnType<typeof lockDirectory>;
  try {
    lock = lockDirectory(dataDirectory, 0);
  } catch (error) {
    if (!(error instanceof DirectoryInUseError)) throw error;
    return { store: openStoreBeside(dataDirectory, { now: Date.now }), isRunning: true, release: () => {} };
  }
  try {
    // Tokens are kept as hashes: where the key of the secrets lies is the box's own business.
    const store = openStore(dataDirectory, { now: Date.now, secretBox: readFileSecretBox(dataDirectory) });
    return { store, isRunning: false, release: lock.release };
  } catch (error) {
    lock.release();
    throw error;
  }
}

type Change = TokenCommand & { given: string | undefined };

function run({ action, name, role, given }: Change, store: Store, isRequired: boolean): TokenCommandResult {
  const tokens = tokensOf(store, isRequired);
  if (action === 'list') return { out: table(tokens.list()), notes: '', exitCode: 0 };
  if (action === 'delete') {
    const problem = tokens.remove(name, null);
    return problem === null ? { out: '', notes: `The token "${name}" has ended.`, exitCode: 0 } : refusal(problem);
  }
  const made = action === 'create' ? tokens.create(name, role, null, given) : tokens.rotate(name, null);
  if (made.kind === 'problem') return refusal(made);
  if (given !== undefined) return { out: '', notes: `This box takes the token as "${made.name}" now.`, exitCode: 0 };
  const notes = `Token "${made.name}" of the role ${made.role}. It is shown this once: the box keeps only its hash.`;
  return { out: `${made.token}\n`, notes, exitCode: 0 };
}

function refusal({ code, errors }: Problem): TokenCommandResult {
  const texts = errors?.[0] ?? ERRORS[code];
  return complaint(`${texts.message.en} ${texts.remedy.en}`);
}

function complaint(notes: string): TokenCommandResult {
  return { out: '', notes, exitCode: 1 };
}

function table(tokens: readonly TokenView[]): string {
  if (tokens.length === 0) return 'There are no access tokens.\n';
  const time = (atMs: number | null): string => (atMs === null ? 'never' : new Date(atMs).toISOString());
  const rows = [
    ['NAME', 'ROLE', 'MADE', 'LAST USED'],
    ...tokens.map(({ name, role, createdAtMs, lastUsedAtMs }) => [name, role, time(createdAtMs), time(lastUsedAtMs)]),
  ];
  const widths = [0, 1, 2].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) => `${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')}\n`).join('');
}
