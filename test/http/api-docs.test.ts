import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Route } from '../../shared/api/route.ts';
import { DESCRIBED_ROUTES, ROUTES } from '../../shared/api/routes.ts';
import { sampleRequest } from '../support/box.ts';
import { makeClip } from '../support/clips.ts';
import { type Answer, type CurlExample, parseCurl, runByCurl, runByFetch } from '../support/curl.ts';
import { parseResponses } from '../support/raw-http.ts';
import { type Rig, startRig } from '../support/rig.ts';
import { fuzz } from './fuzz-run.ts';
import { complaintAbout } from './judge.ts';

// docs/api.md is run: each example against a real box, and what it answers is what the page shows.

const DOCS = readFileSync(new URL('../../docs/api.md', import.meta.url), 'utf8');

/** Recordings of the page. */
const DELIVERED = '0b51b3f4-6a0c-4c5b-9c6e-2f0f5a1d9e10';
const RUNNING = '7c9e6679-7425-40de-944b-e07fc1f90ae7';
const BLOCKED = '3f0e6a52-9d1b-4a6f-8c2e-5b7d9a1e0c34';
const TO_DELETE = 'c56a4180-65aa-42ec-a945-5fd21dec0538';

interface Example {
  command: string;
  shown: Answer;
  name: string;
  curl: CurlExample;
}

function routeNameOf({ method, url }: CurlExample): string {
  const { pathname } = new URL(url);
  if (/^\/release(\/|$)/.test(pathname)) return 'dropIn';
  const found = Object.entries<Route>(DESCRIBED_ROUTES).find(([, route]) => {
    return route.method === method && new RegExp(`^${route.path.replaceAll(/:\w+/g, '[^/]+')}$`).test(pathname);
  });
  if (!found) throw new Error(`${method} ${pathname} is no route`);
  return found[0];
}

function answerOf(text: string): Answer {
  const [head = '', body = ''] = text.split(/\n\n([\s\S]*)/, 2);
  const [statusLine = '', ...lines] = head.split('\n');
  const headers = lines.map((line) => [
    line.slice(0, line.indexOf(':')).toLowerCase(),
    line.slice(line.indexOf(':') + 2),
  ]);
  return { status: Number(statusLine.split(' ')[1]), headers: Object.fromEntries(headers), body };
}

const EXAMPLES: Example[] = [...DOCS.matchAll(/```sh\n(curl [\s\S]*?)\n```\n\n```http\n([\s\S]*?)\n```/g)].map(
  ([, command = '', shown = '']) => {
    const curl = parseCurl(command);
    return { command, shown: answerOf(shown), name: routeNameOf(curl), curl };
  },
);

/** Where an answer lacks what the page shows of it; values may differ, their kinds may not. */
function missing(shown: unknown, actual: unknown, at = ''): string[] {
  if (Array.isArray(shown)) {
    if (!Array.isArray(actual)) return [`${at} is no list`];
    return shown.length > 0 && actual.length > 0 ? missing(shown[0], actual[0], `${at}[0]`) : [];
  }
  if (typeof shown === 'object' && shown !== null) {
    if (typeof actual !== 'object' || actual === null) return [`${at} is no object`];
    return Object.entries(shown).flatMap(([key, value]) =>
      key in actual
        ? missing(value, (actual as Record<string, unknown>)[key], `${at}.${key}`)
        : [`${at}.${key} is missing`],
    );
  }
  const kinds = [shown, actual].map((value) => (value === null ? 'null' : typeof value));
  return kinds[0] === kinds[1] || kinds.includes('null') ? [] : [`${at} is ${kinds[1]} instead of ${kinds[0]}`];
}

