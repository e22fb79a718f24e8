/**
 * SQL of a migration. Events and strays outlive their recordings; deletions are written down; what is searched for has tables and indexes of
 * its own, which triggers keep in step, so that no writer can forget them. Triggers hold no `INSERT OR …`: the statement that fires
 * them would overrule it.
 */
export const HISTORY_AND_SEARCH = `
CREATE TABLE events_kept (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  at_ms INTEGER NOT NULL,
  recording_id TEXT,
  type TEXT NOT NULL,
  data_json TEXT NOT NULL
) STRICT;
INSERT INTO events_kept (seq, at_ms, recording_id, type, data_json)
  SELECT seq, at_ms, recording_id, type, data_json FROM events ORDER BY seq;
DELETE FROM sqlite_sequence WHERE name = 'events_kept';
INSERT INTO sqlite_sequence (name, seq) SELECT 'events_kept', seq FROM sqlite_sequence WHERE name = 'events';
DROP TABLE events;
ALTER TABLE events_kept RENAME TO events;
CREATE INDEX events_by_recording ON events (recording_id, seq);

CREATE TABLE stray_uploads_kept (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  recording_id TEXT NOT NULL,
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
INSERT INTO stray_uploads_kept SELECT * FROM stray_uploads;
DROP TABLE stray_uploads;
ALTER TABLE stray_uploads_kept RENAME TO stray_uploads;
CREATE UNIQUE INDEX stray_uploads_once ON stray_uploads (bucket, region, key, ifnull(upload_id, ''));
CREATE INDEX stray_uploads_by_recording ON stray_uploads (recording_id);

CREATE TABLE deletions (
  recording_id TEXT PRIMARY KEY,
  asked_at_ms INTEGER NOT NULL,
  asked_by TEXT,
  forced INTEGER NOT NULL,
  folders_json TEXT NOT NULL
) STRICT;

CREATE INDEX recordings_of_state ON recordings (state);
CREATE INDEX recordings_of_mode ON recordings (mode);
CREATE INDEX recordings_of_state_and_mode ON recordings (state, mode);
CREATE INDEX recordings_by_filters ON recordings (created_at_ms, state, mode);
CREATE INDEX recordings_by_room ON recordings (ifnull(str_room_id, CAST(room_id AS TEXT)), created_at_ms, state, mode);
CREATE INDEX recordings_blocked ON recordings (blocked_code) WHERE blocked_code IS NOT NULL;

CREATE TABLE recording_users (
  user_id TEXT NOT NULL,
  seq INTEGER NOT NULL REFERENCES recordings (seq) ON DELETE CASCADE,
  PRIMARY KEY (user_id, seq)
) STRICT;
CREATE INDEX recording_users_by_recording ON recording_users (seq);

CREATE TABLE recording_texts (
  seq INTEGER PRIMARY KEY REFERENCES recordings (seq) ON DELETE CASCADE,
  text TEXT NOT NULL
) STRICT;

CREATE VIEW recording_texts_now AS SELECT r.seq AS seq, concat_ws(char(10),
    r.id, r.room_id, r.str_room_id, r.user_id, r.last_error, r.failure_code, r.failure_message,
    CASE WHEN json_valid(r.names_json) THEN (SELECT group_concat(n.value, char(10)) FROM json_each(r.names_json) AS n) END,
    (SELECT group_concat(u.user_id, char(10)) FROM recording_users AS u WHERE u.seq = r.seq AND u.user_id <> r.user_id),
    (SELECT group_concat(f.object_key, char(10)) FROM files AS f WHERE f.recording_id = r.id AND f.stream <> 'manifest')
  ) AS text FROM recordings AS r;

CREATE TRIGGER recordings_found AFTER INSERT ON recordings BEGIN
  INSERT INTO recording_users (user_id, seq) VALUES (new.user_id, new.seq) ON CONFLICT DO NOTHING; END;
CREATE TRIGGER recordings_found_by_participant AFTER INSERT ON stays BEGIN
  INSERT INTO recording_users (user_id, seq) SELECT new.user_id, seq FROM recordings WHERE id = new.recording_id
  ON CONFLICT DO NOTHING; END;
CREATE TRIGGER recordings_found_by_user AFTER INSERT ON recording_users BEGIN
  INSERT INTO recording_texts (seq, text) SELECT seq, text FROM recording_texts_now WHERE seq = new.seq
  ON CONFLICT DO UPDATE SET text = excluded.text; END;
CREATE TRIGGER recordings_found_by_error AFTER UPDATE OF last_error, failure_code, failure_message ON recordings
WHEN old.last_error IS NOT new.last_error OR old.failure_code IS NOT new.failure_code OR old.failure_message IS NOT new.failure_message
BEGIN
  INSERT INTO recording_texts (seq, text) SELECT seq, text FROM recording_texts_now WHERE seq = new.seq
  ON CONFLICT DO UPDATE SET text = excluded.text; END;
CREATE TRIGGER recordings_found_by_file AFTER INSERT ON files BEGIN
  INSERT INTO recording_texts (seq, text) SELECT n.seq, n.text FROM recordings AS r JOIN recording_texts_now AS n ON n.seq = r.seq
  WHERE r.id = new.recording_id ON CONFLICT DO UPDATE SET text = excluded.text; END;
CREATE TRIGGER recordings_found_by_new_name AFTER UPDATE OF object_key ON files WHEN old.object_key <> new.object_key BEGIN
  INSERT INTO recording_texts (seq, text) SELECT n.seq, n.text FROM recordings AS r JOIN recording_texts_now AS n ON n.seq = r.seq
  WHERE r.id = new.recording_id ON CONFLICT DO UPDATE SET text = excluded.text; END;

INSERT INTO recording_users (user_id, seq) SELECT user_id, seq FROM recordings WHERE true ON CONFLICT DO NOTHING;
INSERT INTO recording_users (user_id, seq)
  SELECT s.user_id, r.seq FROM stays AS s JOIN recordings AS r ON r.id = s.recording_id WHERE true ON CONFLICT DO NOTHING;
`;
