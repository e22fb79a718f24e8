import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '../logging.ts';
import type { Peaks } from './peaks.ts';
import { PreviewError, type PreviewMaker, type PreviewSource } from './preview-ffmpeg.ts';

export interface PreviewsOptions {
  /** Created when it is needed. Everything in it can be made again. */
  directory: string;
  /** Null when there is no working ffmpeg. */
  maker: PreviewMaker | null;
  log: Pick<Logger, 'warn'>;
  /** How long a caller waits for one that is being made; it is made to its end all the same. */
  waitMs?: number;
  /** Making one takes no longer. */
  makeWithinMs?: number;
  /** More are not kept: those that nobody asked for longest go. */
  maxKept?: number;
}

/** A file that a preview is made from, and what tells its content. */
export interface PreviewOf extends PreviewSource {
  recordingId: string;
  /** Place of the file in its recording. */
  index: number;
  /** Changes with the content of the file. */
  version: string;
}

/** `later`: it is still being made; `failed`: it cannot be made from this file. */
export type PreviewAnswer<Preview> = { kind: 'ready'; preview: Preview } | { kind: 'later' } | { kind: 'failed' };

/** Pictures and waveforms of recorded files, each made once and kept on the disk. */
export interface Previews {
  /** Path of a JPEG picture. `source` is null when the file is gone: what was made before is still given out then, `failed` otherwise. */
  thumbnail(of: Omit<PreviewOf, 'path'>, source: string | null): Promise<PreviewAnswer<string>>;
  waveform(of: Omit<PreviewOf, 'path'>, source: string | null): Promise<PreviewAnswer<Peaks>>;
  /** Removes what was made from a recording's files. */
  forget(recordingId: string): Promise<void>;
  /** Ends what is being made. */
  stop(): Promise<void>;
}

const WAIT_MS = 15_000;
/** A day of sound is worked off in about two minutes. */
const MAKE_WITHIN_MS = 10 * 60_000;
const MAX_KEPT = 10_000;
/** Looking through the folder for what has to go costs about as much as making this many. */
const LOOK_EVERY = 50;

export function createPreviews(options: PreviewsOptions): Previews {
  return new KeptPreviews(options);
}

class KeptPreviews implements Previews {
  readonly #options: PreviewsOptions;
  /** Those being made or waiting for their turn, by the file they become. */
  readonly #making = new Map<string, Promise<'made' | 'failed'>>();
  readonly #stopping = new AbortController();
  /** One picture and one waveform at a time: recordings need the machine, and pictures should not wait for hours of sound. */
  readonly #queues: Record<'jpg' | 'json', Promise<unknown>> = { jpg: Promise.resolve(), json: Promise.resolve() };
  #madeSinceLook = 0;

  constructor(options: PreviewsOptions) {
    this.#options = options;
  }

  async thumbnail(of: Omit<PreviewOf, 'path'>, source: string | null): Promise<PreviewAnswer<string>> {
    const file = this.#fileOf(of, 'jpg');
    const answer = await this.#ready(file, source, async (maker, from, signal) =>
      maker.thumbnail({ ...of, path: from }, signal),
    );
    return answer === 'ready' ? { kind: 'ready', preview: file } : { kind: answer };
  }

  async waveform(of: Omit<PreviewOf, 'path'>, source: string | null): Promise<PreviewAnswer<Peaks>> {
    const file = this.#fileOf(of, 'json');
    const answer = await this.#ready(file, source, async (maker, from, signal) =>
      Buffer.from(JSON.stringify(await maker.waveform({ ...of, path: from }, signal))),
    );
    if (answer !== 'ready') return { kind: answer };
    return { kind: 'ready', preview: JSON.parse(await readFile(file, 'utf8')) as Peaks };
  }

  async forget(recordingId: string): Promise<void> {
    const { directory } = this.#options;
    for (const name of await namesIn(directory)) {
      if (name.startsWith(`${recordingId}.`)) await rm(path.join(directory, name), { force: true });
    }
  }

  async stop(): Promise<void> {
    this.#stopping.abort(new Error('the box is stopping'));
    await Promise.allSettled(this.#making.values());
  }

  #fileOf({ recordingId, index, version }: Omit<PreviewOf, 'path'>, kind: 'jpg' | 'json'): string {
    return path.join(this.#options.directory, `${recordingId}.${index}.${version}.${kind}`);
  }

  async #ready(
    file: string,
    source: string | null,
    make: (maker: PreviewMaker, source: string, signal: AbortSignal) => Promise<Uint8Array>,
  ): Promise<'ready' | 'later' | 'failed'> {
    const { maker, waitMs = WAIT_MS } = this.#options;
    if (await isKept(file)) return 'ready';
    const canMake = source !== null && maker !== null;
    const making =
      this.#making.get(file) ?? (canMake ? this.#begin(file, (signal) => make(maker, source, signal)) : null);
    if (making === null) return 'failed';
    const patience = new AbortController();
    const late = sleep(waitMs, 'later' as const, { signal: patience.signal }).catch(() => 'later' as const);
    const answer = await Promise.race([making, late]);
    patience.abort();
    return answer === 'made' ? 'ready' : answer;
  }

  #begin(file: string, make: (signal: AbortSignal) => Promise<Uint8Array>): Promise<'made' | 'failed'> {
    const kind = file.endsWith('.jpg') ? 'jpg' : 'json';
    const made = this.#queues[kind].then(() => this.#make(file, make)).finally(() => this.#making.delete(file));
    this.#queues[kind] = made;
    this.#making.set(file, made);
    return made;
  }

  async #make(file: string, make: (signal: AbortSignal) => Promise<Uint8Array>): Promise<'made' | 'failed'> {
    const { directory, log, makeWithinMs = MAKE_WITHIN_MS } = this.#options;
    try {
      const signal = AbortSignal.any([this.#stopping.signal, AbortSignal.timeout(makeWithinMs)]);
      const content = await make(signal);
      await mkdir(directory, { recursive: true });
      await writeFile(`${file}.part`, content);
      await rename(`${file}.part`, file);
      await this.#removeOldest();
      return 'made';
    } catch (error) {
      if (!this.#stopping.signal.aborted) {
        const reason = error instanceof PreviewError ? { reason: error.message } : { err: error };
        log.warn({ file: path.basename(file), ...reason }, 'a preview could not be made');
      }
      return 'failed';
    }
  }

  async #removeOldest(): Promise<void> {
    const { directory, maxKept = MAX_KEPT } = this.#options;
    this.#madeSinceLook += 1;
    if (this.#madeSinceLook < Math.min(LOOK_EVERY, maxKept)) return;
    this.#madeSinceLook = 0;
    const names = await namesIn(directory);
    if (names.length <= maxKept) return;
    const kept: { file: string; usedAtMs: number }[] = [];
    for (const name of names) {
      const file = path.join(directory, name);
      kept.push({ file, usedAtMs: (await stat(file).catch(() => null))?.mtimeMs ?? 0 });
    }
    const oldest = kept.sort((a, b) => a.usedAtMs - b.usedAtMs).slice(0, names.length - maxKept);
    for (const { file } of oldest) await rm(file, { force: true });
  }
}

/** Whether it was made before; its time becomes that of its last use. */
async function isKept(file: string): Promise<boolean> {
  try {
    const now = new Date();
    await utimes(file, now, now);
    return true;
  } catch {
    return false;
  }
}

async function namesIn(directory: string): Promise<string[]> {
  return await readdir(directory).catch(() => []);
}
