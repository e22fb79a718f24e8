import { chmod, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';

/** Stands before the real ffmpeg and hands it only so many bytes a second, by the preset that it is called with. */
const WRAPPER = `
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
const [ffmpeg, rates, ...args] = process.argv.slice(2);
const rate = JSON.parse(readFileSync(rates, 'utf8') || '{}')[args[args.indexOf('-preset') + 1]];
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

/** How many bytes of the raw stream are taken a second, by preset; all of them with others. */
export type EncoderRates = Readonly<Record<string, number>>;

/**
 * Makes an ffmpeg that is slow with some presets, as on a machine whose processor is taken by others.
 * @returns its path
 */
export async function makeSlowFfmpeg(directory: string, ffmpegPath: string, rates: EncoderRates): Promise<string> {
  const script = path.join(directory, 'slow-ffmpeg.mjs');
  const file = path.join(directory, 'slow-ffmpeg');
  await writeFile(script, WRAPPER);
  await setEncoderRates(file, rates);
  const slow = `exec '${process.execPath}' '${script}' '${ffmpegPath}' '${ratesFile(file)}' "$@"`;
  const isSlow = `[ -s '${ratesFile(file)}' ]`;
  // Only encoders of recordings can be slow; everything else is the real one from the beginning.
  await writeFile(
    file,
    `#!/bin/sh\ncase "$*" in *pipe:0*) if ${isSlow}; then ${slow}; fi;; esac\nexec '${ffmpegPath}' "$@"\n`,
  );
  await chmod(file, 0o755);
  return file;
}

/** How slow the encoders are that such an ffmpeg starts from now on; null: not at all. */
export async function setEncoderRates(slowFfmpeg: string, rates: EncoderRates | null): Promise<void> {
  // Renamed into place: an encoder may be starting right now.
  const file = ratesFile(slowFfmpeg);
  await writeFile(`${file}.new`, rates === null ? '' : JSON.stringify(rates));
  await rename(`${file}.new`, file);
}

function ratesFile(slowFfmpeg: string): string {
  return `${slowFfmpeg}.rates`;
}
