import { execFile } from 'node:child_process';
import { ffmpegEnvironment } from '../capture/encode/ffmpeg.ts';
import type { RunTimed } from './encoder-trial.ts';

const MAX_OUTPUT_BYTES = 256 * 1024;

/** Runs real programs, which see nothing of the box's keys; those that run when `stopping` aborts are ended. */
export function createRunTimed(stopping: AbortSignal): RunTimed {
  return (file, args, timeoutMs) =>
    new Promise((resolve, reject) => {
      const startedAtMs = performance.now();
      const deadline = AbortSignal.timeout(timeoutMs);
      const options = {
        signal: AbortSignal.any([stopping, deadline]),
        killSignal: 'SIGKILL' as const,
        maxBuffer: MAX_OUTPUT_BYTES,
        windowsHide: true,
        env: ffmpegEnvironment(process.env),
      };
      execFile(file, [...args], options, (error, _stdout, stderr) => {
        if (error === null) resolve({ kind: 'done', tookMs: performance.now() - startedAtMs });
        else if (stopping.aborted) reject(error);
        else if (deadline.aborted) resolve({ kind: 'late' });
        else resolve({ kind: 'failed', said: stderr || error.message });
      });
    });
}
