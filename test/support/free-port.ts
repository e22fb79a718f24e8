import { once } from 'node:events';
import { createServer } from 'node:net';

/** Below what systems give to whoever asks for any port, so that nobody is given one that is free for the moment only. */
const FIRST = 20_000;
const PER_PROCESS = 100;
const PROCESSES = 120;

let asked = 0;

/**
 * A port of this machine on which nothing listens, and which nobody else takes while it is closed: for servers that go away and come back,
 * and for what only a command line tells its port. Test files that run at the same time have ports of their own.
 */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < PER_PROCESS; tries += 1) {
    const port = FIRST + (process.pid % PROCESSES) * PER_PROCESS + (asked % PER_PROCESS);
    asked += 1;
    if (await isFree(port)) return port;
  }
  throw new Error('no port is free');
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  try {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
  } catch {
    return false;
  }
  server.close();
  await once(server, 'close');
  return true;
}
