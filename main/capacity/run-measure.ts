import { rm } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { type RunningScript, type StartScript, startNodeScript } from '../own-script.ts';
import type { MeasureTask } from './measure.ts';
import { parseSpeed, type Speed } from './speed.ts';

// The packaged app runs compiled .js, a checkout runs .ts: the entry has the extension of this file.
const ENTRY = fileURLToPath(new URL(`./measure-main${path.extname(import.meta.url)}`, import.meta.url));
const MAX_CHARACTERS = 10_000;
/** A machine that needs longer than this for three seconds of a recording is not to be measured. */
const TIMEOUT_MS = 60_000;

/**
 * Measures the machine in a process of its own, which is gone when this settles, as is the task's directory. Rejects when that fails or
 * `stopping` aborts.
 */
export async function runMeasure(
  task: MeasureTask,
  stopping: AbortSignal,
  startScript: StartScript = startNodeScript,
): Promise<Speed> {
  const {
    RECORDER_COS_SECRET_ID: _id,
    RECORDER_COS_SECRET_KEY: _key,
    RECORDER_CALLBACK_KEY: _sign,
    ...environment
  } = process.env;
  const signal = AbortSignal.any([stopping, AbortSignal.timeout(TIMEOUT_MS)]);
  signal.throwIfAborted();
  const script = startScript(ENTRY, [JSON.stringify(task)], environment);
  try {
    return parseSpeed(await resultOf(script, signal));
  } finally {
    script.kill();
    // Encoders that were at work have the little that they encode open already, and end with it.
    await rm(task.directory, { recursive: true, force: true }).catch(() => {});
  }
}

/** The line it prints, as soon as that is whole: not every process that ran a script ends with it. */
function resultOf({ stdout, stderr, exited }: RunningScript, signal: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    let printed = '';
    let said = '';
    const giveUp = (): void => reject(signal.reason instanceof Error ? signal.reason : new Error('given up'));
    signal.addEventListener('abort', giveUp, { once: true });
    stdout.setEncoding('utf8').on('data', (text: string) => {
      printed = (printed + text).slice(0, MAX_CHARACTERS);
      if (printed.endsWith('}\n')) resolve(printed);
    });
    stderr.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(-MAX_CHARACTERS);
    });
    void exited.then(() => reject(new Error(said.trim().split('\n').at(-1) || 'the measurement said nothing')));
  });
}
