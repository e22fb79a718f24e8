import { type Static, Type } from 'typebox';
import { RECORDING_STATES } from '../recording.ts';
import { SelfTestSchema } from './box-routes.ts';
import { EventSchema } from './recording-routes.ts';
import { List, OrNull, Text, Whole, Words } from './views.ts';

// What GET /api/events sends: server-sent events, each with its name and JSON.

export const OpenedSchema = Type.Object({
  seq: Whole('Where the reader stands: events behind this one follow.'),
  missed: Type.Boolean({
    description:
      'True when the reader knows later events than the box, whose database was restored: look at everything afresh.',
  }),
});

const Level = OrNull(
  Whole(),
  'Loudest 20 ms of the last second in decibels of full scale, -60 to 0; null when nothing was heard.',
);

export const LIVE_PICTURES = ['live', 'held', 'none'] as const;

export const LiveParticipantSchema = Type.Object({
  userId: Text(),
  slot: OrNull(Whole(), '0…5; null while six others are being recorded.'),
  isInRoom: Type.Boolean({ description: 'False for one who left and whose place is kept.' }),
  audio: Type.Boolean({ description: 'His microphone is on.' }),
  video: Type.Boolean({ description: 'His camera is on.' }),
  screen: Type.Boolean({ description: 'He shares a screen.' }),
  picture: Words(LIVE_PICTURES, 'Of his camera: it moves, its last picture stands, or there is nothing to show.'),
  talking: Type.Boolean(),
  levelDb: Level,
});
export type LiveParticipant = Static<typeof LiveParticipantSchema>;

export const LiveSchema = Type.Object(
  {
    levelDb: OrNull(Whole(), 'Of the mix, as for participants; also null when no mix is made.'),
    participants: List(LiveParticipantSchema, 'Everybody in the room, and those whose place is kept.'),
    bytesWritten: Whole('In all segments so far.'),
    encoder: Type.Object({
      name: Text(),
      speed: OrNull(
        Type.Number(),
        'Share of what was due in the last seconds that the encoder took in: 1 keeps up with the room. Null at the beginning.',
      ),
    }),
  },
  { description: 'What is being recorded, as it was heard and seen in the last second.' },
);

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
    live: OrNull(LiveSchema, 'Null when nobody records now.'),
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
