import { chmod, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';

/**
 * Stands before the real ffmpeg and says that it has an encoder of graphics hardware, which is x264 with headers of its own. While a file
 * lies beside it, the encoders of recordings end after so many bytes of raw pictures as it says.
 */
const WRAPPER = `
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
const [ffmpeg, deathFile, ...given] = process.argv.slice(2);
const ENCODER = 'h264_nvenc';
const OWN = ['-rc', '-cq', '-b:v', '-spatial-aq', '-delay'];
const isHardware = given.includes(ENCODER);
const args = [];
for (let at = 0; at < given.length; at += 1) {
  if (isHardware && OWN.includes(given[at])) at += 1;
  else if (given[at] === ENCODER) args.push('libx264', '-preset', 'ultrafast', '-x264-params', 'cabac=0:ref=2');
  else args.push(given[at]);
}
const isLive = isHardware && args.includes('pipe:0');
let leftBytes = Number.POSITIVE_INFINITY;
try {
  if (isLive) leftBytes = Number(readFileSync(deathFile, 'utf8'));
} catch {}
if (args.includes('-encoders')) process.stdout.write(' V....D ' + ENCODER + '           simulated\\n');
const child = spawn(ffmpeg, args, { stdio: [isLive ? 'pipe' : 'inherit', 'inherit', 'inherit'] });
child.on('close', (code, signal) => process.exit(signal ? 1 : code));
for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, () => child.kill(signal));
if (isLive) {
  child.stdin.on('error', () => {});
  for await (const chunk of process.stdin) {
    if (!child.stdin.write(chunk)) await new Promise((resolve) => child.stdin.once('drain', resolve));
    leftBytes -= chunk.length;
    if (leftBytes > 0) continue;
    process.stderr.write('[' + ENCODER + ' @ 0x1] the simulated device is gone\\n');
    child.kill('SIGKILL');
    break;
  }
  child.stdin.end();
}
`;

/** An ffmpeg whose graphics hardware is simulated. */
export interface HardwareFfmpeg {
  path: string;
  /** Encoders of recordings that begin from now on end after so many bytes of raw pictures; null lets them live. */
  dieAfter(bytes: number | null): Promise<void>;
}

/** Makes an ffmpeg that says it has `h264_nvenc`; all else is the real one's. */
export async function makeHardwareFfmpeg(directory: string, ffmpegPath: string): Promise<HardwareFfmpeg> {
  const script = path.join(directory, 'hardware-ffmpeg.mjs');
  const file = path.join(directory, 'hardware-ffmpeg');
  const deathFile = path.join(directory, 'dies-after-bytes');
  await writeFile(script, WRAPPER);
  await writeFile(file, `#!/bin/sh\nexec '${process.execPath}' '${script}' '${ffmpegPath}' '${deathFile}' "$@"\n`);
  await chmod(file, 0o755);
  return {
    path: file,
    async dieAfter(bytes) {
      if (bytes === null) await rm(deathFile, { force: true });
      else await writeFile(deathFile, String(bytes));
    },
  };
}
