import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { CAPTURING_STATES } from '../../shared/recording.ts';
import { DELIVERY_STATES } from '../delivery/steps.ts';
import type { Settings } from '../settings/settings.ts';
import { BACKUP_FOLDER, listBackups } from '../store/backup.ts';
import { DATABASE_FILE, DatabaseError } from '../store/database.ts';
import { DirectoryInUseError, LOCK_FILE, lockDirectory } from '../store/directory-lock.ts';
import { openStoreReadOnly, type Store } from '../store/store.ts';
import { type Finding, finding } from './finding.ts';

/** Whether a box works on the directory now. Creates nothing. */
export function isBoxRunning(dataDirectory: string): boolean {
  if (!existsSync(path.join(dataDirectory, LOCK_FILE))) return false;
  try {
    lockDirectory(dataDirectory, 0).release();
    return false;
  } catch (error) {
    if (error instanceof DirectoryInUseError) return true;
    throw error;
  }
}

/** The database, opened to be looked at; null when it cannot be, and the findings say why. */
export function checkDatabase(dataDirectory: string, now: () => number): { findings: Finding[]; store: Store | null } {
  const file = path.join(dataDirectory, DATABASE_FILE);
  if (!existsSync(file)) {
    const text = 'there is none yet';
    const remedy = 'When this box has recorded before, the data directory is another one: give the right --data.';
    return { findings: [finding('database', 'note', text, { about: file, remedy })], store: null };
  }
  try {
    const store = openStoreReadOnly(dataDirectory, { now });
    const problems = store.problems();
    if (problems.length === 0) return { findings: [...soundFindings(store), ...setAside(store, dataDirectory)], store };
    store.close();
    return { findings: problems.slice(0, 5).map(damage), store: null };
  } catch (error) {
    return { findings: [unreadable(error)], store: null };
  }
}

function damage(problem: string): Finding {
  return finding('database', 'problem', problem, { repair: { kind: 'restoreDatabase' } });
}

function unreadable(error: unknown): Finding {
  const text = error instanceof Error ? error.message : String(error);
  if (!(error instanceof DatabaseError)) {
    const isDamaged = error instanceof Error && 'code' in error && /^SQLITE_(CORRUPT|NOTADB)/.test(String(error.code));
    return isDamaged ? damage(text) : finding('database', 'problem', text, { remedy: CANNOT_READ });
  }
  switch (error.code) {
    case 'DATABASE_DAMAGED':
      return damage(text);
    case 'DATABASE_TOO_OLD':
      return finding('database', 'note', text);
    case 'DATABASE_TOO_NEW':
      return finding('database', 'problem', text, { remedy: 'Use the version of the program that wrote it.' });
    case 'DATABASE_UNREADABLE':
      return finding('database', 'problem', text, { remedy: CANNOT_READ });
  }
}

const CANNOT_READ = "Look at the disk and at the rights of the data directory; the box's user must be able to read it.";

function soundFindings({ recordings }: Store): Finding[] {
  const counts = recordings.counts();
  const total = Object.values(counts).reduce((sum, count) => sum + count, 0);
  const inStates = (states: readonly (keyof typeof counts)[]) =>
    states.reduce((sum, state) => sum + (counts[state] ?? 0), 0);
  const [capturing, delivering] = [inStates(CAPTURING_STATES), inStates(DELIVERY_STATES)];
  return [
    finding('database', 'ok', `sound; ${total} recordings, ${capturing} recording, ${delivering} on their way to COS`),
  ];
}

function setAside({ quarantine }: Store, dataDirectory: string): Finding[] {
  const findings: Finding[] = [];
  const rows = quarantine.list().length;
  if (rows > 0) {
    const remedy = 'They are kept in the table "quarantine" with their reasons.';
    findings.push(finding('database', 'note', `${rows} rows could not be understood and were set aside`, { remedy }));
  }
  const folder = path.join(dataDirectory, 'quarantine');
  const databases = existsSync(folder) ? readdirSync(folder).filter((name) => name.startsWith('database-')) : [];
  for (const name of databases) {
    const text = 'a damaged database was set aside here';
    const remedy = 'Keep it until all recordings are accounted for.';
    findings.push(finding('database', 'note', text, { about: path.join(folder, name), remedy }));
  }
  return findings;
}

const HOUR_MS = 3_600_000;
/** A backup that is this many periods old was missed more than once. */
const LATE_PERIODS = 3;

export function checkBackups(dataDirectory: string, settings: Settings['backup'], nowMs: number): Finding[] {
  const directory = settings.directory ?? path.join(dataDirectory, BACKUP_FOLDER);
  const regular = listBackups(directory).filter(({ isBeforeMigration }) => !isBeforeMigration);
  const [newest] = regular;
  if (!newest) {
    const remedy = `The box makes one every ${settings.everyHours} h while it runs; the log says when that fails.`;
    return [finding('backups', 'note', 'there is none yet', { about: directory, remedy })];
  }
  const ageHours = Math.round((nowMs - newest.atMs) / HOUR_MS);
  const text = `${regular.length}, the newest ${ageHours} h old`;
  if (ageHours < LATE_PERIODS * settings.everyHours) return [finding('backups', 'ok', text, { about: directory })];
  const remedy = 'Let the box run; when it does, look into its log for "backed up".';
  return [finding('backups', 'note', text, { about: directory, remedy })];
}

/** Whether the sealed secrets of recordings on their way can be opened. */
export function checkSecrets(store: Store): Finding[] {
  let opened = 0;
  for (const row of [...store.recordings.capturing(), ...store.recordings.delivering()]) {
    try {
      store.recordings.secrets(row.id);
      opened += 1;
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      const remedy =
        'Put the secret.key back that belongs to this database. Without it, give the recording new keys in the console or by API.';
      return [finding('secrets', 'problem', text, { about: row.id, remedy })];
    }
  }
  return [finding('secrets', 'ok', `${opened} in use, all can be opened`)];
}
