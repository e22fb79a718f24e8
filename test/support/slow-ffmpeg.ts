import { chmod, writeFile } from 'node:fs/promises';
import path from 'node:path';

/** Stands before the real ffmpeg and hands it only so many bytes a second, by the preset that it is called with. */
const WRAPPER = `
import { spawn } from 'node:child_process';
const [ffmpeg, rates, ...args] = process.argv.slice(2);
const rate = JSON.parse(rates)[args[args.indexOf('-preset') + 1]];
const isLive = args.includes('pipe:0') && rate !== undefined;
const child = spawn(ffmpeg, args, { stdio: [isLive ? 'pipe' : 'inherit', 'inherit', 'inherit'] });
child.on('close', (code, signal) => process.exit(signal ? 1 : code));
for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, () => child.kill(signal));
if (isLive) {
  child.stdin.on('error', () => process.exit(1));
  for await (const chunk of process.stdin) {
    if (!child.stdin.write(chunk)) await new Promise((resolve) => child.stdin.once('drain', resolve));
    await new Promise((resolve) => setTimeout(resolve, (1000 * chunk.length) / rate));
  }
  child.stdin.end();
}
`;

/**
 * Makes an ffmpeg that is slow with some presets, as on a machine whose processor is taken by others.
 * @param bytesPerSecond how much of the raw stream it takes, by preset; others take all
 * @returns its path
 */
export async function makeSlowFfmpeg(
  directory: string,
  ffmpegPath: string,
  bytesPerSecond: Readonly<Record<string, number>>,
): Promise<string> {
  const script = path.join(directory, 'slow-ffmpeg.mjs');
  const file = path.join(directory, 'slow-ffmpeg');
  await writeFile(script, WRAPPER);
  await writeFile(
    file,
    `#!/bin/sh\nexec '${process.execPath}' '${script}' '${ffmpegPath}' '${JSON.stringify(bytesPerSecond)}' "$@"\n`,
  );
  await chmod(file, 0o755);
  return file;
}
