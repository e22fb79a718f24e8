import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { captureJob } from '../../test/support/capture-session.ts';
import { type CaptureExit, type CaptureProcess, createProcessHost } from './host.ts';
import type { FromCapture } from './messages.ts';

interface Hosted {
  process: CaptureProcess;
  messages: FromCapture[];
  exits: CaptureExit[];
  ready: Promise<void>;
  exited: Promise<void>;
}

const hosted: Hosted[] = [];
const SECRET = 'secret-key-of-the-box';

function start(): Hosted {
  const ready = Promise.withResolvers<void>();
  const exited = Promise.withResolvers<void>();
  const messages: FromCapture[] = [];
  const exits: CaptureExit[] = [];
  const process = createProcessHost({ onStderr: () => {}, codeCacheDirectory: null }).start({
    onMessage(message) {
      messages.push(message);
      if (message.type === 'ready') ready.resolve();
    },
    onExit(exit) {
      exits.push(exit);
      exited.resolve();
    },
  });
  const one = { process, messages, exits, ready: ready.promise, exited: exited.promise };
  hosted.push(one);
  return one;
}

beforeEach(() => {
  process.env.RECORDER_COS_SECRET_KEY = SECRET;
});
afterEach(async () => {
  delete process.env.RECORDER_COS_SECRET_KEY;
  for (const { process } of hosted.splice(0)) await process.destroy(1_000);
});

describe('a capture process', () => {
  it('says that it is ready, with its pid, and does not get the secrets of the box', async () => {
    const one = start();
    await one.ready;
    const { pid } = one.process;
    expect(one.messages).toEqual([{ type: 'ready', pid }]);
    if (process.platform === 'linux') {
      const environment = readFileSync(`/proc/${pid}/environ`, 'utf8');
      expect(environment).toContain('PATH=');
      expect(environment).not.toContain(SECRET);
    }
    // Nothing was started: a stop is no reason to fail.
    one.process.send({ type: 'stop', reason: 'stopped' });
    await one.process.destroy(30_000);
    expect(one.exits).toEqual([{ code: 0, signal: null }]);
    one.process.send({ type: 'stop', reason: 'stopped' });
    await one.process.destroy(30_000);
    expect(one.exits).toHaveLength(1);
  });

  it('that is killed is reported once, with the signal', async () => {
    const one = start();
    await one.ready;
    process.kill(one.process.pid!, 'SIGKILL');
    await one.exited;
    expect(one.exits).toEqual([{ code: null, signal: 'SIGKILL' }]);
  });

  it.skipIf(process.platform === 'win32')(
    'that does not react is killed after the grace (stopped by a signal, so not on Windows)',
    async () => {
      const one = start();
      await one.ready;
      process.kill(one.process.pid!, 'SIGSTOP');
      await one.process.destroy(100);
      expect(one.exits).toEqual([{ code: null, signal: 'SIGKILL' }]);
    },
  );

  it('that cannot enter a room of its scenario says so, leaves no mark and goes', async () => {
    const directory = mkdtempSync(path.join(tmpdir(), 'host-'));
    const one = start();
    await one.ready;
    const rooms = {
      kind: 'simulated',
      scenarioPath: path.join(directory, 'missing.json'),
      statePath: directory,
    } as const;
    one.process.send({ type: 'start', job: captureJob({ rooms, directory }) });
    await one.exited;
    expect(one.messages.filter(({ type }) => type === 'enterFailed')).toMatchObject([{ code: -3301 }]);
    expect(one.exits).toEqual([{ code: 0, signal: null }]);
    expect(readdirSync(directory)).toEqual([]);
    rmSync(directory, { recursive: true });
  });
});
