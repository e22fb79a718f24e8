import { createServer } from 'node:net';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { app, shell } from 'electron';
import { LANGUAGE_TAG, type Language } from '../../shared/texts/language.ts';
import { REMEDIES } from '../../shared/texts/remedies.ts';
import { type Appliance, type ApplianceOptions, startAppliance } from '../appliance.ts';
import { type DiskFault, diskFaultOf, startOnceDiskAllows } from '../disk-fault.ts';
import type { Logger } from '../logging.ts';
import { type Environment, readEnvironment } from '../settings/environment.ts';
import { openSettings } from '../settings/live-settings.ts';
import { loadSettings, SETTINGS_FILE, type Settings } from '../settings/settings.ts';
import type { DesktopArguments } from './arguments.ts';
import { showMessage } from './electron-message.ts';
import {
  planAfter,
  type StartFacts,
  type StartRemedy,
  type StartTrouble,
  startDialog,
  troubleOf,
} from './start-trouble.ts';
import { desktopText } from './texts/texts.ts';

export interface StartDeps {
  arguments: Pick<DesktopArguments, 'port' | 'rooms'>;
  dataDirectory: string;
  variables: Readonly<Record<string, string | undefined>>;
  language: Language;
  log: Logger;
  /** Whether somebody sits there and wants to see the app; nobody does at a login. */
  isAwaited(): boolean;
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

/**
 * Starts the box. When that does not work the person is asked what to do, and beside the question the box tries again by itself: nobody
 * may sit there. The question is the same as long as the trouble is. @returns null when the app is to end instead
 */
export async function startWithPerson(deps: StartDeps): Promise<StartedBox | null> {
  const beganAtMs = performance.now();
  let question: Question | null = null;
  let known: StartTrouble | null = null;
  for (;;) {
    const tried: StartedBox | { error: unknown } = await startOnce(deps).catch((error: unknown) => ({ error }));
    const answered: StartRemedy | null = question?.answered() ?? null;
    if ('appliance' in tried) {
      question?.withdraw();
      if (answered !== 'quit') return tried;
      await tried.appliance.stop();
      return null;
    }
    const trouble = troubleOf(tried.error, deps.language);
    const isNew: boolean = !isDeepStrictEqual(trouble, known);
    known = trouble;
    deps.log[isNew ? 'error' : 'debug']({ err: tried.error, trouble: trouble.kind }, 'the box did not start');
    if (isNew && answered === null) {
      question?.withdraw();
      question = null;
    }
    const { isTold, againAfterMs } = planAfter(trouble, deps.isAwaited(), performance.now() - beganAtMs);
    if (isTold) question ??= ask(trouble, await factsFor(trouble, deps), diskRemedyOf(tried.error, deps.language));
    const answer: StartRemedy | null = await answerWithin(question, againAfterMs);
    if (question === null || answer === null) continue;
    const isOver: boolean = (await carryOut(answer, question.facts, deps)) === 'quit';
    question = null;
    if (isOver) return null;
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
      const shown = showMessage({
        ...{
          type: 'warning',
          title: desktopText(language, 'disk.title'),
          message: desktopText(language, 'disk.message'),
        },
        detail: desktopText(language, 'disk.detail', { remedy: DISK_REMEDY[fault][language] }),
        buttons: [desktopText(language, 'disk.hide'), desktopText(language, 'start.quit')],
        ...{ defaultId: 0, cancelId: 0, noLink: true, signal },
      });
      void shown.then((response) => {
        if (!signal.aborted && response === 1) app.quit();
      });
    },
    over: () => closing.abort(),
  };
}

/** A question that stays open while the box tries again beside it. */
interface Question {
  facts: StartFacts;
  /** Settles when the person has decided; never once it is withdrawn. */
  answer: Promise<StartRemedy>;
  answered(): StartRemedy | null;
  withdraw(): void;
}

function ask(trouble: StartTrouble, facts: StartFacts, diskRemedy: string | null): Question {
  const { title, message, detail, buttons } = startDialog(trouble, facts);
  const closing = new AbortController();
  const { signal } = closing;
  const { promise, resolve } = Promise.withResolvers<StartRemedy>();
  let given: StartRemedy | null = null;
  const show = async (): Promise<void> => {
    const response = await showMessage({
      ...{ type: 'error', title, message, detail: diskRemedy === null ? detail : `${diskRemedy}\n\n${detail}`, signal },
      ...{ buttons: buttons.map(({ label }) => label), defaultId: 0, cancelId: buttons.length - 1, noLink: true },
    });
    if (signal.aborted) return;
    const remedy = buttons[response]?.remedy ?? 'quit';
    if (remedy === 'openFolder') {
      await shell.openPath(folderOf(trouble, facts));
      return await show();
    }
    given = remedy;
    resolve(remedy);
  };
  void show();
  return { facts, answer: promise, answered: () => given, withdraw: () => closing.abort() };
}

/** What the person decides within that time; null when nothing. Without a time it waits for the answer. */
async function answerWithin(question: Question | null, withinMs: number | null): Promise<StartRemedy | null> {
  if (withinMs === null) return question === null ? null : await question.answer;
  const { promise, resolve } = Promise.withResolvers<null>();
  const timer = setTimeout(() => resolve(null), withinMs);
  try {
    return await (question === null ? promise : Promise.race([question.answer, promise]));
  } finally {
    clearTimeout(timer);
  }
}

async function carryOut(remedy: StartRemedy, facts: StartFacts, deps: StartDeps): Promise<'again' | 'quit'> {
  if (remedy === 'usePort' && facts.freePort !== null) {
    openSettings(deps.dataDirectory).change({ http: { port: facts.freePort } });
    deps.log.info({ port: facts.freePort }, 'another port was chosen');
    return 'again';
  }
  if (remedy === 'openOther' && facts.otherConsole !== null) await shell.openExternal(facts.otherConsole);
  return remedy === 'again' ? 'again' : 'quit';
}

function folderOf({ kind }: StartTrouble, { dataDirectory, logsDirectory }: StartFacts): string {
  return kind === 'settings' || kind === 'addressAway' || kind === 'keyLocked' ? dataDirectory : logsDirectory;
}

function diskRemedyOf(error: unknown, language: Language): string | null {
  const fault = diskFaultOf(error);
  return fault === null ? null : DISK_REMEDY[fault][language];
}

async function factsFor({ kind }: StartTrouble, { arguments: args, ...deps }: StartDeps): Promise<StartFacts> {
  const { dataDirectory, language } = deps;
  const http = httpSettings(dataDirectory);
  const port = args.port ?? http?.port ?? 0;
  const host = http?.host ?? '127.0.0.1';
  const scheme = http?.tls.certPath ? 'https' : 'http';
  return {
    ...{ language, dataDirectory, port, host },
    settingsFile: path.join(dataDirectory, SETTINGS_FILE),
    logsDirectory: path.join(dataDirectory, 'logs'),
    otherConsole: kind === 'lockHeld' ? await consoleAt(`${scheme}://127.0.0.1:${port}`) : null,
    // A port that was given with the command is not the settings' business.
    freePort: kind === 'portBusy' && args.port === null ? await freePortAfter(port, host) : null,
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
