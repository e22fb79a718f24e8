import type { BoxMessage } from '../../shared/api/messages.ts';

/** What happens in the box, as its HTTP face sees it. */
export interface EventsFeed {
  /**
   * A new reader, or null when there are as many as the box serves.
   * @param options.after last event the reader has, or null for one who wants only what comes
   * @param options.cutOff called when the feed ends and the reader has not followed in time
   */
  subscribe(options: { after: number | null; cutOff(): void }): EventsReader | null;
}

/** One who follows. What he does not fetch is not kept for him: events are read from the disk when he asks. */
export interface EventsReader {
  /** The next messages, in order; none when nothing happened for a while, null when the feed has ended. */
  next(): Promise<BoxMessage[] | null>;
  /** He goes. Harmless when he has gone. */
  close(): void;
}