describe('the page', () => {
  it('lists every route with its role and what it does', () => {
    const rows = [...DOCS.matchAll(/^\| `([A-Z]+ \/[^`]*)`[^|]*\| (?:`(\w+)`|–) \| (.*) \|$/gm)].map((row) =>
      row.slice(1, 4),
    );
    const { dropIn: _dropIn, ...others } = DESCRIBED_ROUTES;
    const expected = Object.values<Route>(others).map(({ method, path: address, role, summary }) => {
      return [`${method} ${address}`, role ?? undefined, summary.en];
    });
    expect(rows.slice(1)).toEqual(expected);
    expect(rows[0]?.[0]).toBe('POST /');
  });

  it('has an example, with its answer, for every route', () => {
    const shown = new Set(EXAMPLES.map(({ name }) => name));
    expect(Object.keys(DESCRIBED_ROUTES).filter((name) => !shown.has(name))).toEqual([]);
    expect(DOCS.match(/^curl /gm)).toHaveLength(EXAMPLES.length);
  });
});

describe('the examples', { timeout: 180_000 }, () => {
  let rig: Rig;
  let ids: Record<string, string>;
  let startsSoFar = 0;

  beforeAll(async () => {
    rig = await startRig({
      name: 'api-docs',
      settings: { video: { width: 320, height: 180, fps: 15, preset: 'ultrafast' } },
      rooms: async (directory, ffmpegPath) => {
        const media = await makeClip(ffmpegPath, directory, 'a', {
          ...{ colour: '30a030', toneHz: 440, seconds: 2, size: '320x180' },
        });
        const steady = { participants: [{ userId: 'alice', media }] };
        const short = { ...steady, events: [{ at: 2, type: 'dissolve' }] };
        return { '1': short, '2': short, '3': short, '4': steady, '11': steady, '12': steady, '13': steady };
      },
    });
    const { box, receiver } = rig;
    const Callback = `${receiver.url}/recorded`;
    const foreign = {
      Region: 'ap-shanghai',
      Bucket: 'test-123456789',
      Path: '/',
      SecretId: 'AKIDnobody',
      SecretKey: 'no-key',
    };
    const [delivered, toDelete, blocked, running] = await Promise.all([
      box.record(sampleRequest({ RoomId: 1, Callback })),
      box.record(sampleRequest({ RoomId: 2, Callback })),
      box.record(sampleRequest({ RoomId: 3, Callback, CosConfig: foreign })),
      box.record(sampleRequest({ RoomId: 4, Callback })),
    ]);
    ids = { [DELIVERED]: delivered, [TO_DELETE]: toDelete, [BLOCKED]: blocked, [RUNNING]: running };
    await Promise.all([
      box.waitForState(delivered, 'done'),
      box.waitForState(toDelete, 'done'),
      box.waitFor(running, 'recording', ({ state }) => state === 'recording'),
    ]);
  }, 180_000);
  afterAll(() => rig?.close());

  /** The example for this box and its recordings. Each start has a room of its own: nobody records a room twice. */
  async function adapt({ command, name }: Example): Promise<CurlExample> {
    if (name === 'dropIn' || name === 'startRecording') {
      startsSoFar += 1;
      const [, json = ''] = /```json\n(\{\n {2}"SdkAppId"[\s\S]*?)\n```/.exec(DOCS) ?? [];
      const request = json
        .replace('43474', String(10 + startsSoFar))
        .replace(/https:[^"]*/, `${rig.receiver.url}/recorded`);
      await writeFile(path.join(rig.directory, 'request.json'), request);
    }
    if (command.includes(BLOCKED)) {
      await rig.box.waitFor(ids[BLOCKED]!, 'blocked', ({ blocked }) => blocked !== null);
    }
    const adapted = command
      .replaceAll('http://127.0.0.1:8787', rig.box.url)
      .replaceAll(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, (id) => ids[id] ?? id);
    return parseCurl(adapted);
  }

  function expectAsShown({ command, shown, name }: Example, answer: Answer): void {
    expect(answer.status, `${command}\n${answer.body.slice(0, 500)}`).toBe(shown.status);
    for (const [header, value] of Object.entries(shown.headers)) {
      if (header === 'content-type') expect(answer.headers[header], command).toBe(value);
      else expect(answer.headers[header], `${command}: ${header}`).toBeDefined();
    }
    const complaint = complaintAbout({ ...answer, body: Buffer.from(answer.body) }, name in ROUTES ? name : null);
    expect(complaint, command).toBeNull();
    if (!shown.headers['content-type']?.includes('json')) {
      if (shown.body !== '') expect(answer.body, command).toBe(shown.body);
    } else if (shown.body !== '') expect(missing(JSON.parse(shown.body), JSON.parse(answer.body)), command).toEqual([]);
  }

  it('are answered as the page says, one after another', async () => {
    for (const example of EXAMPLES) expectAsShown(example, await runByFetch(await adapt(example), rig.directory));
  });

  it('are answered the same by curl, where there is one', async (context) => {
    for (const example of EXAMPLES) {
      const isRepeatable = example.curl.method === 'GET' && !example.command.includes(TO_DELETE);
      // One never ends, the other's recording has ended by now.
      if (!isRepeatable || example.name === 'getEvents' || example.name === 'getLivePicture') continue;
      const { args } = await adapt(example);
      const printed = await runByCurl(args, rig.directory);
      if (printed === null) return context.skip('there is no curl on this machine');
      const [answer] = args.includes('-o') ? [] : parseResponses(printed);
      if (answer) expectAsShown(example, { ...answer, body: answer.body.toString() });
    }
  });

  it('and whatever else is asked of this box, with its files, gets an answer as well', async () => {
    // Full: what is asked for here shall not be recorded.
    const limits = JSON.stringify({ limits: { maxRecordings: 1 } });
    const headers = { 'content-type': 'application/json' };
    await fetch(`${rig.box.url}/api/settings`, { method: 'PATCH', headers, body: limits });
    const { statuses } = await fuzz({
      ...{
        port: Number(new URL(rig.box.url).port),
        requests: 200,
        ids: [ids[DELIVERED]!, ids[BLOCKED]!, ids[RUNNING]!],
      },
    });
    expect(Object.keys(statuses)).toEqual(expect.arrayContaining(['200', '400', '404']));
    expect(rig.box.log()).not.toContain('request failed');
  }, 240_000);
});
