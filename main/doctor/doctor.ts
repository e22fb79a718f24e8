import { existsSync } from 'node:fs';
import path from 'node:path';
import { systemClock } from '../delivery/clock.ts';
import type { CosClient } from '../delivery/cos/cos-client.ts';
import { clientFor } from '../delivery/upload-step.ts';
import { createUploads } from '../delivery/uploads.ts';
import { silentLogger } from '../logging.ts';
import { foldersOf } from '../recordings/folders.ts';
import type { Environment } from '../settings/environment.ts';
import { isKeyInKeychain, readFileSecretBox } from '../settings/secrets.ts';
import { defaultSettings, loadSettings, type Settings, SettingsError } from '../settings/settings.ts';
import { BACKUP_FOLDER } from '../store/backup.ts';
import { DirectoryInUseError, lockDirectory } from '../store/directory-lock.ts';
import type { RecordingRow } from '../store/rows.ts';
import { openStore, type Store } from '../store/store.ts';
import { checkBackups, checkDatabase, checkSecrets, isBoxRunning } from './check-database.ts';
import { checkFiles } from './check-files.ts';
import { checkAddon, checkClock, checkDisk, checkFfmpeg } from './check-machine.ts';
import { checkObjects } from './check-objects.ts';
import { type Finding, finding } from './finding.ts';
import type { Report } from './print.ts';
import { carryOut, type RepairResult } from './repair.ts';

export interface DoctorOptions {
  dataDirectory: string;
  environment: Environment;
  /** Environment variables, for the proxies they name. */
  variables: NodeJS.ProcessEnv;
  rooms: 'trtc' | 'simulated';
  /** Reads every file, and asks COS for uploads left open. */
  deep: boolean;
  /** Asks COS. */
  cos: boolean;
  /** Mends what is safe to mend. */
  repair: boolean;
  /** Wall clock, ms since 1970. */
  now(): number;
  /** Told before and while something is repaired. */
  say(line: string): void;
}

/** There is nothing to examine, or nothing may be repaired now. The message says why. */
export class DoctorError extends Error {
  readonly code: 'NO_DATA_DIRECTORY' | 'BOX_IS_RUNNING';
  constructor(code: DoctorError['code'], message: string) {
    super(message);
    this.name = 'DoctorError';
    this.code = code;
  }
}

/**
 * Examines a box: its database, files, objects, keys and machine. Changes nothing unless asked to repair; then the directory is locked
 * against a box, what will be done is said before, and everything is examined again afterwards.
 * @throws DoctorError
 */
export async function runDoctor(options: DoctorOptions): Promise<Report> {
  const { dataDirectory, repair } = options;
  if (!existsSync(dataDirectory)) {
    throw new DoctorError(
      'NO_DATA_DIRECTORY',
      `there is no ${dataDirectory}. Give the data directory of a box with --data.`,
    );
  }
  if (!repair) return { findings: await examine(options, isBoxRunning(dataDirectory)), repairs: null };
  const lock = lockForRepair(dataDirectory);
  try {
    const repairs = await repairAll(options, await examine(options, false));
    let findings = await examine(options, false);
    if (repairs.some(({ finding: { repair: done } }) => done?.kind === 'restoreDatabase')) {
      // What the rows say could be looked at only now.
      repairs.push(...(await repairAll(options, findings)));
      findings = await examine(options, false);
    }
    return { findings, repairs };
  } finally {
    lock.release();
  }
}

function lockForRepair(dataDirectory: string): { release(): void } {
  try {
    return lockDirectory(dataDirectory);
  } catch (error) {
    if (!(error instanceof DirectoryInUseError)) throw error;
    const message = `a box is running on ${dataDirectory}. Stop it first; without --repair the doctor only looks.`;
    throw new DoctorError('BOX_IS_RUNNING', message);
  }
}

