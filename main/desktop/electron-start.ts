import { createServer } from 'node:net';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { app, dialog, shell } from 'electron';
import { LANGUAGE_TAG, type Language } from '../../shared/texts/language.ts';
import { REMEDIES } from '../../shared/texts/remedies.ts';
import { type Appliance, type ApplianceOptions, startAppliance } from '../appliance.ts';
import { type DiskFault, diskFaultOf, startOnceDiskAllows } from '../disk-fault.ts';
import type { Logger } from '../logging.ts';
import { type Environment, readEnvironment } from '../settings/environment.ts';
import { openSettings } from '../settings/live-settings.ts';
import { loadSettings, SETTINGS_FILE, type Settings } from '../settings/settings.ts';
import type { DesktopArguments } from './arguments.ts';
import { type StartFacts, type StartRemedy, startDialog, troubleOf } from './start-trouble.ts';
import { desktopText } from './texts/texts.ts';

export interface StartDeps {
  arguments: Pick<DesktopArguments, 'port' | 'rooms'>;
  dataDirectory: string;
  variables: Readonly<Record<string, string | undefined>>;
  language: Language;
  log: Logger;
  /** What the desktop gives the box beside that; asked anew for each try. */
  partsFor(settings: Settings): Partial<ApplianceOptions>;
}

export interface StartedBox {
  appliance: Appliance;
  /** As they were at the start. */
  settings: Settings;
  environment: Environment;
}

/** How long a box that has the data may take to show that it is there. */
const PROBE_WITHIN_MS = 1500;
const PORTS_TRIED = 50;

const DISK_REMEDY: Readonly<Record<DiskFault, { readonly [Key in Language]: string }>> = {
  DISK_FULL: REMEDIES.diskFull,
  DISK_READ_ONLY: REMEDIES.diskReadOnly,
  DISK_DENIED: REMEDIES.diskDenied,
  DISK_ERROR: REMEDIES.diskError,
  DISK_AWAY: REMEDIES.diskAway,
};

/** Starts the box, and asks the person what to do as often as it does not start. @returns null when the app is to end instead */
export async function startWithPerson(deps: StartDeps): Promise<StartedBox | null> {
  for (;;) {
    try {
      return await startOnce(deps);
    } catch (error) {
      deps.log.error({ err: error }, 'the box did not start');
      if ((await remedyFor(error, deps)) === 'quit') return null;
    }
  }
}

async function startOnce({ arguments: { port, rooms }, ...deps }: StartDeps): Promise<StartedBox> {
  const { dataDirectory, variables, log } = deps;
  const environment = readEnvironment(variables);
  const settings = loadSettings(dataDirectory);
  const waiting = tellOfDisk(deps.language);
  const start = async (): Promise<Appliance> => {
    try {
      return await startAppliance({
        ...{ dataDirectory, rooms, environment, log },
        ...(port === null ? {} : { port }),
        ...deps.partsFor(settings),
      });
    } catch (error) {
      waiting.failed(error);
      throw error;
    }
  };
  try {
    return { appliance: await startOnceDiskAllows(start, { log, sleep }), settings, environment };
  } finally {
    waiting.over();
  }
}

/** A full disk is waited for, and the person is told once that it is. */
function tellOfDisk(language: Language): { failed(error: unknown): void; over(): void } {
  const closing = new AbortController();
  let isTold = false;
  return {
    failed(error) {
      const fault = diskFaultOf(error);
      if (fault === null || fault === 'DISK_DENIED' || isTold) return;
      isTold = true;
      const { signal } = closing;
      const shown = dialog.showMessageBox({
        ...{
          type: 'warning',
          title: desktopText(language, 'disk.title'),
          message: desktopText(language, 'disk.message'),
        },
        detail: desktopText(language, 'disk.detail', { remedy: DISK_REMEDY[fault][language] }),
        buttons: [desktopText(language, 'disk.hide'), desktopText(language, 'start.quit')],
        ...{ defaultId: 0, cancelId: 0, noLink: true, signal },
      });
      void shown.then(({ response }) => {
        if (!signal.aborted && response === 1) app.quit();
      });
    },
    over: () => closing.abort(),
  };
}

/** Asks until the answer is to try again or to quit; carries out what was chosen. */
async function remedyFor(error: unknown, deps: StartDeps): Promise<'again' | 'quit'> {
  const { language, dataDirectory, log } = deps;
  const facts = await factsFor(error, deps);
  const { title, message, detail, buttons } = startDialog(troubleOf(error, language), facts);
  for (;;) {
    const { response } = await dialog.showMessageBox({
      ...{ type: 'error', title, message, detail: withDiskRemedy(detail, error, language) },
      ...{ buttons: buttons.map(({ label }) => label), defaultId: 0, cancelId: buttons.length - 1, noLink: true },
    });
    const remedy: StartRemedy = buttons[response]?.remedy ?? 'quit';
    if (remedy === 'again' || remedy === 'quit') return remedy;
    if (remedy === 'openFolder') {
      await shell.openPath(troubleOf(error, language).kind === 'settings' ? dataDirectory : facts.logsDirectory);
    } else if (remedy === 'usePort' && facts.freePort !== null) {
      openSettings(dataDirectory).change({ http: { port: facts.freePort } });
      log.info({ port: facts.freePort }, 'another port was chosen');
      return 'again';
    } else if (remedy === 'openOther' && facts.otherConsole !== null) {
      await shell.openExternal(facts.otherConsole);
      return 'quit';
    }
  }
}

function withDiskRemedy(detail: string, error: unknown, language: Language): string {
  const fault = diskFaultOf(error);
  return fault === null ? detail : `${DISK_REMEDY[fault][language]}\n\n${detail}`;
}

async function factsFor(error: unknown, { arguments: args, ...deps }: StartDeps): Promise<StartFacts> {
  const { dataDirectory, language } = deps;
  const http = httpSettings(dataDirectory);
  const port = args.port ?? http?.port ?? 0;
  const kind = troubleOf(error, language).kind;
  const scheme = http?.tls.certPath ? 'https' : 'http';
  return {
    ...{ language, dataDirectory, port },
    settingsFile: path.join(dataDirectory, SETTINGS_FILE),
    logsDirectory: path.join(dataDirectory, 'logs'),
    otherConsole: kind === 'lockHeld' ? await consoleAt(`${scheme}://127.0.0.1:${port}`) : null,
    // A port that was given with the command is not the settings' business.
    freePort: kind === 'portBusy' && args.port === null ? await freePortAfter(port, http?.host ?? '127.0.0.1') : null,
  };
}

function httpSettings(dataDirectory: string): Settings['http'] | null {
  try {
    return loadSettings(dataDirectory).http;
  } catch {
    return null;
  }
}

/** @returns the address when a box answers there */
async function consoleAt(origin: string): Promise<string | null> {
  try {
    const answer = await fetch(`${origin}/healthz`, {
      headers: { accept: 'application/json', 'accept-language': LANGUAGE_TAG.en },
      signal: AbortSignal.timeout(PROBE_WITHIN_MS),
    });
    const body: unknown = await answer.json();
    return typeof body === 'object' && body !== null ? `${origin}/` : null;
  } catch {
    return null;
  }
}

async function freePortAfter(port: number, host: string): Promise<number | null> {
  for (let candidate = port + 1; candidate <= Math.min(65_535, port + PORTS_TRIED); candidate += 1) {
    if (await isFree(candidate, host)) return candidate;
  }
  return null;
}

function isFree(port: number, host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host, exclusive: true }, () => server.close(() => resolve(true)));
  });
}
