import { type ChildProcess, spawn } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { SelfTestFailure } from './self-test-failure.ts';

// The packaged app runs compiled .js, a checkout runs .ts: the entry has the extension of this file.
const ENTRY = fileURLToPath(new URL(`../headless${path.extname(import.meta.url)}`, import.meta.url));
const START_TIMEOUT_MS = 30_000;
const STOP_TIMEOUT_MS = 20_000;

/** A box of its own, in a process of its own: whatever happens to it happens to nobody else. */
export interface SelfTestBox {
  url: string;
  /** Ends it, by force when it does not end by itself. */
  stop(): Promise<void>;
}

export interface SelfTestBoxOptions {
  dataDirectory: string;
  scenario: string;
  /** Where it finds COS, and the keys of that. */
  cos: { url: string; secretId: string; secretKey: string };
  /** The ffmpeg that the first box uses. */
  ffmpegPath: string;
  signal: AbortSignal;
}

/** How the second box is started. @throws SelfTestFailure */
export type StartSelfTestBox = (options: SelfTestBoxOptions) => Promise<SelfTestBox>;

/** Starts a second box on simulated rooms. @throws SelfTestFailure with what it said when it does not come up. */
export async function startSelfTestBox({
  dataDirectory,
  scenario,
  cos,
  ffmpegPath,
  signal,
}: SelfTestBoxOptions): Promise<SelfTestBox> {
  const args = ['serve', '--data', dataDirectory, '--host', '127.0.0.1', '--port', '0', '--rooms', 'simulated'];
  const child = spawn(process.execPath, [ENTRY, ...args, '--scenario', scenario], {
    // The channel tells the second box when the first is gone: it ends then, too.
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    env: environmentOf(cos, ffmpegPath),
    // A group of its own: Ctrl-C in a terminal is for the first box, which stops the second in order.
    detached: process.platform !== 'win32',
  });
  const exited = new Promise<void>((resolve) => {
    child.on('exit', () => resolve());
    child.on('error', () => resolve());
  });
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
    await exited;
    clearTimeout(timer);
  };
  try {
    return { url: await addressOf(child, AbortSignal.any([signal, AbortSignal.timeout(START_TIMEOUT_MS)])), stop };
  } catch (error) {
    child.kill('SIGKILL');
    await exited;
    throw error;
  }
}

/** Nothing of the first box's keys and folders, but its ffmpeg. */
function environmentOf(cos: SelfTestBoxOptions['cos'], ffmpegPath: string): NodeJS.ProcessEnv {
  const { CFS_PATH: _folder, RECORDER_CALLBACK_KEY: _key, ...rest } = process.env;
  return {
    ...rest,
    FFMPEG_PATH: ffmpegPath,
    RECORDER_COS_ENDPOINT: cos.url,
    RECORDER_COS_SECRET_ID: cos.secretId,
    RECORDER_COS_SECRET_KEY: cos.secretKey,
  };
}

/** The address from the only line it prints. */
function addressOf(child: ChildProcess, signal: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    let printed = '';
    let said = '';
    const fail = (): void => {
      signal.removeEventListener('abort', fail);
      const last = said.trim().split('\n').at(-1) ?? '';
      reject(
        new SelfTestFailure({
          en: `The second box did not start. It said: ${last || 'nothing'}`,
          zh: `测试实例未能启动。其输出：${last || '无'}`,
        }),
      );
    };
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      printed += text;
      const line = printed.split('\n').find((candidate) => candidate.startsWith('{"ready":true'));
      if (line === undefined) return;
      signal.removeEventListener('abort', fail);
      resolve((JSON.parse(line) as { url: string }).url);
    });
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(-2000);
    });
    child.on('exit', fail);
    child.on('error', fail);
    signal.addEventListener('abort', fail);
  });
}
