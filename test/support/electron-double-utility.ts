import { type ChildProcess, fork } from 'node:child_process';
import { EventEmitter } from 'node:events';
import type { Readable } from 'node:stream';
import type * as Electron from 'electron';

/**
 * Electron's utility process as a real Node process: `process.parentPort` is there, made of Node's own channel. That the process would
 * also run with Electron's fuses, and what Chromium does to its environment, is not proven.
 */

/** Runs before the script: gives the child the port to its parent. */
const PORT = `
import { EventEmitter } from 'node:events';
const port = new EventEmitter();
const send = process.send.bind(process);
port.postMessage = (message) => send(message, () => {});
port.start = () => {};
process.on('message', (data) => port.emit('message', { data, ports: [] }));
process.parentPort = port;
delete process.send;
`;

export class DoubleUtilityProcess extends EventEmitter {
  /** Every one that was started. */
  static readonly all: DoubleUtilityProcess[] = [];
  static readonly fork = (
    modulePath: string,
    args: string[] = [],
    options: Electron.ForkOptions = {},
  ): DoubleUtilityProcess => new DoubleUtilityProcess(modulePath, args, options);
  readonly stdout: Readable | null;
  readonly stderr: Readable | null;
  readonly serviceName: string;
  private readonly child: ChildProcess;
  private ended = false;
  constructor(modulePath: string, args: string[], options: Electron.ForkOptions) {
    super();
    this.serviceName = options.serviceName ?? 'Node Utility Process';
    const stdio = (typeof options.stdio === 'string' ? options.stdio : options.stdio?.[1]) as 'pipe' | undefined;
    this.child = fork(modulePath, args, {
      execArgv: ['--import', `data:text/javascript,${encodeURIComponent(PORT)}`, ...(options.execArgv ?? [])],
      env: options.env as NodeJS.ProcessEnv,
      serialization: 'advanced',
      stdio: ['ignore', stdio ?? 'inherit', stdio ?? 'inherit', 'ipc'],
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    });
    this.stdout = this.child.stdout;
    this.stderr = this.child.stderr;
    this.child.on('spawn', () => this.emit('spawn'));
    this.child.on('message', (message) => this.emit('message', message));
    this.child.on('close', (code) => this.end(code ?? 1));
    this.child.on('error', () => {
      if (this.child.pid === undefined) this.end(1);
    });
    DoubleUtilityProcess.all.push(this);
  }
  get pid(): number | undefined {
    return this.ended ? undefined : this.child.pid;
  }
  postMessage = (message: unknown): void => {
    if (this.child.connected) this.child.send(message as object, () => {});
  };
  kill = (): boolean => !this.ended && this.child.kill('SIGTERM');
  private end(code: number): void {
    if (this.ended) return;
    this.ended = true;
    this.emit('exit', code);
  }
}

type Used = 'pid' | 'postMessage' | 'kill';
({}) as DoubleUtilityProcess satisfies Pick<Electron.UtilityProcess, Used>;
