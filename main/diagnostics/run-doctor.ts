import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { type RunningScript, type StartScript, startNodeScript } from '../own-script.ts';

// The packaged app runs compiled .js, a checkout runs .ts: the entry has the extension of this file.
const ENTRY = fileURLToPath(new URL(`../headless${path.extname(import.meta.url)}`, import.meta.url));
const TIMEOUT_MS = 60_000;
const MAX_OUTPUT_CHARACTERS = 16 * 1024 * 1024;
const MAX_COMPLAINT_CHARACTERS = 2000;

export interface RunDoctorOptions {
  dataDirectory: string;
  rooms: 'trtc' | 'simulated';
  stopping: AbortSignal;
  /** By default the Node that runs this. */
  startScript?: StartScript | undefined;
}

/**
 * The doctor's report on the running box, as JSON. In a process of its own: looking through a large database takes a while, during which
 * the box could answer nobody. It asks COS nothing, and sees none of the box's keys. Rejects when it does not come to an end.
 */
export async function runDoctorBeside(options: RunDoctorOptions): Promise<string> {
  const { dataDirectory, rooms, stopping, startScript = startNodeScript } = options;
  const {
    RECORDER_COS_SECRET_ID: _id,
    RECORDER_COS_SECRET_KEY: _key,
    RECORDER_CALLBACK_KEY: _sign,
    ...environment
  } = process.env;
  const args = ['doctor', '--data', dataDirectory, '--json', '--no-cos', '--rooms', rooms];
  const script = startScript(ENTRY, args, environment);
  try {
    return await reportOf(script, AbortSignal.any([stopping, AbortSignal.timeout(TIMEOUT_MS)]));
  } finally {
    script.kill();
  }
}

/** What it prints, as soon as that is whole: not every process that ran a script ends with it. */
function reportOf({ stdout, stderr, exited }: RunningScript, signal: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    let printed = '';
    let said = '';
    const giveUp = (): void => reject(signal.reason instanceof Error ? signal.reason : new Error('given up'));
    if (signal.aborted) giveUp();
    signal.addEventListener('abort', giveUp, { once: true });
    stdout.setEncoding('utf8').on('data', (text: string) => {
      printed += text;
      if (printed.length > MAX_OUTPUT_CHARACTERS) reject(new Error('the doctor said too much'));
      else if (isWhole(printed)) resolve(printed);
    });
    stderr.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(-MAX_COMPLAINT_CHARACTERS);
    });
    void exited.then(() => reject(new Error(said.trim().split('\n').at(-1) || 'the doctor said nothing')));
  });
}

function isWhole(printed: string): boolean {
  if (!printed.endsWith('}\n')) return false;
  try {
    return typeof JSON.parse(printed) === 'object';
  } catch {
    return false;
  }
}
