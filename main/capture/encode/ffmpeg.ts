import { execFile } from 'node:child_process';
import { access, constants } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';

export const FFMPEG_SOURCES = ['FFMPEG_PATH', 'ffmpeg-static', '@ffmpeg-installer/ffmpeg', 'PATH'] as const;
export type FfmpegSource = (typeof FFMPEG_SOURCES)[number];

/** Encoders without which no recording can be made. */
export const NEEDED_ENCODERS = ['libx264', 'aac', 'libmp3lame'] as const;

/** What a build says about itself. */
export interface FfmpegFacts {
  path: string;
  /** As printed, e.g. `5.1.9-0+deb12u1` or `N-47683-g0e8eb07980-static`. */
  version: string;
  licence: 'GPL' | 'LGPL';
  encoders: ReadonlySet<string>;
  /** Whether `-fps_mode` is understood; older builds call it `-vsync`, the newest know only this. */
  hasFpsMode: boolean;
}

/** The build that recordings are made with. */
export interface FfmpegFound extends FfmpegFacts {
  kind: 'found';
  source: FfmpegSource;
  /** Candidates before it that could not be used. */
  tried: FfmpegAttempt[];
}

/** A candidate that was looked at and could not be used. */
export interface FfmpegAttempt {
  source: FfmpegSource;
  path: string | null;
  problem: string;
}

export interface FfmpegMissing {
  kind: 'missing';
  tried: FfmpegAttempt[];
  remedy: string;
}

/** Runs a program and resolves with what it printed to stdout; rejects when it cannot be run, fails, or takes too long. */
export type RunProgram = (file: string, args: string[], timeoutMs: number) => Promise<string>;

export interface FfmpegSearchDeps {
  /** What FFMPEG_PATH says. */
  preferred: string | null;
  /** The PATH variable. */
  searchPath: string;
  /** Default export of an optional npm package; throws when it is not installed. */
  loadPackage: (name: string) => unknown;
  run: RunProgram;
  /** Whether a file exists and may be executed. */
  isExecutable: (file: string) => Promise<boolean>;
}

const CHECK_TIMEOUT_MS = 10_000;
/** First libavutil whose ffmpeg prefers `-fps_mode`; the one before it (5.1) still takes both. */
const FPS_MODE_LIBAVUTIL = 58;
const REMEDY =
  'Set FFMPEG_PATH to an ffmpeg that has the encoders libx264, aac and libmp3lame, ' +
  'or install the npm package ffmpeg-static or @ffmpeg-installer/ffmpeg, or put ffmpeg on the PATH.';
/** The only variables an ffmpeg child gets to see: credentials in the environment are none of its business. */
const PASSED_ON = ['PATH', 'LD_LIBRARY_PATH', 'HOME', 'TMPDIR', 'TEMP', 'TMP', 'SystemRoot', 'LIBVA_DRIVER_NAME'];

/** Environment for an ffmpeg child. */
export function ffmpegEnvironment(environment: Record<string, string | undefined>): Record<string, string> {
  return Object.fromEntries(PASSED_ON.flatMap((name) => (environment[name] ? [[name, environment[name]]] : [])));
}

/**
 * Looks for a usable ffmpeg: `FFMPEG_PATH`, then the packages ffmpeg-static and \@ffmpeg-installer/ffmpeg, then the PATH. Each
 * candidate is really run. Never throws; what was tried and why it did not do is part of the answer.
 */
export async function findFfmpeg(given: Partial<FfmpegSearchDeps> = {}): Promise<FfmpegFound | FfmpegMissing> {
  const deps = { ...realDeps(), ...given };
  const tried: FfmpegAttempt[] = [];
  for (const source of FFMPEG_SOURCES) {
    const candidate = await locate(source, deps);
    if ('problem' in candidate) {
      tried.push({ source, path: null, problem: candidate.problem });
      continue;
    }
    try {
      const facts = await inspectFfmpeg(candidate.path, deps.run);
      const missing = NEEDED_ENCODERS.filter((name) => !facts.encoders.has(name));
      if (missing.length === 0) return { kind: 'found', ...facts, source, tried };
      tried.push({ source, path: candidate.path, problem: `lacks the encoders ${missing.join(', ')}` });
    } catch (error) {
      tried.push({ source, path: candidate.path, problem: firstLine(error) });
    }
  }
  return { kind: 'missing', tried, remedy: REMEDY };
}

/** Runs one build (10 s at most per question) and reads what it says about itself. Rejects when it is no working ffmpeg. */
export async function inspectFfmpeg(file: string, run: RunProgram = runProgram): Promise<FfmpegFacts> {
  const about = await run(file, ['-hide_banner', '-version'], CHECK_TIMEOUT_MS);
  const version = /^ffmpeg version (\S+)/m.exec(about)?.[1];
  if (!version) {
    throw new Error('does not answer as ffmpeg does');
  }
  const list = await run(file, ['-hide_banner', '-encoders'], CHECK_TIMEOUT_MS);
  const libavutilMajor = Number(/^libavutil\s+(\d+)\./m.exec(about)?.[1] ?? 0);
  return {
    path: file,
    version,
    licence: about.includes('--enable-gpl') ? 'GPL' : 'LGPL',
    encoders: new Set([...list.matchAll(/^ [VAS][A-Z.]{5} (\S+)/gm)].map((match) => match[1] ?? '')),
    hasFpsMode: libavutilMajor >= FPS_MODE_LIBAVUTIL,
  };
}

async function locate(source: FfmpegSource, deps: FfmpegSearchDeps): Promise<{ path: string } | { problem: string }> {
  if (source === 'FFMPEG_PATH') {
    return deps.preferred ? { path: deps.preferred } : { problem: 'not set' };
  }
  if (source === 'PATH') {
    const directories = deps.searchPath.split(path.delimiter).filter(Boolean);
    const name = process.platform === 'win32' ? 'ffmpeg.exe' : 'ffmpeg';
    for (const directory of directories) {
      const file = path.join(directory, name);
      if (await deps.isExecutable(file)) {
        return { path: file };
      }
    }
    return { problem: 'no ffmpeg in any of its directories' };
  }
  try {
    const file = pathFromPackage(deps.loadPackage(source));
    return file ? { path: file } : { problem: 'has no binary for this platform' };
  } catch {
    return { problem: 'not installed' };
  }
}

/** One package exports the path, the other an object with it. Inside a packed Electron app the binary lies beside the archive. */
function pathFromPackage(exported: unknown): string | null {
  const file =
    typeof exported === 'object' && exported !== null && 'path' in exported ? (exported.path as unknown) : exported;
  return typeof file === 'string' ? file.replace(/app\.asar(?=[\\/])/, 'app.asar.unpacked') : null;
}

function realDeps(): FfmpegSearchDeps {
  return {
    preferred: process.env.FFMPEG_PATH ?? null,
    searchPath: process.env.PATH ?? '',
    loadPackage: createRequire(import.meta.url),
    run: runProgram,
    isExecutable: (file) =>
      access(file, constants.X_OK).then(
        () => true,
        () => false,
      ),
  };
}

function runProgram(file: string, args: string[], timeoutMs: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = {
      timeout: timeoutMs,
      killSignal: 'SIGKILL' as const,
      maxBuffer: 4 * 1024 * 1024,
      windowsHide: true,
      env: ffmpegEnvironment(process.env),
    };
    execFile(file, args, options, (error, stdout) => {
      if (error) {
        reject(error.killed ? new Error(`did not answer within ${timeoutMs} ms`) : error);
      } else {
        resolve(stdout);
      }
    });
  });
}

function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('\n', 1)[0] ?? '';
}
