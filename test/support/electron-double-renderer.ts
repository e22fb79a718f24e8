import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

/**
 * The process of a window whose page has Node, as a real Node process: preload script and page run in it, with the renderer's half of
 * Electron's IPC and the little of a document that the SDK looks at. Not proven: that Electron's own renderer loads the preload script as
 * an ES module, that Node's timers and streams work beside Chromium's, and what the page's policy allows.
 */
export interface DoubleRenderer {
  readonly pid: number | undefined;
  send(channel: string, message: unknown): void;
  /** At once, as Chromium ends the process of a window that is gone. */
  kill(): void;
}

export interface RendererEvents {
  onMessage(channel: string, message: unknown): void;
  onPreloadError(error: Error): void;
  onGone(exitCode: number): void;
}

interface Told {
  channel?: string;
  message?: unknown;
  preloadError?: string;
}

const BOOT = `
import { EventEmitter } from 'node:events';
import { registerHooks } from 'node:module';
const tell = process.send.bind(process);
const ipcRenderer = new EventEmitter();
ipcRenderer.send = (channel, message) => tell({ channel, message }, () => {});
process.on('message', ({ channel, message }) => ipcRenderer.emit(channel, {}, message));
process.on('disconnect', () => process.exit(0));
delete process.send;
const NAME = 'double:electron';
globalThis[NAME] = ipcRenderer;
registerHooks({
  resolve: (specifier, context, next) =>
    specifier === 'electron' ? { url: NAME, format: 'module', shortCircuit: true } : next(specifier, context),
  load: (url, context, next) =>
    url === NAME
      ? { format: 'module', source: 'export const ipcRenderer = globalThis["' + NAME + '"];', shortCircuit: true }
      : next(url, context),
});
const page = new EventTarget();
const listeners = { addEventListener: page.addEventListener.bind(page), removeEventListener: () => {} };
Object.assign(globalThis, listeners, {
  window: globalThis,
  devicePixelRatio: 1,
  matchMedia: () => listeners,
  document: { hidden: false, isOfDouble: true, createElement: () => ({ getContext: () => null }), ...listeners },
});
const [preload, ...scripts] = process.argv.slice(1);
try {
  await import(preload);
} catch (error) {
  tell({ preloadError: String(error) }, () => {});
}
for (const script of scripts) await import(script);
`;

/** Runs a preload script and then the scripts of a page. */
export function startRenderer(preload: string, page: string, events: RendererEvents): DoubleRenderer {
  const scripts = [...readFileSync(page, 'utf8').matchAll(/<script[^>]* src="([^"]+)"/g)].map(([, file]) =>
    path.join(path.dirname(page), file!),
  );
  const files = [preload, ...scripts.map(asItLies)].map((file) => pathToFileURL(file).href);
  const options = ['--disable-warning=ExperimentalWarning', '--input-type=module', '--eval', BOOT];
  const child = spawn(process.execPath, [...options, ...files], {
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  child.on('message', (message) => {
    const told = message as Told;
    if (told.preloadError !== undefined) events.onPreloadError(new Error(told.preloadError));
    else events.onMessage(told.channel ?? '', told.message);
  });
  child.on('close', (code, signal) => events.onGone(code ?? (signal === 'SIGKILL' ? 9 : 1)));
  return {
    get pid() {
      return child.pid;
    },
    send: (channel, message) => void (child.connected && child.send({ channel, message }, () => {})),
    kill: () => void child.kill('SIGKILL'),
  };
}

/** A page names what the build makes; a checkout has the source. */
function asItLies(file: string): string {
  return existsSync(file) ? file : file.replace(/\.js$/, '.ts');
}
