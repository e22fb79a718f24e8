import type { Static } from 'typebox';
import type { EventSchema } from '../../shared/api/recording-routes.ts';
import type { CallbackStory } from '../../shared/api/views.ts';
import type { ProblemResult } from './box-api.ts';

export type EventView = Static<typeof EventSchema>;

/** What became of recordings, and their end. */
export interface ArchiveApi {
  /**
   * What happened to a recording, oldest first, also to one that was deleted: only events with a higher `seq` than `after`, at most `limit`.
   * Null when there never was such a recording.
   */
  events(recordingId: string, page: { after: number; limit: number }): EventView[] | null;
  /** What a recording's caller was sent, and what came of it. Null when there is no such recording. */
  callbacks(recordingId: string): CallbackStory[] | null;
  /**
   * Deletes a recording from the box: STILL_RUNNING, and without `force` NOT_DELIVERED, are refusals. Null when there is no such
   * recording.
   * @param options.by name of the access token that asks; null when none was needed
   */
  remove(
    recordingId: string,
    options: { force: boolean; by: string | null },
  ): Promise<'deleted' | ProblemResult | null>;
}
