import { type Static, type TSchema, Type } from 'typebox';
import { CALLBACK_EVENTS } from '../callback-events.ts';
import { END_REASONS, FILE_STREAMS, LAYOUTS, MODES, RECORDING_STATES } from '../recording.ts';

// What the API, the page and the console show of a recording, as schemas: types, openapi.json and client all come from these.
// Nothing here holds a secret; times are ISO 8601 in UTC.

/** One of a list of words. */
export function Words<const Word extends string>(words: readonly Word[], description?: string) {
  return Type.Unsafe<Word>({ type: 'string', enum: [...words], ...about(description) });
}

/** A value or null. */
export function OrNull<Schema extends TSchema>(schema: Schema, description?: string) {
  return Type.Union([schema, Type.Null()], about(description));
}

export function Time(description?: string) {
  return Type.String({ format: 'date-time', ...about(description) });
}

export function Text(description?: string) {
  return Type.String(about(description));
}

export function Whole(description?: string) {
  return Type.Integer(about(description));
}

export function List<Schema extends TSchema>(schema: Schema, description?: string) {
  return Type.Array(schema, about(description));
}

function about(description: string | undefined): { description?: string } {
  return description === undefined ? {} : { description };
}

export const RequestViewSchema = Type.Object(
  {
    SdkAppId: Whole(),
    RoomId: OrNull(Whole(), 'Null when the room is a string room.'),
    StrRoomId: OrNull(Text(), 'Null when the room is an integer room.'),
    UserId: Text(),
    Mode: Words(MODES),
    IsReserve: Type.Boolean(),
    AlsoSingle: Type.Boolean(),
    Layout: OrNull(Words(LAYOUTS), 'Null: as the box is set.'),
    Names: Type.Record(Type.String(), Type.String()),
    CosConfig: Type.Object({ Region: Text(), Bucket: Text(), Path: Text() }),
    Callback: OrNull(Text(), 'Without user name, password and query. Null when the caller wants no callback.'),
    Event: List(Words(CALLBACK_EVENTS), 'Which events the caller wants beside the result.'),
  },
  { description: 'The request as accepted, under its wire names, without UserSig and credentials.' },
);

export const FILE_STATES = ['recording', 'local', 'uploading', 'uploaded', 'failed'] as const;

export const FileViewSchema = Type.Object({
  userId: Text("Whose streams the file holds; in mixed modes the recorder's own user."),
  stream: Words(FILE_STREAMS),
  startOffsetMs: Whole("Where on the recording's timeline the file begins."),
  localPath: OrNull(
    Text(),
    'Where the file is on the box; null while none has been finalized or once it was cleaned away.',
  ),
  evictedAt: OrNull(
    Time(),
    'When the local file was given up because COS is proven to hold it; null while it is on the box.',
  ),
  bytes: Whole(),
  durationMs: Whole(),
  objectKey: Text(),
  url: Text('Address of the object in COS; it answers only once `state` is `uploaded`.'),
  uploadedBytes: Whole(),
  crc64: OrNull(Text(), 'CRC-64/XZ as an unsigned decimal, the form COS uses; null until computed.'),
  sha256: OrNull(Text(), 'Lower-case hexadecimal; null when it was not computed.'),
  state: Words(
    FILE_STATES,
    "`local`: safe on the box's disk, waiting; `failed`: there is no such file or COS refuses it for good.",
  ),
});

export const ResultFileSchema = Type.Object(
  {
    UserId: Text(),
    RecordFile: Text(),
    Status: Type.Unsafe<0 | 1>({ type: 'integer', enum: [0, 1], description: '0 failure, 1 success.' }),
    Message: Text(),
    Stream: Type.Optional(Words(FILE_STREAMS)),
    StartOffsetMs: Type.Optional(
      Whole('Where the file begins, after the moment that all files of the recording share as their time 0.'),
    ),
    DurationMs: Type.Optional(Whole()),
    Bytes: Type.Optional(Whole()),
    Crc64: Type.Optional(Text()),
  },
  { description: 'The first four keys are the contract, the others are additions.' },
);

export const ResultViewSchema = Type.Object(
  {
    SdkAppId: Text(),
    RoomId: Text(),
    UserId: Text(),
    StrRoomId: Text(),
    Files: List(ResultFileSchema),
  },
  {
    additionalProperties: true,
    description:
      'What the caller is told at the end, by API and Callback; the first five keys are the contract, the others are additions.',
  },
);

/** What the caller is told at the end, by API and Callback; the first five keys are the contract, the others are additions. */
export interface ResultView {
  SdkAppId: string;
  RoomId: string;
  UserId: string;
  StrRoomId: string;
  Files: Static<typeof ResultFileSchema>[];
  [addition: string]: unknown;
}

export const CALLBACK_DELIVERY_STATES = ['pending', 'delivered', 'parked'] as const;

