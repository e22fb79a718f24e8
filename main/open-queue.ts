import path from 'node:path';
import type { KeyInFile } from '../shared/key-store.ts';
import type { Logger } from './logging.ts';
import type { Keychain } from './settings/key-store.ts';
import { openKey } from './settings/open-key.ts';
import type { Settings } from './settings/settings.ts';
import { BACKUP_FOLDER, type BackupScheduler, createBackupScheduler } from './store/backup.ts';
import { openStore, type Store } from './store/store.ts';

export interface OpenQueueOptions {
  dataDirectory: string;
  settings: Settings;
  log: Logger;
  /** Where the key of the secrets may lie; undefined for a file alone. */
  keychain?: Keychain | undefined;
}

/** The rows, the key of the secrets in them, and the copies that are made of them. */
export interface Queue {
  store: Store;
  backups: BackupScheduler;
  /** Why the key is not where the settings want it; null when it is. */
  keyInFile: KeyInFile | null;
}

/** @throws SecretError, DatabaseError */
export async function openQueue({
  dataDirectory,
  settings,
  log,
  keychain = undefined,
}: OpenQueueOptions): Promise<Queue> {
  const key = await openKey({
    ...{ directory: dataDirectory, setting: settings.secrets.keyStore, keychain: keychain ?? null },
    ...{ log, now: Date.now },
  });
  const directory = settings.backup.directory ?? path.join(dataDirectory, BACKUP_FOLDER);
  const store = openStore(dataDirectory, {
    ...{ now: Date.now, backupDirectory: directory, boxName: settings.fleet.boxName, secretBox: key.box },
  });
  if (store.restored) log.error({ ...store.restored }, 'the database was damaged: it was set aside and made anew');
  if (key.isNew && store.hasSealedSecrets()) {
    log.error({}, 'the key of the stored secrets is gone and a new one was made: stop the box and put secret.key back');
  }
  const { backup, events } = store;
  const backups = createBackupScheduler({
    ...{ backup, events, settings: settings.backup, directory, now: Date.now, log },
  });
  return { store, backups, keyInFile: key.inFile };
}
