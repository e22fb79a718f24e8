import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { postmanCollection } from '../../main/dev/postman-collection.ts';
import { createApiClient } from '../../shared/api/client.ts';
import type { Route } from '../../shared/api/route.ts';
import { DESCRIBED_ROUTES } from '../../shared/api/routes.ts';
import { makeDirectory, removeDirectory, startBox, type TestBox, writeScenario } from '../support/box.ts';
import { runByCurl, runByFetch } from '../support/curl.ts';
import { parseResponses } from '../support/raw-http.ts';

const SAVED = readFileSync(new URL('../../docs/postman.json', import.meta.url), 'utf8');
const SAMPLE_FILE = 'request.json';

type Collection = ReturnType<typeof postmanCollection>;
type Item = Collection['item'][number]['item'][number];

function items(): Item[] {
  return (JSON.parse(SAVED) as Collection).item.flatMap(({ item }) => item);
}

/** Sends an item as Postman does: variables filled in, what is disabled left out. */
async function sendItem({ request }: Item, variables: Record<string, string>): Promise<Response> {
  const fill = (text: string) => text.replaceAll(/\{\{([$\w]+)\}\}/g, (_, name: string) => variables[name] ?? '');
  const headers = request.header.filter(({ disabled }) => !disabled).map(({ key, value }) => [key, fill(value)]);
  return await fetch(fill(request.url.raw), {
    method: request.method,
    headers: Object.fromEntries(headers),
    body: request.body ? fill(request.body.raw) : null,
  });
}

describe('docs/postman.json', () => {
  it('is what `node main/dev/postman.ts` writes', () => {
    expect(JSON.parse(SAVED)).toEqual(JSON.parse(JSON.stringify(postmanCollection())));
  });

  it('has every route once', () => {
    const routes = Object.values<Route>(DESCRIBED_ROUTES).map(
      ({ method, path: address }) => `${method} {{baseUrl}}${address}`,
    );
    expect(
      items()
        .map(({ request }) => `${request.method} ${request.url.raw}`)
        .sort(),
    ).toEqual(routes.sort());
  });
});

describe('the published sample', () => {
  let directory: string;
  let box: TestBox;

  beforeAll(async () => {
    directory = await makeDirectory('sample');
    // A room that takes its time: nothing of these recordings is ever sent to the address in the sample.
    const scenario = await writeScenario(directory, { '43474': { participants: [] } });
    const keys = { RECORDER_COS_SECRET_ID: 'AKIDsample', RECORDER_COS_SECRET_KEY: 'key-of-the-sample' };
    const args = ['--rooms', 'simulated', '--scenario', scenario];
    box = await startBox({ dataDirectory: path.join(directory, 'box'), args, environment: keys });
  });
  afterAll(async () => {
    await box?.kill();
    await removeDirectory(directory);
  });

  it('is the same recording whether curl, Postman or the shared client sends it', async (context) => {
    const item = items().find(
      ({ request }) => request.url.raw === '{{baseUrl}}/api/recordings' && request.method === 'POST',
    );
    const sample = item?.request.body?.raw ?? '';
    await writeFile(path.join(directory, SAMPLE_FILE), sample);
    const key = '6f1c1c0e-7d0b-4d58-9f43-0c7a1f9f2a11';
    const args = [
      '-i',
      `${box.url}/api/recordings`,
      '-H',
      'content-type: application/json',
      '-H',
      `idempotency-key: ${key}`,
      '-d',
      `@${SAMPLE_FILE}`,
    ];
    const headers = { 'content-type': 'application/json', 'idempotency-key': key };
    const byFetch = await runByFetch(
      { method: 'POST', url: `${box.url}/api/recordings`, headers, data: `@${SAMPLE_FILE}`, args },
      directory,
    );
    const first = JSON.parse(byFetch.body) as { id: string };
    expect([byFetch.status, first]).toEqual([202, { ...first, state: 'accepted', warnings: [] }]);

    const replies: { status: number; body: unknown }[] = [];
    const postman = await sendItem(withKey(item!), { baseUrl: box.url, $guid: key });
    replies.push({ status: postman.status, body: await postman.json() });
    const client = createApiClient({ baseUrl: box.url });
    replies.push({
      status: 202,
      body: await client.call('startRecording', { body: JSON.parse(sample) }, { idempotencyKey: key }),
    });
    const printed = await runByCurl(args, directory);
    const [curl] = printed ? parseResponses(printed) : [];
    if (curl) replies.push({ status: curl.status, body: JSON.parse(curl.body.toString()) });
    for (const { status, body } of replies)
      expect({ status, body: { ...(body as object), state: '' } }).toEqual({
        status: 202,
        body: { ...first, state: '' },
      });
    expect(await box.list()).toHaveLength(1);
    if (!curl) context.skip('there is no curl on this machine; all else was compared');
  });

  it('drop-in: the words of the cloud function, whoever asks', async () => {
    const item = items().find(({ request }) => request.url.raw === '{{baseUrl}}/')!;
    const key = '6f1c1c0e-7d0b-4d58-9f43-0c7a1f9f2a11';
    const postman = await sendItem(withKey(item), { baseUrl: box.url, $guid: key });
    const args = [`${box.url}/`, '-i', '-H', `idempotency-key: ${key}`, '-d', `@${SAMPLE_FILE}`];
    const printed = await runByCurl(args, directory);
    const id = (await box.list())[0]?.id;
    expect([postman.status, await postman.text(), postman.headers.get('x-scf-reqid')]).toEqual([
      200,
      'Async run task submitted',
      id,
    ]);
    const [curl] = printed ? parseResponses(printed) : [];
    if (curl)
      expect([curl.status, curl.body.toString(), curl.headers['x-scf-reqid']]).toEqual([
        200,
        'Async run task submitted',
        id,
      ]);
  });
});

/** With its Idempotency-Key switched on, as whoever repeats a request does. */
function withKey(item: Item): Item {
  const header = item.request.header.map((pair) => ({ key: pair.key, value: pair.value }));
  return { ...item, request: { ...item.request, header } };
}
