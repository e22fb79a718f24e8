import { join } from 'node:path';
import type { Writable } from 'node:stream';
import { type Logger, multistream, pino, type StreamEntry } from 'pino';
import { LogFile } from './logging-file.ts';
import { REDACTED, redact } from './redaction.ts';

export type { Logger } from 'pino';

export interface LoggingOptions {
  /** Data directory: lines also go to DIR/logs/box.<number>.log. Without it only to `stderr`. */
  directory?: string | undefined;
  level?: 'debug' | 'info' | 'warn' | 'error' | 'silent';
  /** Where lines go besides the file, the process's stderr by default; null for nowhere. */
  console?: Writable | null;
}

/** The logger with the files behind it. */
export interface Logging {
  log: Logger;
  /**
   * Closes the files; at most a second. End the process with `process.exit` afterwards: console lines that nobody reads would
   * keep it alive.
   */
  close(): Promise<void>;
}

/** What a console that nobody reads may hold in memory before lines are dropped for it. */
const CONSOLE_BACKLOG_BYTES = 1024 * 1024;
const CLOSE_WITHIN_MS = 1000;
const SECRET_BINDINGS = ['UserSig', 'userSig', 'SecretId', 'secretId', 'SecretKey', 'secretKey', 'Token', 'token'];

/**
 * Lines for somebody who may or may not be reading. When he is not, lines are dropped: a parent process that leaves our stderr
 * unread must neither stop the box nor keep it from exiting, as a writer on the bare descriptor would.
 */
function leakyStream(target: Writable): { write(line: string): void } {
  let broken = false;
  target.on('error', () => {
    broken = true;
  });
  return {
    write(line) {
      if (!broken && target.writableLength < CONSOLE_BACKLOG_BYTES) target.write(line);
    },
  };
}

/** JSON lines in which the values of secret keys are replaced at any depth: the last net, not the first. */
function redactingLogger(level: string, streams: StreamEntry[]): Logger {
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { log: (data) => redact(data) as Record<string, unknown> },
      // Errors are plain objects by then; pino's own serializer would take them for errors and rewrite them.
      serializers: { err: (value: unknown) => value },
      // Bindings of child loggers do not pass the formatter, only these paths.
      redact: { paths: SECRET_BINDINGS, censor: REDACTED },
    },
    multistream(streams),
  );
}

/** Opens the log. Trouble while writing (disk full, console gone) never reaches the caller of a log method. */
export async function openLogging(options: LoggingOptions = {}): Promise<Logging> {
  const { directory, level = 'info', console = process.stderr } = options;
  const streams: StreamEntry[] = [];
  let file: LogFile | null = null;
  if (console !== null) streams.push({ stream: leakyStream(console), level: 'debug' });
  if (directory !== undefined) {
    file = new LogFile(join(directory, 'logs'));
    await file.open();
    streams.push({ stream: file, level: 'debug' });
  }
  const log = redactingLogger(level, streams);
  return {
    log,
    async close() {
      const bound = new Promise<void>((resolve) => {
        setTimeout(resolve, CLOSE_WITHIN_MS).unref();
      });
      await Promise.race([file?.close(), bound]);
    },
  };
}

/** A logger that says nothing, for tests and tools. */
export function silentLogger(): Logger {
  return pino({ level: 'silent' });
}
