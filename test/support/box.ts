import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { RecordingState } from '../../shared/recording.ts';
import type { RecordingView } from '../../shared/view.ts';

const ENTRY = fileURLToPath(new URL('../../main/headless.ts', import.meta.url));
const START_TIMEOUT_MS = 60_000;
const POLL_MS = 100;
/**
 * Each request has a connection of its own: the box ends one that has been idle for some seconds, which a test that was busy with pictures
 * and sound meanwhile learns when it sends the next.
 */
const ALONE = { connection: 'close' } as const;

/** A box in a process of its own, started by its command line as a customer would. */
export interface TestBox {
  url: string;
  pid: number;
  dataDirectory: string;
  /** Everything it wrote to stderr so far. */
  log(): string;
  /** SIGTERM, then its exit code. */
  stop(): Promise<number | null>;
  /** SIGKILL: nothing is finished, nothing is said. */
  kill(): Promise<void>;
  get(id: string): Promise<RecordingView>;
  list(): Promise<RecordingView[]>;
  /** Sends a request to a route; returns status, headers and text. */
  post(
    route: string,
    body: unknown,
    headers?: Record<string, string>,
  ): Promise<{ status: number; headers: Headers; text: string }>;
  /** Accepts a request and returns the recording's id. */
  record(request: Record<string, unknown>): Promise<string>;
  /** Waits until a recording satisfies the predicate. */
  waitFor(
    id: string,
    what: string,
    predicate: (view: RecordingView) => boolean,
    timeoutMs?: number,
  ): Promise<RecordingView>;
  waitForState(id: string, state: RecordingState, timeoutMs?: number): Promise<RecordingView>;
}

export interface TestBoxOptions {
  dataDirectory: string;
  args: readonly string[];
  environment?: Record<string, string>;
  /** A command that ends by running the one behind it in its own place, such as `unshare`. */
  launcher?: readonly string[];
}

export async function makeDirectory(name: string): Promise<string> {
  return await mkdtemp(path.join(tmpdir(), `recorder-${name}-`));
}

export async function removeDirectory(directory: string): Promise<void> {
  await rm(directory, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
}

/** Writes a scenario file. */
export async function writeScenario(directory: string, rooms: Record<string, unknown>): Promise<string> {
  const file = path.join(directory, 'scenario.json');
  await writeFile(file, JSON.stringify({ rooms }));
  return file;
}

/** The published sample request, with what a test needs changed. */
export function sampleRequest(changes: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    SdkAppId: 1400000000,
    RoomId: 43474,
    UserId: 'user_55952145',
    Mode: '12',
    UserSig: 'eJwtzNEKgkAUBNB-…',
    CosConfig: { Region: 'ap-shanghai', Bucket: 'test-123456789', Path: '/trtc' },
    IsReserve: false,
    Callback: 'https:xxxxxxxx.com/post/xxx',
    ...changes,
  };
}

export async function startBox(options: TestBoxOptions): Promise<TestBox> {
  const { dataDirectory, args, environment = {}, launcher = [] } = options;
  // As `npm run box` starts it.
  const serve = [
    process.execPath,
    '--max-semi-space-size=4',
    '--optimize-for-size',
    '--no-memory-reducer',
    ENTRY,
    'serve',
    '--data',
    dataDirectory,
    '--port',
    '0',
    ...args,
  ];
  const [program = process.execPath, ...rest] = [...launcher, ...serve];
  const child = spawn(program, rest, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...process.env,
      RECORDER_COS_ENDPOINT: '',
      RECORDER_COS_SECRET_ID: '',
      RECORDER_COS_SECRET_KEY: '',
      CFS_PATH: '',
      ...environment,
    },
  });
  let log = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    log += text;
  });
  const exited = new Promise<number | null>((resolve) => child.on('exit', (code) => resolve(code)));
  const { url, pid } = await readyLine(child, () => log);
  const get = async (id: string) =>
    (await (await fetch(`${url}/api/recordings/${id}`, { headers: ALONE })).json()) as RecordingView;
  const post: TestBox['post'] = async (route, body, headers = {}) => {
    const reply = await fetch(`${url}${route}`, {
      method: 'POST',
      headers: { ...ALONE, 'content-type': 'application/json', ...headers },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });
    return { status: reply.status, headers: reply.headers, text: await reply.text() };
  };
  const waitFor: TestBox['waitFor'] = async (id, what, predicate, timeoutMs = 120_000) => {
    const deadline = performance.now() + timeoutMs;
    let view = await get(id);
    while (!predicate(view)) {
      if (performance.now() > deadline) {
        throw new Error(
          `recording ${id} did not become "${what}" in time: ${JSON.stringify(view)}\n${log.slice(-3000)}`,
        );
      }
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
      view = await get(id);
    }
    return view;
  };
  return {
    url,
    pid,
    dataDirectory,
    log: () => log,
    async stop() {
      child.kill('SIGTERM');
      return await exited;
    },
    async kill() {
      child.kill('SIGKILL');
      await exited;
    },
    get,
    async list() {
      const reply = await fetch(`${url}/api/recordings?limit=500`, { headers: ALONE });
      return ((await reply.json()) as { recordings: RecordingView[] }).recordings;
    },
    post,
    async record(request) {
      const { status, headers, text } = await post('/', request);
      const id = headers.get('x-scf-reqid');
      if (status !== 200 || !id) throw new Error(`the request was answered with ${status}: ${text}`);
      return id;
    },
    waitFor,
    waitForState: (id, state, timeoutMs) => waitFor(id, state, (view) => view.state === state, timeoutMs),
  };
}

function readyLine(child: ChildProcess, log: () => string): Promise<{ url: string; pid: number }> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`the box did not start in time:\n${log()}`)), START_TIMEOUT_MS);
    let text = '';
    child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
      const end = text.indexOf('\n');
      if (end < 0) return;
      clearTimeout(timer);
      resolve(JSON.parse(text.slice(0, end)) as { url: string; pid: number });
    });
    child.on('exit', (code) => {
      clearTimeout(timer);
      reject(new Error(`the box ended with exit code ${code}:\n${log()}`));
    });
  });
}
