import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Language } from '../shared/texts/language.ts';
import type { SelfTestStepName } from '../shared/texts/self-test.ts';
import { findFfmpeg } from './capture/encode/ffmpeg.ts';
import { runSelfTest } from './selftest/self-test.ts';

export interface SelfTestCommandOptions {
  /** What FFMPEG_PATH says. */
  ffmpegPath: string | null;
  language: Language;
  /** Prints a line. */
  say(text: string): void;
  /** Ends the test early; it still cleans up. */
  signal: AbortSignal;
}

const DEADLINE_MS = 90_000;
const MARKS = { passed: '✓', failed: '✗' } as const;
const NAME_WIDTH = 10;

/** `box self-test`: prints each step as it ends. Resolves with whether all is well. */
export async function runSelfTestCommand({
  ffmpegPath,
  language,
  say,
  signal,
}: SelfTestCommandOptions): Promise<boolean> {
  const found = await findFfmpeg({ preferred: ffmpegPath });
  const directory = await mkdtemp(path.join(tmpdir(), 'trtc-recorder-self-test-'));
  return await runSelfTest({
    directory,
    ffmpegPath: found.kind === 'found' ? found.path : null,
    signal: AbortSignal.any([signal, AbortSignal.timeout(DEADLINE_MS)]),
    onStep(name: SelfTestStepName, state, message) {
      if (state !== 'running') say(`${MARKS[state]} ${name.padEnd(NAME_WIDTH)} ${message[language]}`);
    },
  });
}
