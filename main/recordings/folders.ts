import path from 'node:path';
import type { Logger } from '../logging.ts';
import type { Store } from '../store/store.ts';

/** Where recordings lie: each in a folder of its own, named by its id, inside a base folder. */
export interface RecordingFolders {
  /** The base folder that new recordings go to. */
  readonly main: string;
  directoryOf(recordingId: string): string;
}

export interface FolderChoice {
  dataDirectory: string;
  environment: { recordingsDirectory: string | null };
  settings: { storage: { directory: string | null } };
}

const FACT = 'recordings_folder';

interface Remembered {
  fromSettings: string | null;
  main: string;
}

/** The base folder of new recordings: as the environment says, else the settings, else inside the data directory. */
function mainFolder({ dataDirectory, environment }: FolderChoice, fromSettings: string | null): string {
  return path.resolve(environment.recordingsDirectory ?? fromSettings ?? path.join(dataDirectory, 'recordings'));
}

/** Where recordings lie, for whoever only looks. */
export function foldersOf(choice: FolderChoice, store: Pick<Store, 'recordingFolders'> | null): RecordingFolders {
  const main = mainFolder(choice, choice.settings.storage.directory);
  return {
    main,
    directoryOf(recordingId) {
      const noted = store?.recordingFolders.baseOf(recordingId) ?? null;
      return path.join(noted === null ? main : path.resolve(choice.dataDirectory, noted), recordingId);
    },
  };
}

/**
 * Where recordings lie, at the start of a box. When the setting has changed since the last start, recordings that are there stay where
 * they are. When only the environment or the place of the data directory is another, somebody has moved the files: recordings are looked
 * for in the new place.
 */
export function openFolders(
  choice: FolderChoice & { log: Pick<Logger, 'info'> },
  store: Pick<Store, 'recordingFolders' | 'facts'>,
): RecordingFolders {
  const { dataDirectory, log } = choice;
  const fromSettings = choice.settings.storage.directory;
  const main = mainFolder(choice, fromSettings);
  const text = store.facts.get(FACT);
  const before = remembered(text) ?? { fromSettings: null, main: mainFolder(choice, null) };
  const value = JSON.stringify({ fromSettings, main } satisfies Remembered);
  if (before.fromSettings !== fromSettings && before.main !== main) {
    const notes = [before.main, main].map((folder) => noteOf(dataDirectory, folder)) as [string, string];
    const recordings = store.recordingFolders.change(...notes, { key: FACT, value });
    log.info({ recordings }, 'new recordings go to another folder; those that are there stay');
  } else if (text !== value) store.facts.set(FACT, value);
  return foldersOf(choice, store);
}

/** A folder inside the data directory moves with it. */
function noteOf(dataDirectory: string, folder: string): string {
  const relative = path.relative(path.resolve(dataDirectory), folder);
  return relative === '' || relative.startsWith('..') || path.isAbsolute(relative) ? folder : relative;
}

/** What cannot be read counts as never written. */
function remembered(text: string | null): Remembered | null {
  if (text === null) return null;
  const { fromSettings = null, main } = JSON.parse(text) as Partial<Remembered>;
  return typeof main === 'string' ? { fromSettings, main } : null;
}
