import { existsSync } from 'node:fs';
import { BlockList, isIP } from 'node:net';
import path from 'node:path';
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';

/** The command line of the box without a desktop: what may be typed, and what is said when it is wrong. */

/** `serve`: run the box. Null host or port: as the settings say. */
export interface ServeCommand {
  command: 'serve';
  dataDirectory: string;
  host: string | null;
  port: number | null;
  rooms: { kind: 'trtc' } | { kind: 'simulated'; scenarioPath: string };
}

/** `cos-server`: run the local stand-in for COS. */
export interface CosServerCommand {
  command: 'cos-server';
  dataDirectory: string;
  host: string;
  port: number;
  secretId: string;
  /** Secret: never printed. */
  secretKey: string;
}

/** `doctor`: examine a box, and mend what is safe to mend when asked to. */
export interface DoctorCommand {
  command: 'doctor';
  dataDirectory: string;
  rooms: 'trtc' | 'simulated';
  deep: boolean;
  cos: boolean;
  repair: boolean;
  json: boolean;
}

export type CommandLine =
  | ServeCommand
  | DoctorCommand
  | CosServerCommand
  /** Nothing to run: `output` is help or the version for stdout (exit code 0), or a complaint for stderr (exit code 2). */
  | { command: 'print'; exitCode: 0 | 2; output: string };

/** What is said when a host is refused; also used for a host from the settings file. */
export function hostComplaint(host: string): string {
  return `The box listens only on this machine (127.0.0.1, ::1 or localhost) for now, not on "${host}": it has no access tokens yet, so anybody on the network could start and see recordings. Put a reverse proxy with its own access control in front of it.`;
}

/** True for names and addresses that other machines cannot reach. */
export function isLoopback(host: string): boolean {
  if (host === 'localhost') {
    return true;
  }
  const version = isIP(host);
  const loopback = new BlockList();
  loopback.addSubnet('127.0.0.0', 8, 'ipv4');
  loopback.addAddress('::1', 'ipv6');
  return version !== 0 && loopback.check(host, version === 6 ? 'ipv6' : 'ipv4');
}

function parsePort(value: string): number {
  const port = /^[0-9]{1,5}$/.test(value) ? Number(value) : Number.NaN;
  if (!(port <= 65_535)) {
    throw new InvalidArgumentError('Give a number from 0 (any free port) to 65535.');
  }
  return port;
}

function parseHost(value: string): string {
  if (!isLoopback(value)) {
    throw new InvalidArgumentError(hostComplaint(value));
  }
  return value;
}

function parseScenario(value: string): string {
  const scenarioPath = path.resolve(value);
  if (!existsSync(scenarioPath)) {
    throw new InvalidArgumentError('There is no such file.');
  }
  return scenarioPath;
}

function parseText(value: string): string {
  if (value.trim() === '') {
    throw new InvalidArgumentError('It must not be empty.');
  }
  return value;
}

interface ServeOptions {
  data: string;
  host?: string;
  port?: number;
  rooms: 'trtc' | 'simulated';
  scenario?: string;
}

interface CosServerOptions {
  data: string;
  host: string;
  port: number;
  secretId: string;
  secretKey: string;
}

function readRooms(command: Command, options: ServeOptions): ServeCommand['rooms'] {
  if (options.rooms === 'simulated') {
    return options.scenario === undefined
      ? command.error(
          "error: option '--rooms simulated' needs '--scenario <file>': the file that says who enters and when",
        )
      : { kind: 'simulated', scenarioPath: options.scenario };
  }
  return options.scenario === undefined
    ? { kind: 'trtc' }
    : command.error("error: option '--scenario' belongs to '--rooms simulated'; real rooms follow no file");
}

/** Reads the arguments (without node and script). Starts nothing and never exits. */
export function readCommandLine(args: readonly string[], version: string): CommandLine {
  let result: CommandLine | undefined;
  let output = '';
  const collect = (text: string) => {
    output += text;
  };
  const program = new Command('box');
  program
    .description('Records TRTC rooms on your own hardware.')
    .version(version)
    .exitOverride()
    .configureOutput({ writeOut: collect, writeErr: collect });

  program
    .command('serve')
    .description('run the box; prints one line of JSON on stdout once it listens')
    .requiredOption('--data <directory>', 'where the box keeps its database, secrets, logs and recordings', parseText)
    .option(
      '--host <host>',
      'address to listen on, this machine only (default: from settings.json, 127.0.0.1)',
      parseHost,
    )
    .option('--port <number>', 'port to listen on, 0 for any (default: from settings.json, 8787)', parsePort)
    .addOption(new Option('--rooms <source>', 'where rooms come from').choices(['trtc', 'simulated']).default('trtc'))
    .option('--scenario <file>', 'with simulated rooms: who enters and when', parseScenario)
    .action((options: ServeOptions, command: Command) => {
      result = {
        command: 'serve',
        dataDirectory: path.resolve(options.data),
        host: options.host ?? null,
        port: options.port ?? null,
        rooms: readRooms(command, options),
      };
    });

  program
    .command('cos-server')
    .description('run a local stand-in for COS, for demonstrations and tests')
    .requiredOption('--data <directory>', 'where it keeps objects', parseText)
    .requiredOption('--port <number>', 'port to listen on, 0 for any', parsePort)
    .option('--host <host>', 'address to listen on, this machine only', parseHost, '127.0.0.1')
    .requiredOption('--secret-id <id>', 'the SecretId it accepts', parseText)
    .requiredOption('--secret-key <key>', 'the SecretKey it accepts', parseText)
    .action((options: CosServerOptions) => {
      const { host, port, secretId, secretKey } = options;
      result = { command: 'cos-server', dataDirectory: path.resolve(options.data), host, port, secretId, secretKey };
    });

  program
    .command('doctor')
    .description('examine database, files, objects, keys and machine; exit code 1 when something is wrong')
    .requiredOption('--data <directory>', 'data directory of the box', parseText)
    .option('--deep', 'read every file and ask COS for uploads left open; takes a while', false)
    .option('--repair', 'mend what is safe to mend; the box must be stopped, nothing is deleted', false)
    .option('--no-cos', 'ask COS nothing')
    .option('--json', 'print one JSON object instead of a table', false)
    .addOption(new Option('--rooms <source>', 'where rooms come from').choices(['trtc', 'simulated']).default('trtc'))
    .action(({ data, ...options }: Omit<DoctorCommand, 'command' | 'dataDirectory'> & { data: string }) => {
      result = { command: 'doctor', dataDirectory: path.resolve(data), ...options };
    });

  try {
    program.parse(args, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) {
      throw error;
    }
    return { command: 'print', exitCode: error.exitCode === 0 ? 0 : 2, output };
  }
  return result ?? { command: 'print', exitCode: 2, output };
}
