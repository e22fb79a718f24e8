import { join } from 'node:path';
import type { UploadJournal } from '../delivery/cos/journal.ts';
import { openFileSecretBox, readFileSecretBox, type SecretBox } from '../settings/secrets.ts';
import { type AnnouncementsTable, createAnnouncementsTable } from './announcements.ts';
import { BACKUP_FOLDER, backupDatabase } from './backup.ts';
import { type BoxFacts, boxIdOf, createBoxFacts, knownBoxId } from './box-facts.ts';
import { type BoxSecretsTable, createBoxSecretsTable } from './box-secrets.ts';
import { type CallbacksTable, createCallbacksTable } from './callbacks.ts';
import { type Database, danglingRows, openDatabaseBeside, openDatabaseReadOnly, problemsOf } from './database.ts';
import { createDeletionsTable, type DeletionsTable } from './deletions.ts';
import { createEventsTable, createQuarantineTable, type EventsTable, type QuarantineTable } from './events.ts';
import { createFilesTable, type FilesTable } from './files.ts';
import { createIdempotencyTable, type IdempotencyTable } from './idempotency.ts';
import { createLiveUploadsTable, type LiveUploadsTable } from './live-uploads.ts';
import { createPresetsTables, type PresetsTables } from './presets.ts';
import { createRecordingFoldersTable, type RecordingFoldersTable } from './recording-folders.ts';
import { createRecordingQueries } from './recording-queries.ts';
import { createRecordingsTable, type RecordingsTable } from './recordings.ts';
import { openOrRestore, type Restoration } from './restore.ts';
import { createSdkProblemsTable, type SdkProblemsTable } from './sdk-problems.ts';
import { hasSealedSecrets } from './sealed-secrets.ts';
import { createStrayUploadsTable, type StrayUploadsTable } from './stray-uploads.ts';
import {
  createGapsTable,
  createSegmentsTable,
  createStaysTable,
  type GapsTable,
  type SegmentsTable,
  type StaysTable,
} from './timeline.ts';
import { createTokensTable, type TokensTable } from './tokens.ts';
import { createAcknowledgedBytes, createUploadJournals } from './uploads.ts';

/**
 * Everything the box knows, on disk before it is acted upon. All calls are synchronous, and each that writes has been synced
 * to disk when it returns. `transaction` joins several calls: all of them happen, or none.
 */
export interface Store {
  /** Tells this box from others: a UUID that stays as long as its database. */
  readonly boxId: string;
  /** Set when the database was found damaged at this start and made anew. */
  readonly restored: Restoration | null;
  readonly facts: BoxFacts;
  readonly recordingFolders: RecordingFoldersTable;
  readonly recordings: RecordingsTable;
  readonly stays: StaysTable;
  readonly segments: SegmentsTable;
  readonly gaps: GapsTable;
  readonly files: FilesTable;
  readonly sdkProblems: SdkProblemsTable;
  readonly callbacks: CallbacksTable;
  readonly announcements: AnnouncementsTable;
  readonly events: EventsTable;
  readonly idempotency: IdempotencyTable;
  readonly quarantine: QuarantineTable;
  readonly boxSecrets: BoxSecretsTable;
  readonly presets: PresetsTables;
  readonly strays: StrayUploadsTable;
  readonly liveUploads: LiveUploadsTable;
  readonly deletions: DeletionsTable;
  readonly tokens: TokensTable;
  /** Bytes of each file that COS has acknowledged in parts, by the file's index. */
  acknowledgedBytes(recordingId: string): Map<number, number>;
  /** The memory of one file's multipart upload. */
  uploadJournal(recordingId: string, fileIndex: number): UploadJournal;
  transaction<T>(work: () => T): T;
  /** Whether there is any secret that only the key of its time opens. */
  hasSealedSecrets(): boolean;
  /** What SQLite finds wrong with the whole database, rows that miss others included; empty when it is sound. Takes a while. */
  problems(): string[];
  /** Copies the database while it is in use; see `backupDatabase`. */
  backup(file: string): Promise<void>;
  /** Closes the database. Harmless when called again; every other call throws afterwards. */
  close(): void;
}

