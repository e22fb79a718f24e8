import { type Static, Type } from 'typebox';
import { RECORDING_STATES } from '../recording.ts';
import { SelfTestSchema } from './box-routes.ts';
import { EventSchema } from './recording-routes.ts';
import { OrNull, Text, Whole, Words } from './views.ts';

// What GET /api/events sends: server-sent events, each with its name and JSON.

export const OpenedSchema = Type.Object({
  seq: Whole('Where the reader stands: events behind this one follow.'),
  missed: Type.Boolean({
    description:
      'True when the reader knows later events than the box, whose database was restored: look at everything afresh.',
  }),
});

export const ProgressSchema = Type.Object(
  {
    recordingId: Text(),
    state: Words(RECORDING_STATES),
    timelineMs: Whole('Length on the timeline so far.'),
    participants: OrNull(
      Type.Object({ inRoom: Whole(), recorded: Whole() }),
      'Users with media in the room, and how many of them have a place; null when nobody records now.',
    ),
    pictures: Type.Object({ sent: Whole(), skipped: Whole(), framesDropped: Whole() }),
    upload: OrNull(
      Type.Object({ doneBytes: Whole('Safe in COS.'), totalBytes: Whole() }),
      'Null while nothing is being uploaded.',
    ),
  },
  { description: 'How far a recording is, at most once a second. Never replayed.' },
);
export type Progress = Static<typeof ProgressSchema>;

/** Names of the server-sent events and what their data holds. `opened` and `audit` carry their `seq` as id. */
export const BOX_MESSAGES = {
  opened: OpenedSchema,
  audit: EventSchema,
  progress: ProgressSchema,
  selfTest: SelfTestSchema,
} as const;

export type BoxMessageName = keyof typeof BOX_MESSAGES;
/** One server-sent event of the box. */
export type BoxMessage = {
  [Name in BoxMessageName]: { name: Name; data: Static<(typeof BOX_MESSAGES)[Name]> };
}[BoxMessageName];
