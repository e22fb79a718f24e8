import { CALLBACK_TRIES } from './callback-tries-schema.ts';
import { HISTORY_AND_SEARCH } from './history-and-search.ts';
import { LIVE_UPLOADS } from './live-uploads-schema.ts';
import { PRESETS } from './presets-schema.ts';
import { RECORDING_FOLDERS } from './recording-folders-schema.ts';
import { SORTING_COLUMNS } from './sorting-columns.ts';

/** One step of the schema's history. `version` is the `user_version` that the database has afterwards. */
export interface Migration {
  version: number;
  sql: string;
}

/**
 * The schema's history, oldest first. A migration that was released never changes: a later change is a further entry. Word lists
 * (states, modes, reasons) are guarded by types and not by CHECK clauses, which SQLite could only change by rebuilding the table.
 */
export const MIGRATIONS: readonly Migration[] = [
  {
    version: 1,
    sql: `
CREATE TABLE recordings (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  state TEXT NOT NULL,
  created_at_ms INTEGER NOT NULL,
  sdk_app_id INTEGER NOT NULL,
  room_id INTEGER,
  str_room_id TEXT,
  user_id TEXT NOT NULL,
  mode TEXT NOT NULL,
  is_reserve INTEGER NOT NULL,
  callback_url TEXT,
  cos_region TEXT NOT NULL,
  cos_bucket TEXT NOT NULL,
  cos_path TEXT NOT NULL,
  uses_stored_credentials INTEGER NOT NULL,
  simulated INTEGER NOT NULL,
  started_at_ms INTEGER,
  ended_at_ms INTEGER,
  timeline_ms REAL NOT NULL DEFAULT 0,
  end_reason TEXT,
  stop_requested TEXT,
  first_media_at_ms REAL,
  idle_since_at_ms INTEGER,
  capture_attempts INTEGER NOT NULL DEFAULT 0,
  outcome TEXT,
  failure_kind TEXT,
  failure_code TEXT,
  failure_message TEXT,
  attempts INTEGER NOT NULL DEFAULT 0,
  next_at_ms INTEGER,
  blocked_code TEXT,
  blocked_remedy TEXT,
  last_error TEXT,
  updated_at_ms INTEGER NOT NULL,
  CHECK ((room_id IS NULL) <> (str_room_id IS NULL))
) STRICT;
CREATE UNIQUE INDEX recordings_one_capture
  ON recordings (sdk_app_id, ifnull(room_id, 0), ifnull(str_room_id, ''), user_id)
  WHERE state IN ('accepted', 'joining', 'waiting', 'recording');
CREATE INDEX recordings_by_state ON recordings (state, next_at_ms);

CREATE TABLE recording_secrets (
  recording_id TEXT PRIMARY KEY REFERENCES recordings (id) ON DELETE CASCADE,
  sealed BLOB NOT NULL
) STRICT;

CREATE TABLE stays (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  recording_id TEXT NOT NULL REFERENCES recordings (id) ON DELETE CASCADE,
  user_id TEXT NOT NULL,
  entered_at_ms REAL NOT NULL,
  left_at_ms REAL,
  slot INTEGER
) STRICT;
CREATE UNIQUE INDEX stays_one_open ON stays (recording_id, user_id) WHERE left_at_ms IS NULL;
CREATE INDEX stays_by_recording ON stays (recording_id, id);

CREATE TABLE segments (
  recording_id TEXT NOT NULL REFERENCES recordings (id) ON DELETE CASCADE,
  segment INTEGER NOT NULL,
  file TEXT NOT NULL,
  start_ms REAL NOT NULL,
  bytes INTEGER,
  clean INTEGER,
  opened_at_ms INTEGER NOT NULL,
  closed_at_ms INTEGER,
  PRIMARY KEY (recording_id, segment)
) STRICT;

CREATE TABLE gaps (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  recording_id TEXT NOT NULL REFERENCES recordings (id) ON DELETE CASCADE,
  at_ms REAL NOT NULL,
  duration_ms REAL NOT NULL,
  reason TEXT NOT NULL,
  cut INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX gaps_once ON gaps (recording_id, at_ms, reason);

CREATE TABLE files (
  recording_id TEXT NOT NULL REFERENCES recordings (id) ON DELETE CASCADE,
  file_index INTEGER NOT NULL,
  user_id TEXT NOT NULL,
  local_path TEXT NOT NULL,
  bytes INTEGER NOT NULL,
  duration_ms REAL NOT NULL,
  object_key TEXT NOT NULL,
  url TEXT NOT NULL,
  uploaded_bytes INTEGER NOT NULL DEFAULT 0,
  crc64 TEXT,
  etag TEXT,
  state TEXT NOT NULL,
  message TEXT,
  PRIMARY KEY (recording_id, file_index)
) STRICT;

CREATE TABLE uploads (
  recording_id TEXT NOT NULL REFERENCES recordings (id) ON DELETE CASCADE,
  file_index INTEGER NOT NULL,
  upload_id TEXT NOT NULL,
  bucket TEXT NOT NULL,
  region TEXT NOT NULL,
  key TEXT NOT NULL,
  part_size INTEGER NOT NULL,
  size INTEGER NOT NULL,
  mtime_ns TEXT NOT NULL,
  inode TEXT NOT NULL,
  updated_at_ms INTEGER NOT NULL,
  PRIMARY KEY (recording_id, file_index)
) STRICT;
CREATE TABLE upload_parts (
  recording_id TEXT NOT NULL,
  file_index INTEGER NOT NULL,
  number INTEGER NOT NULL,
  offset INTEGER NOT NULL,
  length INTEGER NOT NULL,
  md5 TEXT NOT NULL,
  crc64 TEXT NOT NULL,
  etag TEXT NOT NULL,
  PRIMARY KEY (recording_id, file_index, number),
  FOREIGN KEY (recording_id, file_index) REFERENCES uploads (recording_id, file_index) ON DELETE CASCADE
) STRICT;

CREATE TABLE callbacks (
  recording_id TEXT PRIMARY KEY REFERENCES recordings (id) ON DELETE CASCADE,
  delivery_id TEXT NOT NULL UNIQUE,
  url TEXT NOT NULL,
  body TEXT NOT NULL,
  attempts INTEGER NOT NULL DEFAULT 0,
  state TEXT NOT NULL,
  last_status INTEGER,
  last_error TEXT,
  created_at_ms INTEGER NOT NULL,
  ended_at_ms INTEGER
) STRICT;

CREATE TABLE events (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  at_ms INTEGER NOT NULL,
  recording_id TEXT REFERENCES recordings (id) ON DELETE CASCADE,
  type TEXT NOT NULL,
  data_json TEXT NOT NULL
) STRICT;
CREATE INDEX events_by_recording ON events (recording_id, seq);

CREATE TABLE idempotency (
  key TEXT PRIMARY KEY,
  body_hash TEXT NOT NULL,
  recording_id TEXT NOT NULL REFERENCES recordings (id) ON DELETE CASCADE,
  created_at_ms INTEGER NOT NULL
) STRICT;

CREATE TABLE quarantine (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  table_name TEXT NOT NULL,
  row_key TEXT NOT NULL,
  reason TEXT NOT NULL,
  content TEXT NOT NULL,
  at_ms INTEGER NOT NULL
) STRICT;
`,
  },
  {
    version: 2,
    sql: `
ALTER TABLE recordings ADD COLUMN also_single INTEGER NOT NULL DEFAULT 0;
ALTER TABLE recordings ADD COLUMN layout TEXT;
ALTER TABLE recordings ADD COLUMN names_json TEXT NOT NULL DEFAULT '{}';
ALTER TABLE recordings ADD COLUMN pictures_sent INTEGER NOT NULL DEFAULT 0;
ALTER TABLE recordings ADD COLUMN pictures_skipped INTEGER NOT NULL DEFAULT 0;
ALTER TABLE recordings ADD COLUMN frames_received INTEGER NOT NULL DEFAULT 0;
ALTER TABLE recordings ADD COLUMN frames_dropped INTEGER NOT NULL DEFAULT 0;

ALTER TABLE segments ADD COLUMN output TEXT NOT NULL DEFAULT 'mix';

ALTER TABLE files ADD COLUMN stream TEXT NOT NULL DEFAULT 'mix';
ALTER TABLE files ADD COLUMN start_offset_ms REAL NOT NULL DEFAULT 0;
ALTER TABLE files ADD COLUMN sha256 TEXT;
ALTER TABLE files ADD COLUMN failure_code TEXT;

CREATE TABLE sdk_problems (
  recording_id TEXT NOT NULL REFERENCES recordings (id) ON DELETE CASCADE,
  level TEXT NOT NULL,
  code INTEGER NOT NULL,
  text TEXT NOT NULL,
  count INTEGER NOT NULL,
  PRIMARY KEY (recording_id, level, code)
) STRICT;

CREATE TABLE box (
  key TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT;
`,
  },
  {
    version: 3,
    sql: `
CREATE TABLE outbox (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  recording_id TEXT NOT NULL REFERENCES recordings (id) ON DELETE CASCADE,
  delivery_id TEXT NOT NULL UNIQUE,
  event TEXT,
  url TEXT NOT NULL,
  body TEXT NOT NULL,
  attempts INTEGER NOT NULL DEFAULT 0,
  state TEXT NOT NULL,
  next_at_ms INTEGER,
  refused_since_at_ms INTEGER,
  last_status INTEGER,
  last_error TEXT,
  created_at_ms INTEGER NOT NULL,
  queued_at_ms INTEGER NOT NULL,
  ended_at_ms INTEGER
) STRICT;
INSERT INTO outbox (recording_id, delivery_id, url, body, attempts, state, last_status, last_error, created_at_ms, queued_at_ms, ended_at_ms)
  SELECT recording_id, delivery_id, url, body, attempts, state, last_status, last_error, created_at_ms, created_at_ms, ended_at_ms
  FROM callbacks ORDER BY created_at_ms;
DROP TABLE callbacks;
ALTER TABLE outbox RENAME TO callbacks;
CREATE UNIQUE INDEX callbacks_one_result ON callbacks (recording_id) WHERE event IS NULL;
CREATE INDEX callbacks_by_recording ON callbacks (recording_id, state, seq);
CREATE INDEX callbacks_by_state ON callbacks (state, next_at_ms);

CREATE TABLE callback_events (
  recording_id TEXT PRIMARY KEY REFERENCES recordings (id) ON DELETE CASCADE,
  wanted_json TEXT NOT NULL,
  told_json TEXT NOT NULL DEFAULT '[]'
) STRICT;

ALTER TABLE recordings ADD COLUMN user_sig_expires_at_ms INTEGER;
`,
  },
  {
    version: 4,
    sql: `
ALTER TABLE recordings ADD COLUMN wait_remedy TEXT;
ALTER TABLE recordings ADD COLUMN wait_until_at_ms INTEGER;
ALTER TABLE recordings ADD COLUMN upload_pace INTEGER NOT NULL DEFAULT 0;

CREATE TABLE stray_uploads (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  recording_id TEXT NOT NULL REFERENCES recordings (id) ON DELETE CASCADE,
  file_index INTEGER NOT NULL,
  bucket TEXT NOT NULL,
  region TEXT NOT NULL,
  key TEXT NOT NULL,
  upload_id TEXT,
  attempts INTEGER NOT NULL DEFAULT 0,
  next_at_ms INTEGER NOT NULL,
  created_at_ms INTEGER NOT NULL,
  sealed BLOB
) STRICT;
CREATE UNIQUE INDEX stray_uploads_once ON stray_uploads (bucket, region, key, ifnull(upload_id, ''));
CREATE INDEX stray_uploads_by_recording ON stray_uploads (recording_id);

CREATE TABLE box_secrets (
  name TEXT PRIMARY KEY,
  sealed BLOB NOT NULL,
  set_at_ms INTEGER NOT NULL
) STRICT;
`,
  },
  {
    version: 5,
    sql: `
ALTER TABLE files ADD COLUMN evicted_at_ms INTEGER;
CREATE INDEX files_proven_on_disk ON files (recording_id) WHERE state = 'uploaded' AND evicted_at_ms IS NULL;
`,
  },
  {
    version: 6,
    sql: `
ALTER TABLE recordings ADD COLUMN cut_ms REAL NOT NULL DEFAULT 0;

ALTER TABLE stays ADD COLUMN last_seen_ms REAL;

DROP INDEX gaps_once;
CREATE UNIQUE INDEX gaps_once ON gaps (recording_id, at_ms, reason, cut);
`,
  },
  {
    version: 7,
    sql: `
CREATE TABLE tokens (
  name TEXT PRIMARY KEY COLLATE NOCASE,
  role TEXT NOT NULL,
  hash TEXT NOT NULL UNIQUE,
  created_at_ms INTEGER NOT NULL,
  last_used_at_ms INTEGER
) STRICT;

CREATE TABLE sessions (
  hash TEXT PRIMARY KEY,
  token_hash TEXT NOT NULL REFERENCES tokens (hash) ON DELETE CASCADE,
  opened_at_ms INTEGER NOT NULL,
  ends_at_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX sessions_of_token ON sessions (token_hash, opened_at_ms);
`,
  },
  {
    version: 8,
    sql: HISTORY_AND_SEARCH,
  },
  {
    version: 9,
    sql: PRESETS,
  },
  {
    version: 10,
    sql: SORTING_COLUMNS,
  },
  {
    version: 11,
    sql: CALLBACK_TRIES,
  },
  {
    version: 12,
    sql: RECORDING_FOLDERS,
  },
  {
    version: 13,
    sql: LIVE_UPLOADS,
  },
];