async function examine(options: DoctorOptions, boxRuns: boolean): Promise<Finding[]> {
  const { dataDirectory, environment, deep, rooms, now } = options;
  const { settings, findings } = readSettings(dataDirectory);
  findings.push(finding('box', 'ok', boxRuns ? 'running' : 'not running', { about: dataDirectory }));
  const { findings: ofDatabase, store } = checkDatabase(dataDirectory, now);
  findings.push(...ofDatabase, ...checkBackups(dataDirectory, settings.backup, now()));
  const places = placesOf(options, settings, store);
  try {
    if (store) {
      const isLocked = isKeyInKeychain(dataDirectory);
      findings.push(...(isLocked ? [IN_KEYCHAIN] : checkSecrets(store)));
      findings.push(...(await checkFiles({ store, ...places, deep, isBoxRunning: boxRuns })));
      if (options.cos && !isLocked) {
        const client = clientsOf(options, store, settings);
        findings.push(...(await checkObjects({ store, clientFor: client, deep })));
      }
    }
    findings.push(...(await checkDisk({ ...places, dataDirectory }, settings.disk)), checkClock(store, now()));
  } finally {
    store?.close();
  }
  return [...findings, await checkFfmpeg(environment), checkAddon(rooms)];
}

const IN_KEYCHAIN = finding(
  'secrets',
  'note',
  'their key is in the keychain of the desktop app: neither they nor what they give access to in COS were looked at',
  { remedy: 'Try COS access in the settings of the console. The app says at its start when it cannot open the key.' },
);

function readSettings(dataDirectory: string): { settings: Settings; findings: Finding[] } {
  try {
    return { settings: loadSettings(dataDirectory), findings: [] };
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    const remedy = 'Correct settings.json; the box does not start with it. The defaults were used for what follows.';
    return { settings: defaultSettings(), findings: [finding('settings', 'problem', error.message, { remedy })] };
  }
}

function placesOf(
  { dataDirectory, environment }: DoctorOptions,
  settings: Settings,
  store: Store | null,
): { recordingsDirectory: string; directoryOf(recordingId: string): string } {
  const { main, directoryOf } = foldersOf({ dataDirectory, environment, settings }, store);
  return { recordingsDirectory: main, directoryOf };
}

/** The same keys, proxy and authorities as the box's own; nothing is written for it. */
function clientsOf(
  { environment, variables }: DoctorOptions,
  store: Store,
  settings: Settings,
): (recording: RecordingRow) => CosClient | null {
  const boxSecrets = { get: store.boxSecrets.get, set: () => {}, remove: () => false };
  const { stepDeps } = createUploads({
    ...{ store: { ...store, boxSecrets }, settings, environment, variables },
    ...{ clock: systemClock, random: Math.random, log: silentLogger() },
  });
  return (recording) => clientFor(recording, stepDeps);
}

async function repairAll(
  options: DoctorOptions,
  findings: readonly Finding[],
): Promise<{ finding: Finding; result: RepairResult }[]> {
  const { dataDirectory, now, say } = options;
  const wanted = distinct(findings);
  if (wanted.length === 0) return [];
  for (const { check, about, text } of wanted) say(`to repair: ${check} ${[about, text].filter(Boolean).join(': ')}`);
  const { settings } = readSettings(dataDirectory);
  const backupDirectory = settings.backup.directory ?? path.join(dataDirectory, BACKUP_FOLDER);
  const store = openStore(dataDirectory, { now, backupDirectory, secretBox: readFileSecretBox(dataDirectory) });
  try {
    const deps = {
      store,
      dataDirectory,
      ...placesOf(options, settings, store),
      clientFor: clientsOf(options, store, settings),
      now,
    };
    const results: { finding: Finding; result: RepairResult }[] = [];
    for (const one of wanted) {
      if (one.repair) results.push({ finding: one, result: await carryOut(deps, one.repair) });
    }
    return results;
  } finally {
    store.close();
  }
}

/** Findings that something can be done about; one repair may see to several. */
function distinct(findings: readonly Finding[]): Finding[] {
  const byRepair = new Map<string, Finding>();
  for (const one of findings) {
    const key = JSON.stringify(one.repair);
    if (one.repair !== null && !byRepair.has(key)) byRepair.set(key, one);
  }
  return [...byRepair.values()];
}
