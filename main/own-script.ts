import { spawn } from 'node:child_process';

/** One of the product's own scripts at work in a process of its own. */
export interface RunningScript {
  stdout: NodeJS.ReadableStream;
  stderr: NodeJS.ReadableStream;
  /** Resolves with the exit code once the process is gone and its output is read, null when it was killed or never started. */
  exited: Promise<number | null>;
  /** Ends it at once. */
  kill(): void;
}

/**
 * Starts one of the product's own scripts. How differs: a packaged app cannot run scripts by its own program as Node can, it would start
 * itself a second time.
 */
export type StartScript = (file: string, args: readonly string[], environment: NodeJS.ProcessEnv) => RunningScript;

/** By the Node that runs this. */
export const startNodeScript: StartScript = (file, args, environment) => {
  const child = spawn(process.execPath, [file, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: environment,
    windowsHide: true,
  });
  const exited = new Promise<number | null>((resolve) => {
    child.on('close', (code) => resolve(code));
    child.on('error', () => resolve(null));
  });
  return { stdout: child.stdout, stderr: child.stderr, exited, kill: () => void child.kill('SIGKILL') };
};
