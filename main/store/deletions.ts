import type { SecretBox } from '../settings/secrets.ts';
import type { Database } from './database.ts';
import type { EventsTable } from './events.ts';
import { createRecordingSecrets } from './recording-secrets.ts';
import { createAbandonUploads } from './uploads.ts';

/** A recording that somebody wants to be gone, from the wish until its last file is. */
export interface Deletion {
  recordingId: string;
  askedAtMs: number;
  /** Name of the access token; null when the box asked for none. */
  askedBy: string | null;
  /** It was not delivered, and whoever asked knew. */
  forced: boolean;
  /** Folders with its files. */
  folders: string[];
}

/** Facts of a deleted recording that its last event keeps. */
export type Epitaph = Record<string, unknown>;

/** Recordings on their way out. None of them is worked on any more. */
export interface DeletionsTable {
  /** Writes the wish down; one that is there stays as it is. */
  begin(deletion: Omit<Deletion, 'askedAtMs'>): void;
  /** Oldest first. */
  list(): Deletion[];
  /**
   * Removes everything the box knows of a recording but its events, of which `deleted` becomes the last, in one transaction. What it has open
   * in COS is left to the sweep of strays, with the keys for that. Does nothing when its row is gone already.
   */
  forget(recordingId: string, epitaph: Epitaph): void;
  /** Its files are gone, too. */
  end(recordingId: string): void;
}

interface Raw {
  recordingId: string;
  askedAtMs: number;
  askedBy: string | null;
  forced: number;
  foldersJson: string;
}

export interface DeletionsDeps {
  db: Database;
  now: () => number;
  secretBox: SecretBox;
  events: EventsTable;
}

export function createDeletionsTable({ db, now, secretBox, events }: DeletionsDeps): DeletionsTable {
  const insert = db.prepare<[string, number, string | null, number, string]>(
    `INSERT INTO deletions (recording_id, asked_at_ms, asked_by, forced, folders_json) VALUES (?, ?, ?, ?, ?)
     ON CONFLICT DO NOTHING`,
  );
  const select = db.prepare<[], Raw>(
    `SELECT recording_id AS recordingId, asked_at_ms AS askedAtMs, asked_by AS askedBy, forced, folders_json AS foldersJson
     FROM deletions ORDER BY asked_at_ms, recording_id`,
  );
  const isThere = db.prepare<[string]>('SELECT 1 FROM recordings WHERE id = ?').pluck();
  const removeRecording = db.prepare<[string]>('DELETE FROM recordings WHERE id = ?');
  const remove = db.prepare<[string]>('DELETE FROM deletions WHERE recording_id = ?');
  const abandonUploads = createAbandonUploads(db, now);
  const sealed = createRecordingSecrets(db, secretBox);
  const forget = (recordingId: string, epitaph: Epitaph): void => {
    if (isThere.get(recordingId) === undefined) return;
    abandonUploads(recordingId);
    sealed.retire(recordingId);
    events.append('deleted', recordingId, epitaph);
    // All other rows of it go with this one (ON DELETE CASCADE).
    removeRecording.run(recordingId);
  };
  return {
    begin({ recordingId, askedBy, forced, folders }) {
      db.transaction(() => {
        const { changes } = insert.run(recordingId, now(), askedBy, Number(forced), JSON.stringify(folders));
        if (changes > 0) events.append('deletionAsked', recordingId, { by: askedBy, forced });
      }).immediate();
    },
    list: () =>
      select.all().map(({ forced, foldersJson, ...rest }) => ({
        ...rest,
        forced: forced === 1,
        folders: JSON.parse(foldersJson) as string[],
      })),
    forget: (recordingId, epitaph) => db.transaction(forget).immediate(recordingId, epitaph),
    end: (recordingId) => void remove.run(recordingId),
  };
}
