import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { vi } from 'vitest';
import { type PartialSettings, SETTINGS_FILE } from '../../main/settings/settings.ts';
import { lockDirectory } from '../../main/store/directory-lock.ts';
import type { RecordingAnswer } from '../../shared/api/views.ts';
import { makeDirectory, removeDirectory, sampleRequest, writeScenario } from './box.ts';
import { COLOURS, makeClip, TONES_HZ } from './clips.ts';
import type * as ElectronDouble from './electron-double.ts';
import { NOWHERE, QUIET_KEYS } from './quiet-box.ts';
import { productFfmpeg } from './rig.ts';

/**
 * The desktop app as a whole, started by its real entry over the double of Electron, with a real box and simulated rooms. What a person
 * or the system does is done to the double.
 */
export interface DesktopRig {
  dataDirectory: string;
  /** Runs `main/electron.ts`; resolves when it has done its own, at work or ended. */
  start(args?: readonly string[], options?: StartOptions): Promise<void>;
  /** The console's window. Throws when there is none. */
  window(): (typeof ElectronDouble.double.windows)[number];
  /** The hidden windows in which recordings run. */
  captureWindows(): (typeof ElectronDouble.double.windows)[number][];
  /** What the page would get from the box, with the headers that its session sends. */
  fetch(route: string, init?: RequestInit): Promise<Response>;
  /** Starts recording a room and waits until it is under way and the app knows of it. @returns its id */
  record(room?: number): Promise<string>;
  recording(id: string): Promise<RecordingAnswer>;
  /** Waits for a dialog with these words. */
  dialog(words: RegExp): Promise<ElectronDouble.ShownDialog>;
  /** Waits for the end of the app. */
  exitCode(): Promise<number>;
  /** Waits until the box has let go of its data: one that was left by force still finishes in this process. */
  settled(): Promise<void>;
  /** All files of the data directory that hold this text, by name. */
  filesWith(text: string): Promise<string[]>;
  /** Ends the app if it still runs, and takes everything away. */
  close(): Promise<void>;
}

export interface StartOptions extends ElectronDouble.DoubleOptions {
  /** The system that the entry sees; the rest of the product sees the real one. */
  platform?: NodeJS.Platform;
}

const WAIT = { timeout: 45_000, interval: 50 } as const;
/** As long as somebody needs for the questions of a start. */
const START_WAIT = { timeout: 60_000, interval: 20 } as const;
const PROCESS_EVENTS = ['SIGTERM', 'SIGINT', 'SIGHUP', 'uncaughtException'] as const;
const VARIABLES: Readonly<Record<string, string>> = {
  RECORDER_COS_ENDPOINT: NOWHERE,
  RECORDER_COS_SECRET_ID: QUIET_KEYS.secretId,
  RECORDER_COS_SECRET_KEY: QUIET_KEYS.secretKey,
};

