import type { CallbackStory } from '../../shared/api/views.ts';
import { urlForDisplay } from '../../shared/view.ts';
import type { ArchiveApi, EventView } from '../http/archive-api.ts';
import type { CallbackRow, CallbackTryRow, EventRow } from '../store/rows.ts';
import type { Store } from '../store/store.ts';
import { callbackView } from '../store/view.ts';
import type { Deletions } from './deletion.ts';

/** Histories and deletion, as callers see them. */
export function createArchive({
  store,
  deletions,
}: {
  store: Pick<Store, 'recordings' | 'events' | 'callbacks'>;
  deletions: Pick<Deletions, 'remove'>;
}): ArchiveApi {
  return {
    events(recordingId, { after, limit }) {
      const rows = store.events.list({ recordingId, afterSeq: after, limit });
      if (rows.length > 0) return rows.map(eventView);
      const isKnown = store.recordings.get(recordingId) || store.events.list({ recordingId, limit: 1 }).length > 0;
      return isKnown ? [] : null;
    },
    callbacks(recordingId) {
      if (!store.recordings.get(recordingId)) return null;
      const tries = store.callbacks.triesOf(recordingId);
      return store.callbacks.listOf(recordingId).map((row) =>
        storyOf(
          row,
          tries.filter(({ deliveryId }) => deliveryId === row.deliveryId),
        ),
      );
    },
    remove: (recordingId, options) => deletions.remove(recordingId, options),
  };
}

function eventView({ seq, atMs, recordingId, type, data }: EventRow): EventView {
  return { seq, at: new Date(atMs).toISOString(), recordingId, type, data };
}

function storyOf(row: CallbackRow, tries: readonly CallbackTryRow[]): CallbackStory {
  return {
    ...callbackView(row),
    url: urlForDisplay(row.url),
    body: row.body,
    tries: tries.map(({ attempt, atMs, tookMs, status, error, answer }) => ({
      ...{ attempt, tookMs, status, error, answer },
      at: new Date(atMs).toISOString(),
    })),
  };
}
