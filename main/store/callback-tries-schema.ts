/** SQL of a migration: each try to tell a caller, with what was answered. A resending goes on counting. */
export const CALLBACK_TRIES = `
CREATE TABLE callback_tries (
  delivery_id TEXT NOT NULL REFERENCES callbacks (delivery_id) ON DELETE CASCADE,
  attempt INTEGER NOT NULL,
  at_ms INTEGER NOT NULL,
  took_ms INTEGER NOT NULL,
  status INTEGER,
  error TEXT,
  answer TEXT,
  PRIMARY KEY (delivery_id, attempt)
) STRICT;
`;