export async function createDesktopRig(
  electron: typeof ElectronDouble,
  settings: PartialSettings = {},
): Promise<DesktopRig> {
  const { double } = electron;
  const directory = await makeDirectory('desktop');
  const dataDirectory = path.join(directory, 'box');
  await mkdir(dataDirectory);
  await writeFile(path.join(dataDirectory, SETTINGS_FILE), JSON.stringify({ ...SMALL, ...settings }));
  const clip = await makeClip(await productFfmpeg(), directory, 'user_0', {
    ...{ colour: COLOURS[0]!, toneHz: TONES_HZ[0]!, seconds: 3, size: '320x180' },
  });
  const participants = [{ userId: 'user_a', media: clip }];
  const scenario = await writeScenario(directory, { 1: { participants }, 2: { participants } });
  const argv = process.argv;
  // The log is looked at in its file.
  const quiet = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  const before = new Map(PROCESS_EVENTS.map((name) => [name, process.listeners(name as 'SIGTERM')]));
  for (const [name, value] of Object.entries(VARIABLES)) vi.stubEnv(name, value);
  /** Listeners that the app left on this process, which goes on here. */
  const forget = (): void => {
    for (const [name, known] of before) {
      for (const listener of process.listeners(name as 'SIGTERM')) {
        if (!known.includes(listener)) process.off(name, listener);
      }
    }
  };
  const captureWindows = () => double.windows.filter(({ options }) => options.webPreferences?.nodeIntegration);
  const rig: DesktopRig = {
    dataDirectory,
    captureWindows,
    async start(args = ['--port', '0'], { platform = process.platform, ...options } = {}) {
      forget();
      double.reset({ directory, isReadyLater: true, ...options });
      const rooms = ['--rooms', 'simulated', '--scenario', scenario];
      process.argv = ['electron', 'main/electron.ts', '--data', dataDirectory, ...rooms, ...args];
      vi.resetModules();
      await import('../../main/desktop/electron-desktop.ts');
      const system = process.platform;
      Object.defineProperty(process, 'platform', { value: platform });
      await import('../../main/electron.ts').finally(() =>
        Object.defineProperty(process, 'platform', { value: system }),
      );
      double.becomeReady();
      await vi.waitFor(() => {
        if (double.exitCode === null && double.trays.length === 0) throw new Error('the app is still starting');
      }, START_WAIT);
    },
    window() {
      const window = double.windows.find((one) => !captureWindows().includes(one));
      if (!window) throw new Error('the app has no window');
      return window;
    },
    async fetch(route, init = {}) {
      const { webContents } = rig.window();
      const url = new URL(route, webContents.getURL()).href;
      const headers = webContents.session.headersOf(url, init.headers as Record<string, string>);
      return await fetch(url, { ...init, headers: headers as Record<string, string> });
    },
    async record(room = 1) {
      const response = await rig.fetch('/api/recordings', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(sampleRequest({ RoomId: room, UserId: `rec_${room}`, Callback: `${NOWHERE}/` })),
      });
      const body = (await response.json()) as { id?: string };
      if (!body.id) throw new Error(JSON.stringify(body));
      const { id } = body;
      await vi.waitFor(async () => {
        const { state } = await rig.recording(id);
        if (state !== 'recording') throw new Error(`the recording is ${state}`);
        // What the app goes by when the box is slow to say how many run.
        if (double.powerBlockers.size === 0) throw new Error('the app does not know that something is recorded');
      }, WAIT);
      return id;
    },
    recording: async (id) => (await (await rig.fetch(`/api/recordings/${id}`)).json()) as RecordingAnswer,
    dialog: async (words) =>
      await vi.waitFor(() => {
        const found = double.dialog(words);
        if (!found) throw new Error(`no dialog says ${words}; ${double.dialogs.map((one) => one.options.message)}`);
        return found;
      }, WAIT),
    exitCode: async () =>
      await vi.waitFor(() => {
        if (double.exitCode === null) throw new Error('the app still runs');
        return double.exitCode;
      }, WAIT),
    settled: async () => {
      await vi.waitFor(() => lockDirectory(dataDirectory, 0).release(), { ...WAIT, timeout: 60_000 });
    },
    filesWith: async (text) => {
      const names = (await readdir(dataDirectory, { recursive: true, withFileTypes: true })).filter((one) =>
        one.isFile(),
      );
      const files = names.map((one) => path.join(one.parentPath, one.name));
      const found = await Promise.all(files.map(async (file) => (await contentOf(file)).includes(text)));
      return files.filter((_, index) => found[index]);
    },
    async close() {
      if (double.exitCode === null && double.trays.length > 0) {
        electron.powerMonitor.emit('shutdown');
        await rig.exitCode();
      }
      await rig.settled();
      forget();
      quiet.mockRestore();
      process.argv = argv;
      vi.unstubAllEnvs();
      await removeDirectory(directory);
    },
  };
  return rig;
}

/** Of a file that went away meanwhile, as the box's temporary ones do: nothing. */
async function contentOf(file: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return Buffer.alloc(0);
    throw error;
  }
}

const SMALL: PartialSettings = {
  video: { width: 320, height: 180, preset: 'ultrafast' },
  limits: { exitTimeoutMs: 500 },
  disk: { reserveBytes: 0, dataReserveBytes: 0 },
};
