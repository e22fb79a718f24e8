/** The word for the room that its indexes use, letter by letter. */
export const ROOM_SQL = 'ifnull(str_room_id, CAST(room_id AS TEXT))';

/** When the room was entered, or asked for while it was not; its index uses it letter by letter. */
export const STARTED_SQL = 'ifnull(started_at_ms, created_at_ms)';

/** Place of a state in a recording's life; its index uses it letter by letter. */
export const STATE_RANK_SQL = `CASE state WHEN 'accepted' THEN 0 WHEN 'joining' THEN 1 WHEN 'waiting' THEN 2 WHEN 'recording' THEN 3
  WHEN 'finalizing' THEN 4 WHEN 'uploading' THEN 5 WHEN 'notifying' THEN 6 WHEN 'done' THEN 7 ELSE 8 END`;

const SIZE_OF = (id: string): string =>
  `(SELECT ifnull(sum(bytes), 0) FROM files WHERE recording_id = ${id} AND stream <> 'manifest')`;

/**
 * SQL of a migration. What lists are sorted by stands in indexes, the size of a recording in a column of its own, which triggers keep in step
 * with its files. And since when a recording waits for what it waits for.
 */
export const SORTING_COLUMNS = `
ALTER TABLE recordings ADD COLUMN waiting_since_at_ms INTEGER;
ALTER TABLE recordings ADD COLUMN size_bytes INTEGER NOT NULL DEFAULT 0;
UPDATE recordings SET size_bytes = ${SIZE_OF('recordings.id')};
CREATE TRIGGER files_sized AFTER INSERT ON files BEGIN
  UPDATE recordings SET size_bytes = ${SIZE_OF('new.recording_id')} WHERE id = new.recording_id; END;
CREATE TRIGGER files_resized AFTER UPDATE OF bytes, stream ON files WHEN old.bytes <> new.bytes OR old.stream <> new.stream BEGIN
  UPDATE recordings SET size_bytes = ${SIZE_OF('new.recording_id')} WHERE id = new.recording_id; END;
CREATE TRIGGER files_unsized AFTER DELETE ON files BEGIN
  UPDATE recordings SET size_bytes = ${SIZE_OF('old.recording_id')} WHERE id = old.recording_id; END;
CREATE INDEX recordings_by_start ON recordings (${STARTED_SQL});
CREATE INDEX recordings_by_length ON recordings (timeline_ms);
CREATE INDEX recordings_by_size ON recordings (size_bytes);
CREATE INDEX recordings_by_room_name ON recordings (${ROOM_SQL});
CREATE INDEX recordings_by_state_rank ON recordings (${STATE_RANK_SQL});
`;
