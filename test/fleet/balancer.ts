import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import path from 'node:path';
import { makeDirectory, removeDirectory } from '../support/box.ts';
import { freePort } from '../support/free-port.ts';

const TEMPLATE = new URL('../../resources/fleet/nginx.conf', import.meta.url);
/** Debian's place is not in everybody's PATH. */
const PROGRAMS = ['nginx', '/usr/sbin/nginx'];
const START_TIMEOUT_MS = 30_000;
const POLL_MS = 20;

/** A real nginx with the configuration we ship, in front of the boxes of a test. */
export interface Balancer {
  url: string;
  /** What nginx complained about so far. */
  log(): string;
  close(): Promise<void>;
}

/** The nginx of this machine, or why there is none to use. */
export function findNginx(): { program: string } | { why: string } {
  for (const program of PROGRAMS) {
    const { error, stderr } = spawnSync(program, ['-V'], { encoding: 'utf8', timeout: 60_000 });
    if (error) continue;
    return stderr.includes('http_auth_request_module')
      ? { program }
      : { why: `${program} was built without http_auth_request_module` };
  }
  return { why: 'nginx is not installed (on Debian: apt-get install nginx)' };
}

/** The shipped configuration with addresses and listening port replaced, and nothing else. */
async function configuration(port: number, boxPorts: readonly [number, number]): Promise<string> {
  let text = await readFile(TEMPLATE, 'utf8');
  const replace = (from: string, to: string, times: number): void => {
    const parts = text.split(from);
    if (parts.length !== times + 1)
      throw new Error(`resources/fleet/nginx.conf has "${from}" ${parts.length - 1} times`);
    text = parts.join(to);
  };
  replace('listen 80;', `listen 127.0.0.1:${port};`, 1);
  replace('10.0.0.11:8787', `127.0.0.1:${boxPorts[0]}`, 2);
  replace('10.0.0.12:8787', `127.0.0.1:${boxPorts[1]}`, 2);
  return text;
}

/** What nginx itself needs around it to run in a directory of its own, in one process. */
const SURROUNDINGS = `
daemon off; master_process off; pid nginx.pid; error_log stderr warn;
events { worker_connections 256; }
http {
    access_log off;
    client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi; scgi_temp_path scgi;
    include recorders.conf;
}
`;

/** @param boxPorts of the boxes named `box1` and `box2`. */
export async function startBalancer(program: string, boxPorts: readonly [number, number]): Promise<Balancer> {
  const directory = await makeDirectory('balancer');
  const port = await freePort();
  await writeFile(path.join(directory, 'recorders.conf'), await configuration(port, boxPorts));
  await writeFile(path.join(directory, 'nginx.conf'), SURROUNDINGS);
  const child = spawn(program, ['-p', `${directory}/`, '-c', 'nginx.conf', '-e', 'stderr'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let log = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    log += text;
  });
  const close = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) {
      const exited = once(child, 'exit');
      child.kill('SIGTERM');
      await exited;
    }
    await removeDirectory(directory);
  };
  try {
    await listening(child, port);
  } catch (cause) {
    await close();
    throw new Error(`nginx did not start:\n${log}`, { cause });
  }
  return { url: `http://127.0.0.1:${port}`, log: () => log, close };
}

async function listening(child: ChildProcess, port: number): Promise<void> {
  const deadline = performance.now() + START_TIMEOUT_MS;
  while (!(await answers(port))) {
    if (child.exitCode !== null) throw new Error(`it ended with exit code ${child.exitCode}`);
    if (performance.now() > deadline) throw new Error('nobody listens');
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
