/** Recordings whose mix goes to COS while it is recorded. The row comes before COS is asked for an upload, and goes when that way is left. */
export const LIVE_UPLOADS = `
CREATE TABLE live_uploads (
  recording_id TEXT PRIMARY KEY REFERENCES recordings (id) ON DELETE CASCADE,
  began_at_ms INTEGER NOT NULL
) STRICT;
`;
