import { type Logger, pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createApiClient } from '../../shared/api/client.ts';
import { footprint } from '../support/footprint.ts';
import { type QuietBox, startQuietBox } from '../support/quiet-box.ts';
import { exchange, parseResponses } from '../support/raw-http.ts';
import { fuzz } from './fuzz-run.ts';
import { SECRET_MARK } from './judge.ts';
import { byteByByte, postOf } from './raw-attacks.ts';

// Requests generated from the table of routes against a whole box whose rooms are empty. `npm run bench -- http` sends many more.

const REQUESTS = 1_300;
const WARM_UP_REQUESTS = 200;
/** Enough for a machine that has much else to do; alone it takes a few seconds. */
const TIMEOUT_MS = 240_000;
const MIB = 1024 * 1024;

let box: QuietBox;
let lines: string[];

/** Every line at every level, unredacted: what is kept out of the log here is kept out by the code that logs. */
function listeningLogger(): Logger {
  return pino({ level: 'debug', base: null }, { write: (line) => void lines.push(line) });
}

beforeAll(async () => {
  lines = [];
  box = await startQuietBox({ log: listeningLogger() });
});
afterAll(() => box?.close());

async function until(what: string, holds: () => boolean): Promise<void> {
  const deadline = performance.now() + 60_000;
  while (!holds()) {
    if (performance.now() > deadline) throw new Error(`not in time: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

describe('generated requests', () => {
  it(
    'each gets an answer out of the table or the catalogue; nothing breaks, leaks or tells a secret',
    async () => {
      const { port } = box;
      await fuzz({ port, requests: WARM_UP_REQUESTS });
      const before = footprint();
      const { sent, statuses } = await fuzz({ port, requests: REQUESTS });
      expect(sent).toBeGreaterThanOrEqual(REQUESTS);
      // They came far enough to mean something: taken, refused for what they say, and for where they go.
      expect(Object.keys(statuses)).toEqual(expect.arrayContaining(['200', '202', '400', '404']));

      expect(lines.filter((line) => line.includes('request failed'))).toEqual([]);
      expect(lines.filter((line) => line.includes(SECRET_MARK))).toEqual([]);
      expect(({} as Record<string, unknown>).polluted).toBeUndefined();
      await until('the sockets are closed', () => footprint().descriptors <= before.descriptors + 5);
      expect((footprint().heapBytes - before.heapBytes) / MIB).toBeLessThan(25);
      expect(await createApiClient({ baseUrl: box.url }).call('healthz', {})).toMatchObject({ status: 'ok' });
    },
    TIMEOUT_MS,
  );
});

describe('slow senders', () => {
  it(
    'forty of them, byte by byte, are all answered, and hold nobody up',
    async () => {
      const slow = Array.from({ length: 40 }, (_, index) =>
        exchange({
          port: box.port,
          write: (socket) => byteByByte(socket, postOf(980_000 + index, index % 2 ? '/' : '/api/recordings')),
          keepOpen: true,
          timeoutMs: 200_000,
        }),
      );
      let isOver = false;
      const all = Promise.all(slow).finally(() => {
        isOver = true;
      });
      const client = createApiClient({ baseUrl: box.url });
      let answered = 0;
      do {
        await client.call('listRecordings', { query: { limit: 1 } });
        answered += 1;
      } while (!isOver);
      const statuses = (await all).map(({ bytes }) => parseResponses(bytes)[0]?.status);
      // The box may be full by now, which is an answer as well.
      expect(statuses.filter((status) => ![200, 202, 503].includes(status ?? 0))).toEqual([]);
      expect(answered).toBeGreaterThan(1);
    },
    TIMEOUT_MS,
  );
});
