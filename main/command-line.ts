import { existsSync } from 'node:fs';
import { isIP } from 'node:net';
import path from 'node:path';
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { ROLES, type Role } from '../shared/api/route.ts';
import { isLoopbackHost } from './network/address-kind.ts';

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

/** `token`: look at or change the access tokens of a box, whether it runs or not. */
export interface TokenCommand {
  command: 'token';
  action: 'list' | 'create' | 'rotate' | 'delete';
  dataDirectory: string;
  /** Empty for `list`. */
  name: string;
  /** Of a new token. */
  role: Role;
  /** The new token is one of another box, read from stdin: arguments can be seen by others. */
  fromStdin: boolean;
}

/** `self-test`: record a simulated room from end to end and judge what comes of it. */
export interface SelfTestCommand {
  command: 'self-test';
}

export type CommandLine =
  | ServeCommand
  | SelfTestCommand
  | TokenCommand
  | DoctorCommand
  | CosServerCommand
  /** Nothing to run: `output` is help or the version for stdout (exit code 0), or a complaint for stderr (exit code 2). */
  | { command: 'print'; exitCode: 0 | 2; output: string };

function parsePort(value: string): number {
  const port = /^[0-9]{1,5}$/.test(value) ? Number(value) : Number.NaN;
  if (!(port <= 65_535)) {
    throw new InvalidArgumentError('Give a number from 0 (any free port) to 65535.');
  }
  return port;
}

function parseHost(value: string): string {
  if (isIP(value) === 0 && !/^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$/.test(value)) {
    throw new InvalidArgumentError('Give an address or a host name of this machine, without scheme and port.');
  }
  return value;
}

function parseOwnHost(value: string): string {
  if (!isLoopbackHost(value)) {
    throw new InvalidArgumentError('The stand-in is for this machine only: give 127.0.0.1, ::1 or localhost.');
  }
  return value;
}

function parseTokenName(value: string): string {
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(value)) {
    throw new InvalidArgumentError(
      'Give 1 to 64 letters, digits, dots, hyphens and underlines; the first a letter or digit.',
    );
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
      'address to listen on; others than those of this machine alone need an access token (default: from settings.json, 127.0.0.1)',
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
    .option('--host <host>', 'address to listen on, this machine only', parseOwnHost, '127.0.0.1')
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

  addSelfTestCommand(program, (command) => {
    result = command;
  });

  addTokenCommands(program, (command) => {
    result = command;
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

interface TokenOptions {
  data: string;
  role?: Role;
  stdin?: boolean;
}

function addSelfTestCommand(program: Command, run: (command: SelfTestCommand) => void): void {
  program
    .command('self-test')
    .description(
      'record a simulated room from request to callback on this machine; exit code 1 when something is wrong',
    )
    .action(() => run({ command: 'self-test' }));
}

function addTokenCommands(program: Command, run: (command: TokenCommand) => void): void {
  const tokens = program.command('token').description('look at and change the access tokens of a box, running or not');
  const add = (action: TokenCommand['action'], description: string): Command =>
    tokens
      .command(action)
      .description(description)
      .requiredOption('--data <directory>', 'data directory of the box', parseText);
  const read = (action: TokenCommand['action'], name: string, options: TokenOptions): void =>
    run({
      ...{ command: 'token', action, name, dataDirectory: path.resolve(options.data) },
      ...{ role: options.role ?? 'record', fromStdin: options.stdin === true },
    });

  add('list', 'print names, roles and last uses').action((options) => read('list', '', options));
  add('create', 'make a token and print it: it is shown this once')
    .argument('<name>', 'name of the token', parseTokenName)
    .addOption(new Option('--role <role>', 'what it may do').choices(ROLES).makeOptionMandatory())
    .option('--stdin', 'take a token that another box made, from stdin: one token for all boxes of a fleet')
    .action((name: string, options) => read('create', name, options));
  add('rotate', 'print a new secret for a token; the old one ends at once')
    .argument('<name>', 'name of the token', parseTokenName)
    .action((name: string, options) => read('rotate', name, options));
  add('delete', 'end a token')
    .argument('<name>', 'name of the token', parseTokenName)
    .action((name: string, options) => read('delete', name, options));
}
