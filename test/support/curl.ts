import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';

/** Examples for curl as documentation shows them, run without curl and with it. */

export interface CurlExample {
  method: string;
  url: string;
  headers: Record<string, string>;
  /** The body itself, or with `@` the name of a file with it. */
  data: string | null;
  /** The words behind `curl`. */
  args: readonly string[];
}

const VALUE_FLAGS = new Set(['-X', '-H', '-d', '-o', '-r']);
const PLAIN_FLAGS = new Set(['-i', '-N', '-s']);

/** Splits a command as a shell does: quotes, and lines that go on behind a backslash. */
function wordsOf(command: string): string[] {
  const words = command.replaceAll(/\\\n\s*/g, ' ').matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g);
  return [...words].map(([, single, double, bare]) => single ?? double ?? bare ?? '');
}

/** @throws when the example uses what this does not know */
export function parseCurl(command: string): CurlExample {
  const [program, ...args] = wordsOf(command);
  if (program !== 'curl') throw new Error(`no example for curl: ${command}`);
  const example = { method: '', url: '', headers: {} as Record<string, string>, data: null as string | null, args };
  for (let at = 0; at < args.length; at += 1) {
    const word = args[at]!;
    if (PLAIN_FLAGS.has(word)) continue;
    if (!VALUE_FLAGS.has(word)) {
      if (word.startsWith('-') || example.url !== '') throw new Error(`not understood: ${word} in ${command}`);
      example.url = word;
      continue;
    }
    at += 1;
    const value = args[at] ?? '';
    if (word === '-X') example.method = value;
    if (word === '-d') example.data = value;
    if (word === '-r') example.headers.range = `bytes=${value}`;
    if (word === '-H')
      example.headers[value.split(':', 1)[0]!.toLowerCase()] = value.slice(value.indexOf(':') + 1).trim();
  }
  if (example.data !== null) example.headers['content-type'] ??= 'application/x-www-form-urlencoded';
  example.method ||= example.data === null ? 'GET' : 'POST';
  return example;
}

export interface Answer {
  status: number;
  /** Names in lower case. */
  headers: Record<string, string>;
  body: string;
}

/** Sends the example by fetch; files are looked up in `directory`. Of a stream only the beginning is read. */
export async function runByFetch({ method, url, headers, data }: CurlExample, directory: string): Promise<Answer> {
  const body = data?.startsWith('@') ? await readFile(path.join(directory, data.slice(1)), 'utf8') : data;
  const response = await fetch(url, { method, headers, body: body?.replaceAll('\n', '') ?? null });
  const isStream = response.headers.get('content-type')?.startsWith('text/event-stream');
  if (isStream) await response.body?.cancel();
  return {
    status: response.status,
    headers: Object.fromEntries(response.headers),
    body: isStream ? '' : Buffer.from(await response.arrayBuffer()).toString(),
  };
}

/** Sends the example by the curl of this machine, which prints the answer with its headers. Null when there is no curl. */
export async function runByCurl(args: readonly string[], directory: string): Promise<Buffer | null> {
  try {
    const run = promisify(execFile);
    const { stdout } = await run('curl', ['-sS', '--max-time', '60', ...args], { cwd: directory, encoding: 'buffer' });
    return stdout;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
}
