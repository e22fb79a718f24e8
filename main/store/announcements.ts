import { randomUUID } from 'node:crypto';
import { CALLBACK_EVENTS, type CallbackEvent } from '../../shared/callback-events.ts';
import { eventBody } from '../delivery/event-body.ts';
import type { Announcement } from '../recordings/announcements.ts';
import type { CallbacksTable } from './callbacks.ts';
import type { Database } from './database.ts';
import type { RecordingRow } from './rows.ts';

/** Which events each caller wants, and which he was told: what has no row here wants none. */
export interface AnnouncementsTable {
  /** To be called in the transaction that creates the recording. */
  subscribe(recordingId: string, events: readonly CallbackEvent[]): void;
  /** In the catalogue's order. */
  wanted(recordingId: string): CallbackEvent[];
  /**
   * Puts an event into the outbox when the recording's caller wants it and it is news: most events are told once; one of a pair that
   * ends something (`upload.resumed`) is told only after the other (`upload.blocked`), which may then be told again.
   */
  tell(recordingId: string, announcement: Announcement): void;
}

/** What has to have been told before, and is over with it. */
const ENDS: Partial<Record<CallbackEvent, CallbackEvent>> = {
  'recording.resumed': 'recording.interrupted',
  'upload.resumed': 'upload.blocked',
};

interface Raw {
  wanted_json: string;
  told_json: string;
}

/** The names in a stored list. One that cannot be read counts as empty: it must not keep a recording from moving on. */
function eventsIn(json: string): CallbackEvent[] {
  try {
    const list: unknown = JSON.parse(json);
    return Array.isArray(list) ? CALLBACK_EVENTS.filter((event) => list.includes(event)) : [];
  } catch {
    return [];
  }
}

export function createAnnouncementsTable(
  db: Database,
  now: () => number,
  callbacks: Pick<CallbacksTable, 'append'>,
  recordingOf: (id: string) => RecordingRow | undefined,
): AnnouncementsTable {
  const insert = db.prepare<[string, string]>('INSERT INTO callback_events (recording_id, wanted_json) VALUES (?, ?)');
  const select = db.prepare<[string], Raw>('SELECT wanted_json, told_json FROM callback_events WHERE recording_id = ?');
  const setTold = db.prepare<[string, string]>('UPDATE callback_events SET told_json = ? WHERE recording_id = ?');

  /** The next list of what was told, or null when the event is no news. */
  const afterTelling = (told: readonly CallbackEvent[], event: CallbackEvent): CallbackEvent[] | null => {
    const ended = ENDS[event];
    if (ended !== undefined) return told.includes(ended) ? told.filter((one) => one !== ended) : null;
    return told.includes(event) ? null : [...told, event];
  };

  const tell = (recordingId: string, { event, data }: Announcement): void => {
    const raw = select.get(recordingId);
    if (raw === undefined) return;
    const told = afterTelling(eventsIn(raw.told_json), event);
    if (told === null) return;
    setTold.run(JSON.stringify(told), recordingId);
    const recording = recordingOf(recordingId);
    const wanted = eventsIn(raw.wanted_json);
    if (!recording?.callbackUrl || !wanted.includes(event)) return;
    const deliveryId = randomUUID();
    const body = JSON.stringify(eventBody(recording, { event, data, eventId: deliveryId, atMs: now() }));
    callbacks.append({ recordingId, deliveryId, event, url: recording.callbackUrl, body });
  };

  return {
    subscribe(recordingId, events) {
      if (events.length > 0) insert.run(recordingId, JSON.stringify(events));
    },
    wanted(recordingId) {
      const raw = select.get(recordingId);
      return raw === undefined ? [] : eventsIn(raw.wanted_json);
    },
    tell: (recordingId, announcement) => db.transaction(() => tell(recordingId, announcement)).immediate(),
  };
}
