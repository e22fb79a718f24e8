import { execFile } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { startAppliance } from '../../main/appliance.ts';
import { readCommandLine } from '../../main/command-line.ts';
import { silentLogger } from '../../main/logging.ts';
import { readEnvironment } from '../../main/settings/environment.ts';
import { SETTINGS_FILE } from '../../main/settings/settings.ts';
import { runTokenCommand } from '../../main/token-command.ts';
import {
  makeDirectory,
  removeDirectory,
  sampleRequest,
  startBox,
  type TestBox,
  writeScenario,
} from '../support/box.ts';
import { createAuthority } from '../support/certificates.ts';

// The whole box when it demands tokens: by setting, as every address but the machine's own would make it.

const ENTRY = fileURLToPath(new URL('../../main/headless.ts', import.meta.url));
const run = promisify(execFile);

let directory: string;
let scenario: string;
let box: TestBox | null = null;

beforeAll(async () => {
  directory = await makeDirectory('access');
  scenario = await writeScenario(directory, { '43474': { participants: [] } });
});
afterEach(async () => {
  await box?.stop();
  box = null;
});
afterAll(() => removeDirectory(directory));

const dataOf = (name: string) => path.join(directory, name);

async function start(name: string, http: object = { requireToken: true }, network: object = {}): Promise<TestBox> {
  mkdirSync(dataOf(name), { recursive: true });
  writeFileSync(path.join(dataOf(name), SETTINGS_FILE), JSON.stringify({ http, network }));
  box = await startBox({
    dataDirectory: dataOf(name),
    args: ['--host', '127.0.0.2', '--rooms', 'simulated', '--scenario', scenario],
    environment: {
      RECORDER_COS_SECRET_ID: 'id',
      RECORDER_COS_SECRET_KEY: 'key',
      RECORDER_COS_ENDPOINT: 'http://127.0.0.1:1',
    },
  });
  return box;
}

/** As the command line does it, from a process that is not the box's. */
function token(name: string, ...args: string[]): { code: number; out: string; err: string } {
  const command = readCommandLine(['token', ...args, '--data', dataOf(name)], '1');
  if (command.command !== 'token') throw new Error(JSON.stringify(command));
  const { out, notes, exitCode } = runTokenCommand(command);
  return { code: exitCode, out: out.trim(), err: notes };
}

async function ask(secret: string | null, route = '/api/recordings', init: RequestInit = {}): Promise<Response> {
  const headers = { 'content-type': 'application/json', ...(secret ? { authorization: `Bearer ${secret}` } : {}) };
  return await fetch(`${box?.url}${route}`, { headers, ...init });
}

function shownIn(log: string): string | undefined {
  return /^ {4}(box_[\w-]{43})$/m.exec(log)?.[1];
}

/** The token that the box shows at its first start: that it is ready and what it shows come by two ways. */
async function shownToken(): Promise<string> {
  const shown = () => shownIn(box?.log() ?? '');
  await expect.poll(shown).toBeDefined();
  return shown() ?? '';
}

describe('a box that demands tokens', () => {
  it('makes the first at its first start and shows it once, past every file; the command line changes them while it runs', async () => {
    await start('first');
    const first = await shownToken();
    expect((await ask(null)).status).toBe(401);
    expect((await ask(first)).status).toBe(200);

    const args = ['token', 'create', 'ci', '--role', 'record', '--data', dataOf('first')];
    const { stdout, stderr } = await run(process.execPath, [ENTRY, ...args]);
    expect([stdout, stderr]).toEqual([
      expect.stringMatching(/^box_[\w-]{43}\n$/),
      expect.stringContaining('shown this once'),
    ]);
    const made = { out: stdout.trim() };
    expect((await ask(made.out)).status).toBe(200);
    expect((await ask(made.out, '/api/settings')).status).toBe(403);
    const list = token('first', 'list');
    expect(list.out).toMatch(/^NAME +ROLE +MADE +LAST USED\nfirst +admin +20\S+ +20\S+\nci +record /);
    const next = token('first', 'rotate', 'ci');
    expect([(await ask(made.out)).status, (await ask(next.out)).status]).toEqual([401, 200]);
    expect(token('first', 'delete', 'first').err).toContain('last access token of the role admin');
    expect(token('first', 'delete', 'ci').code).toBe(0);
    expect((await ask(next.out)).status).toBe(401);

    await box?.stop();
    const files = readdirSync(dataOf('first'), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => readFileSync(path.join(entry.parentPath, entry.name)));
    for (const secret of [first, made.out, next.out]) {
      expect(files.some((content) => content.includes(String(secret)))).toBe(false);
    }
    await start('first');
    expect((await ask(first)).status).toBe(200);
    expect(shownIn(box?.log() ?? '')).toBeUndefined();
  }, 120_000);

  it('takes a token that was made before its first start; a request may not send it to itself or to a metadata service', async () => {
    const made = token('before', 'create', 'ops', '--role', 'admin');
    await start('before');
    expect(shownIn(box?.log() ?? '')).toBeUndefined();
    const send = (Callback: string) =>
      ask(made.out, '/api/recordings', { method: 'POST', body: JSON.stringify(sampleRequest({ Callback })) });
    for (const [callback, rule] of [
      ['http://169.254.169.254/latest/meta-data', 'callbackForbidden'],
      ['http://[::ffff:a9fe:a9fe]/', 'callbackForbidden'],
      ['http://localhost:22/', 'callbackLoopback'],
      ['http://2130706433/', 'callbackLoopback'],
    ]) {
      const response = await send(callback ?? '');
      expect(response.status, callback).toBe(400);
      expect((await response.json()) as object).toMatchObject({ errors: [{ field: 'Callback', rule }] });
    }
    expect((await send('http://10.255.255.1/recorded')).status).toBe(202);
  });

  it('speaks https, and tells about itself only to who may know', async () => {
    const authority = createAuthority();
    const pair = authority.issue(['127.0.0.2']);
    const [certPath, keyPath] = [path.join(directory, 'box.pem'), path.join(directory, 'box.key')];
    writeFileSync(certPath, pair.certificate);
    writeFileSync(keyPath, pair.key);
    const made = token('tls', 'create', 'ops', '--role', 'admin');
    await start('tls', { requireToken: true, tls: { certPath, keyPath } });
    expect(box?.url).toMatch(/^https:\/\/127\.0\.0\.2:\d+$/);
    const get = (headers: Record<string, string>) =>
      new Promise<string>((resolve, reject) => {
        request(`${box?.url}/healthz`, { ca: authority.certificate, headers, agent: false }, (reply) => {
          let body = '';
          reply.on('data', (chunk: Buffer) => {
            body += chunk.toString('utf8');
          });
          reply.on('end', () => resolve(body));
        })
          .on('error', reject)
          .end();
      });
    expect(JSON.parse(await get({}))).toEqual({ status: 'ok' });
    expect(JSON.parse(await get({ authorization: `Bearer ${made.out}` }))).toMatchObject({
      tls: { validUntil: expect.stringMatching(/^20/), problem: null },
    });
  });
});

describe('a box that other machines could reach', () => {
  it.each(['0.0.0.0', '::', '192.0.2.1'])(
    'does not listen on %s while nobody could have been shown a token',
    async (host) => {
      const options = {
        dataDirectory: dataOf('refused'),
        host,
        port: 0,
        log: silentLogger(),
        environment: readEnvironment({}),
      };
      await expect(
        startAppliance({ ...options, rooms: { kind: 'simulated', scenarioPath: scenario } }),
      ).rejects.toThrow(/http\.host .*needs an access token/);
    },
  );
});
