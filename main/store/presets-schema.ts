/** Destinations and applications that are saved under names; `sealed` is null where there is no secret. */
export const PRESETS = `
CREATE TABLE destinations (
  name TEXT PRIMARY KEY,
  region TEXT NOT NULL,
  bucket TEXT NOT NULL,
  path TEXT NOT NULL,
  sealed BLOB,
  set_at_ms INTEGER NOT NULL
) STRICT;

CREATE TABLE applications (
  name TEXT PRIMARY KEY,
  sdk_app_id INTEGER NOT NULL,
  sealed BLOB,
  set_at_ms INTEGER NOT NULL
) STRICT;
`;
