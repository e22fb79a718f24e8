import type { UploadJournal } from '../delivery/cos/journal.ts';
import { openFileSecretBox, type SecretBox } from '../settings/secrets.ts';
import { boxIdOf } from './box-facts.ts';
import { type CallbacksTable, createCallbacksTable } from './callbacks.ts';
import { openDatabase } from './database.ts';
import { createEventsTable, createQuarantineTable, type EventsTable, type QuarantineTable } from './events.ts';
import { createFilesTable, type FilesTable } from './files.ts';
import { createIdempotencyTable, type IdempotencyTable } from './idempotency.ts';
import { createRecordingsTable, type RecordingsTable } from './recordings.ts';
import { createSdkProblemsTable, type SdkProblemsTable } from './sdk-problems.ts';
import {
  createGapsTable,
  createSegmentsTable,
  createStaysTable,
  type GapsTable,
  type SegmentsTable,
  type StaysTable,
} from './timeline.ts';
import { createUploadJournals } from './uploads.ts';

/**
 * Everything the box knows, on disk before it is acted upon. All calls are synchronous, and each that writes has been synced
 * to disk when it returns. `transaction` joins several calls: all of them happen, or none.
 */
export interface Store {
  /** Tells this box from others: a UUID that stays as long as its database. */
  readonly boxId: string;
  readonly recordings: RecordingsTable;
  readonly stays: StaysTable;
  readonly segments: SegmentsTable;
  readonly gaps: GapsTable;
  readonly files: FilesTable;
  readonly sdkProblems: SdkProblemsTable;
  readonly callbacks: CallbacksTable;
  readonly events: EventsTable;
  readonly idempotency: IdempotencyTable;
  readonly quarantine: QuarantineTable;
  /** The memory of one file's multipart upload. */
  uploadJournal(recordingId: string, fileIndex: number): UploadJournal;
  transaction<T>(work: () => T): T;
  /** Closes the database. Harmless when called again; every other call throws afterwards. */
  close(): void;
}

export interface StoreOptions {
  /** Wall clock, ms since 1970. */
  now: () => number;
  /** Seals what must not lie in plain text on disk; by default with a key file in the same directory. */
  secretBox?: SecretBox;
}

/**
 * Opens the store in the data directory, creating what is missing.
 * @throws DatabaseError when the database is unreadable or newer than this program.
 * @throws SecretError when the key file is damaged.
 */
export function openStore(directory: string, { now, secretBox }: StoreOptions): Store {
  const db = openDatabase(directory);
  try {
    const box = secretBox ?? openFileSecretBox(directory);
    const events = createEventsTable(db, now);
    const idempotency = createIdempotencyTable(db, now);
    return {
      boxId: boxIdOf(db),
      recordings: createRecordingsTable({ db, now, secretBox: box, events, idempotency }),
      stays: createStaysTable(db),
      segments: createSegmentsTable(db, now),
      gaps: createGapsTable(db),
      files: createFilesTable(db),
      sdkProblems: createSdkProblemsTable(db),
      callbacks: createCallbacksTable(db, now),
      events,
      idempotency,
      quarantine: createQuarantineTable(db),
      uploadJournal: createUploadJournals(db, now),
      transaction: (work) => db.transaction(work).immediate(),
      close: () => {
        db.close();
      },
    };
  } catch (error) {
    db.close();
    throw error;
  }
}