export const CallbackDeliveryViewSchema = Type.Object(
  {
    event: OrNull(Text(), 'Null for the result.'),
    deliveryId: Text('The same in every try: header `x-delivery-id`.'),
    state: Words(
      CALLBACK_DELIVERY_STATES,
      '`parked`: given up after the configured time; it can be sent again by hand.',
    ),
    attempts: Whole(),
    nextAttemptAt: OrNull(Time(), 'Null when it is due now, waits for the one before it, or is over.'),
    lastStatus: OrNull(Whole(), 'HTTP status of the last answer; null when there was none.'),
    lastError: OrNull(Text()),
    createdAt: Time(),
    endedAt: OrNull(Time()),
  },
  { description: 'One message on its way to the caller.' },
);

/** One try to send a message. */
export const CallbackTrySchema = Type.Object({
  attempt: Whole('1, 2, …; a resending goes on counting.'),
  at: Time('When it began.'),
  tookMs: Whole(),
  status: OrNull(Whole(), 'HTTP status of the answer; null when there was none.'),
  error: OrNull(Text(), 'Why it was not taken; null when it was.'),
  answer: OrNull(Text(), 'The first 500 characters of what was answered; null when nothing was.'),
});

/** A message with what was sent, and what came of each try. */
export const CallbackStorySchema = Type.Interface([CallbackDeliveryViewSchema], {
  url: Text('Without user name, password and query.'),
  body: Text('Exactly as it is sent.'),
  tries: List(CallbackTrySchema, 'The first five and the last twenty.'),
});
export type CallbackStory = Static<typeof CallbackStorySchema>;

export const GapSchema = Type.Object({
  atMs: Type.Number({ description: "On the recording's timeline." }),
  durationMs: Type.Number(),
  reason: Text('`encoderDied`, `captureDied`, `boxDown`, `connectionLost` or `segmentLost`.'),
  cut: Type.Boolean({ description: 'Left out of the file because it was longer than the fill limit.' }),
});

export const ParticipantStaySchema = Type.Object({
  userId: Text(),
  enteredAtMs: Type.Number(),
  leftAtMs: OrNull(Type.Number()),
  slot: OrNull(Whole(), '0…5; null while six others are being recorded.'),
});

export const StandstillSchema = Type.Object({ code: Text(), message: Text(), remedy: Text() });

export const WaitingSchema = Type.Object({ code: Text(), message: Text(), remedy: Text(), until: OrNull(Time()) });

export const RecordingViewSchema = Type.Object({
  id: Text('UUID, behind the name of the box where it has one; the caller also gets it as `x-scf-reqid`.'),
  state: Words(RECORDING_STATES),
  simulated: Type.Boolean({ description: 'True when the room was a simulation: the file shows no real room.' }),
  createdAt: Time(),
  startedAt: OrNull(Time(), 't=0 of the timeline; null until the room was entered.'),
  endedAt: OrNull(Time()),
  endReason: OrNull(Words(END_REASONS)),
  durationMs: Whole('Length on the timeline so far.'),
  request: RequestViewSchema,
  participants: List(ParticipantStaySchema),
  files: List(FileViewSchema),
  gaps: List(GapSchema),
  pictures: Type.Object(
    { sent: Whole(), skipped: Whole(), framesDropped: Whole() },
    {
      description:
        'Pictures handed to the encoders, left out because an encoder could not keep up, and frames from the room that could not be used.',
    },
  ),
  failure: OrNull(Type.Object({ code: Text(), message: Text() })),
  attempts: Whole('Tries of the step the recording is in now.'),
  nextAttemptAt: OrNull(Time()),
  blocked: OrNull(StandstillSchema, 'Why delivery stands still until somebody changes something.'),
  waiting: OrNull(WaitingSchema, 'Why the next try is still to come, although nobody has to do anything.'),
  waitingSince: OrNull(Time(), 'Since when `blocked` or `waiting` say the same; null when they say nothing.'),
  lastError: OrNull(Text(), '`CODE: text` of the last unsuccessful try of the step the recording is in now.'),
  callbacks: List(CallbackDeliveryViewSchema, 'What the caller was told and is to be told by callback, in that order.'),
  result: OrNull(
    Type.Unsafe<ResultView>(ResultViewSchema),
    'Null until the recording has ended and its outcome is known.',
  ),
});

export const LinksSchema = Type.Record(Type.String(), Type.String());

/** A file with its addresses: `file` and `download` while it is on the box, `thumbnail` and `waveform` as far as it has them. */
export const FileAnswerSchema = Type.Interface([FileViewSchema], { links: LinksSchema });

/** A recording as routes answer with it: with its addresses, and warnings in the reader's language. */
export const RecordingAnswerSchema = Type.Interface([Type.Omit(RecordingViewSchema, ['files'])], {
  files: List(FileAnswerSchema),
  warnings: List(Type.Object({ code: Text(), at: Time(), message: Text() })),
  links: LinksSchema,
});
export type RecordingAnswer = Static<typeof RecordingAnswerSchema>;