export interface StoreOptions {
  /** Wall clock, ms since 1970. */
  now: () => number;
  /** Seals what must not lie in plain text on disk; by default with a key file in the same directory. */
  secretBox?: SecretBox;
  /** Where backups of the database are; by default a folder in the same directory. */
  backupDirectory?: string | undefined;
  /** The name of the box in its fleet: begins the ids of new recordings. Null, the default, for none. */
  boxName?: string | null | undefined;
}

/**
 * Opens the store in the data directory, creating what is missing and restoring what is damaged.
 * @throws DatabaseError when the database cannot be read or is newer than this program.
 * @throws SecretError when the key file is damaged.
 */
export function openStore(directory: string, options: StoreOptions): Store {
  const { now, secretBox, backupDirectory = join(directory, BACKUP_FOLDER), boxName = null } = options;
  const { db, restored } = openOrRestore({ directory, backupDirectory, now });
  return closingOnFailure(db, () => {
    const store = storeOver(db, {
      now,
      restored,
      boxName,
      boxId: boxIdOf(db),
      secretBox: secretBox ?? openFileSecretBox(directory),
    });
    if (restored) store.events.append('databaseRestored', null, { ...restored });
    return store;
  });
}

/**
 * Opens the store to look at it, also while a box works on it. Nothing is created, restored or brought to a newer schema, and every call
 * that writes throws.
 * @throws DatabaseError when there is no database, or none with this program's schema.
 */
export function openStoreReadOnly(directory: string, { now }: Pick<StoreOptions, 'now'>): Store {
  return storeOverExisting(directory, openDatabaseReadOnly(directory), now);
}

/**
 * Opens the store to change single rows while a box works on it. Nothing is created, restored or brought to a newer schema.
 * @throws DatabaseError when there is no database, or none with this program's schema.
 */
export function openStoreBeside(directory: string, { now }: Pick<StoreOptions, 'now'>): Store {
  return storeOverExisting(directory, openDatabaseBeside(directory), now);
}

function storeOverExisting(directory: string, db: Database, now: () => number): Store {
  return closingOnFailure(db, () =>
    storeOver(db, {
      now,
      restored: null,
      boxName: null,
      boxId: knownBoxId(db) ?? '',
      secretBox: readFileSecretBox(directory),
    }),
  );
}

function closingOnFailure<T>(db: Database, work: () => T): T {
  try {
    return work();
  } catch (error) {
    db.close();
    throw error;
  }
}

interface StoreParts extends Pick<Store, 'boxId' | 'restored'> {
  now: () => number;
  secretBox: SecretBox;
  boxName: string | null;
}

function storeOver(db: Database, { now, secretBox, boxId, restored, boxName }: StoreParts): Store {
  const events = createEventsTable(db, now);
  const idempotency = createIdempotencyTable(db, now);
  const callbacks = createCallbacksTable(db, now);
  const announcements = createAnnouncementsTable(db, now, callbacks, createRecordingQueries(db).get);
  const facts = createBoxFacts(db);
  const inTransaction = db.transaction((work: () => unknown) => work());
  return {
    boxId,
    restored,
    facts,
    recordingFolders: createRecordingFoldersTable(db, facts.set),
    recordings: createRecordingsTable({ db, now, secretBox, events, idempotency, announcements, boxName }),
    stays: createStaysTable(db),
    segments: createSegmentsTable(db, now),
    gaps: createGapsTable(db),
    files: createFilesTable(db),
    sdkProblems: createSdkProblemsTable(db),
    callbacks,
    announcements,
    events,
    idempotency,
    quarantine: createQuarantineTable(db),
    boxSecrets: createBoxSecretsTable(db, now, secretBox),
    presets: createPresetsTables(db, now, secretBox),
    strays: createStrayUploadsTable(db, secretBox),
    liveUploads: createLiveUploadsTable(db, now),
    deletions: createDeletionsTable({ db, now, secretBox, events }),
    tokens: createTokensTable(db),
    acknowledgedBytes: createAcknowledgedBytes(db),
    uploadJournal: createUploadJournals(db, now),
    transaction: <T>(work: () => T) => inTransaction.immediate(work) as T,
    hasSealedSecrets: () => hasSealedSecrets(db),
    problems: () => [...problemsOf(db, 'integrity_check'), ...danglingRows(db)],
    backup: (file) => backupDatabase(db, file),
    close: () => {
      db.close();
    },
  };
}
