import { Agent } from 'node:http';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createApiClient } from '../../shared/api/client.ts';
import { sampleRequest } from '../support/box.ts';
import { NOWHERE, type QuietBox, startQuietBox } from '../support/quiet-box.ts';
import { atPace, type Crowd, callerOf, gatherCrowd, percentile } from './load.ts';

// How fast answers are is measured by `npm run bench -- http`; here all that counts is that there are any.

const IDLE = 200;
const SLOW = 50;

let box: QuietBox;
let crowd: Crowd;
const agent = new Agent({ keepAlive: true, maxSockets: 20 });

beforeAll(async () => {
  box = await startQuietBox();
  crowd = gatherCrowd({ port: box.port, idle: IDLE, slow: SLOW });
});
afterAll(async () => {
  crowd?.leave();
  agent.destroy();
  await box?.close();
});

it(`${IDLE} idle and ${SLOW} slow connections keep nobody from an answer`, async () => {
  const body = sampleRequest({ Callback: `${NOWHERE}/callback` });
  const { id } = await createApiClient({ baseUrl: box.url }).call(
    'startRecording',
    { body },
    { idempotencyKey: 'load' },
  );
  await expect.poll(() => crowd.open()).toBeGreaterThanOrEqual(IDLE + SLOW);
  const text = JSON.stringify(body);
  const send = callerOf({ baseUrl: box.url, agent });
  const answers = await atPace({
    ...{ perSecond: 100, requests: 200 },
    send: (n) => (n % 2 ? send('POST', '/api/recordings', text, 'load') : send('GET', `/api/recordings/${id}`)),
  });
  expect(answers.statuses).toEqual({ 200: 100, 202: 100 });
  expect(answers.latenciesMs).toHaveLength(200);
  expect(percentile(answers, 50)).toBeLessThanOrEqual(percentile(answers, 99));
  // The box ends those that say nothing for too long, all at a time; they come again at once.
  await expect.poll(() => crowd.open()).toBeGreaterThan(IDLE);
});
