import { mkdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FirstToken } from './access.ts';
import {
  type CosServerCommand,
  type DoctorCommand,
  readCommandLine,
  type ServeCommand,
  type TokenCommand,
} from './command-line.ts';
import { startOnceDiskAllows } from './disk-fault.ts';
import { ensureDirectory } from './durable-directory.ts';
import { openLogging } from './logging.ts';
import { EnvironmentError, readEnvironment } from './settings/environment.ts';
import { loadSettings, SettingsError } from './settings/settings.ts';
import { VERSION } from './version.ts';

/** The box without a desktop: servers, CI, the demonstration and the self-test start it here. */

/** The appliance bounds its own stop (it finalizes what just ended); this is the net below it. */
const STOP_WITHIN_MS = 180_000;

/** How soon a box started by npm notices that npm is gone. */
const PARENT_CHECK_MS = 500;

/** A message for whoever typed the command, without a stack trace. */
function complain(message: string): void {
  process.stderr.write(`${message.trimEnd()}\n`);
}

/** Past the log, which is kept in files. */
function showFirstToken({ name, token }: FirstToken): void {
  complain(
    `The box can be reached by other machines, so it demands access tokens. This is the first, "${name}" of the role admin.\n` +
      `It is shown this once; make others with "box token create", or a new one in its place with "box token rotate ${name}".\n\n    ${token}\n`,
  );
}

/** Tells the parent, on stdout's only line, where the server listens. */
function announce(url: string): void {
  process.stdout.write(`${JSON.stringify({ ready: true, url, pid: process.pid })}\n`);
}

/**
 * Ends the process on SIGTERM or SIGINT: the first signal drains and exits with 0, or with 1 when draining fails or takes
 * too long; a second one exits with 1 at once.
 */
function exitOnSignals(stop: () => Promise<void>): void {
  let stopping = false;
  const onSignal = () => {
    if (stopping) {
      process.exit(1);
    }
    stopping = true;
    setTimeout(() => {
      complain(
        `Stopping took longer than ${STOP_WITHIN_MS / 1000} s; leaving. Nothing is lost: the next start goes on.`,
      );
      process.exit(1);
    }, STOP_WITHIN_MS).unref();
    stop().then(
      () => process.exit(0),
      (error: unknown) => {
        complain(`Stopping failed: ${error instanceof Error ? error.message : String(error)}`);
        process.exit(1);
      },
    );
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
  const onOrphaned = (): void => {
    if (!stopping) onSignal();
  };
  whenNpmIsGone(onOrphaned);
  // Whoever started the box with a channel, as the self-test does, wants it only as long as he is there himself.
  if (process.connected) process.once('disconnect', onOrphaned);
}

/**
 * npm runs a script through a shell that does not pass signals on: a SIGTERM for npm ends npm and the shell and leaves the box.
 * Whoever sent it meant the box, so it drains when its parent is gone.
 */
function whenNpmIsGone(stop: () => void): void {
  if (process.env.npm_lifecycle_event === undefined) return;
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    stop();
  }, PARENT_CHECK_MS);
  timer.unref();
}

async function serve(command: ServeCommand): Promise<void> {
  const environment = readEnvironment(process.env);
  ensureDirectory(command.dataDirectory, 0o700);
  const settings = loadSettings(command.dataDirectory);
  const logging = await openLogging({ directory: command.dataDirectory });
  process.on('uncaughtException', (error) => {
    logging.log.fatal({ err: error }, 'unexpected error; the box stops and goes on at its next start');
    logging.close().finally(() => process.exit(1));
  });
  const { startAppliance } = await import('./appliance.ts');
  const start = () =>
    startAppliance({
      dataDirectory: command.dataDirectory,
      host: command.host ?? settings.http.host,
      port: command.port ?? settings.http.port,
      rooms: command.rooms,
      environment,
      log: logging.log,
      showFirstToken,
    });
  const appliance = await startOnceDiskAllows(start, { log: logging.log, sleep });
  exitOnSignals(async () => {
    await appliance.stop();
    await logging.close();
  });
  announce(appliance.url);
}

async function serveCos(command: CosServerCommand): Promise<void> {
  const { startCosServer } = await import('./selftest/cos-server/index.ts');
  const { secretId, secretKey, host, port } = command;
  mkdirSync(command.dataDirectory, { recursive: true });
  const server = await startCosServer({
    directory: command.dataDirectory,
    host,
    port,
    credentials: [{ secretId, secretKey }],
  });
  exitOnSignals(() => server.close());
  announce(server.url);
}

async function examine(command: DoctorCommand): Promise<void> {
  const [{ runDoctor, DoctorError }, { exitCodeOf, printJson, printReport }] = await Promise.all([
    import('./doctor/doctor.ts'),
    import('./doctor/print.ts'),
  ]);
  try {
    const report = await runDoctor({
      ...command,
      environment: readEnvironment(process.env),
      variables: process.env,
      now: Date.now,
      say: complain,
    });
    process.stdout.write(command.json ? printJson(report) : printReport(report));
    process.exitCode = exitCodeOf(report);
  } catch (error) {
    if (!(error instanceof DoctorError)) throw error;
    complain(error.message);
    process.exitCode = 2;
  }
}

async function changeTokens(command: TokenCommand): Promise<void> {
  const { runTokenCommand } = await import('./token-command.ts');
  const { out, notes, exitCode } = runTokenCommand(command);
  process.stdout.write(out);
  if (notes !== '') complain(notes);
  process.exitCode = exitCode;
}

async function testItself(): Promise<void> {
  const [{ runSelfTestCommand }, { pickLanguage }] = await Promise.all([
    import('./self-test-command.ts'),
    import('../shared/texts/language.ts'),
  ]);
  const stopping = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => stopping.abort());
  const isWell = await runSelfTestCommand({
    ffmpegPath: readEnvironment(process.env).ffmpegPath,
    language: pickLanguage((process.env.LC_ALL || process.env.LANG || '').split(/[_.]/)[0]),
    say: (text) => process.stdout.write(`${text}\n`),
    signal: stopping.signal,
  });
  process.exitCode = isWell ? 0 : 1;
}

/** What to say about an error that kept a command from starting. */
function startComplaint(error: unknown): { message: string; exitCode: 1 | 2 } {
  if (error instanceof SettingsError || error instanceof EnvironmentError) {
    return { message: error.message, exitCode: 2 };
  }
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'EADDRINUSE') {
    return {
      message: 'The port is taken: another box may be running. Stop it, or choose another --port.',
      exitCode: 1,
    };
  }
  return { message: error instanceof Error ? `Cannot start: ${error.message}` : 'Cannot start.', exitCode: 1 };
}

// Whoever started the box may be gone by the time it prints; that must not stop it.
process.stdout.on('error', () => {});
process.stderr.on('error', () => {});

const commandLine = readCommandLine(process.argv.slice(2), VERSION);
try {
  if (commandLine.command === 'serve') {
    await serve(commandLine);
  } else if (commandLine.command === 'cos-server') {
    await serveCos(commandLine);
  } else if (commandLine.command === 'doctor') {
    await examine(commandLine);
  } else if (commandLine.command === 'self-test') {
    await testItself();
  } else if (commandLine.command === 'token') {
    await changeTokens(commandLine);
  } else if (commandLine.exitCode === 0) {
    process.stdout.write(commandLine.output);
  } else {
    complain(commandLine.output);
    process.exitCode = commandLine.exitCode;
  }
} catch (error) {
  const { message, exitCode } = startComplaint(error);
  complain(message);
  process.exit(exitCode);
}
