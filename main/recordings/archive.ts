import type { ArchiveApi, EventView } from '../http/archive-api.ts';
import type { EventRow } from '../store/rows.ts';
import type { Store } from '../store/store.ts';
import type { Deletions } from './deletion.ts';

/** Histories and deletion, as callers see them. */
export function createArchive({
  store,
  deletions,
}: {
  store: Pick<Store, 'recordings' | 'events'>;
  deletions: Pick<Deletions, 'remove'>;
}): ArchiveApi {
  return {
    events(recordingId, { after, limit }) {
      const rows = store.events.list({ recordingId, afterSeq: after, limit });
      if (rows.length > 0) return rows.map(eventView);
      const isKnown = store.recordings.get(recordingId) || store.events.list({ recordingId, limit: 1 }).length > 0;
      return isKnown ? [] : null;
    },
    remove: (recordingId, options) => deletions.remove(recordingId, options),
  };
}

function eventView({ seq, atMs, recordingId, type, data }: EventRow): EventView {
  return { seq, at: new Date(atMs).toISOString(), recordingId, type, data };
}
