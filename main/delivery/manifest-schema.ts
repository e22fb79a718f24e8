import { type Static, type TSchema, Type } from 'typebox';
import { END_REASONS, FILE_STREAMS, LAYOUTS, MODES } from '../../shared/recording.ts';

/** Raised when a reader of older manifests would misunderstand a newer one. */
export const MANIFEST_FORMAT_VERSION = 1;

const GAP_REASONS = ['encoderDied', 'captureDied', 'boxDown', 'connectionLost', 'segmentLost'] as const;

function closed<Properties extends Parameters<typeof Type.Object>[0]>(properties: Properties, description?: string) {
  return Type.Object(properties, { additionalProperties: false, ...(description ? { description } : {}) });
}

function nullable<Schema extends TSchema>(schema: Schema, description?: string) {
  return Type.Union([schema, Type.Null()], description ? { description } : {});
}

function oneOf<const Word extends string>(words: readonly Word[], description?: string) {
  return Type.Unsafe<Word>({ type: 'string', enum: words, ...(description ? { description } : {}) });
}

function text(description: string) {
  return Type.String({ description });
}

const count = (description: string) => Type.Integer({ minimum: 0, description });
const timelineMs = (description: string) => Type.Number({ minimum: 0, description });
const instant = (description: string) =>
  Type.String({ pattern: '^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}Z$', description });
const sha256 = Type.String({ pattern: '^[0-9a-f]{64}$' });
const crc64 = Type.String({ pattern: '^[0-9]{1,20}$' });

const request = closed(
  {
    SdkAppId: Type.Integer(),
    RoomId: nullable(Type.Integer()),
    StrRoomId: nullable(Type.String()),
    UserId: Type.String(),
    Mode: oneOf(MODES),
    IsReserve: Type.Boolean(),
    AlsoSingle: Type.Boolean(),
    Layout: nullable(oneOf(LAYOUTS)),
    Names: Type.Record(Type.String(), Type.String()),
    CosConfig: closed({ Region: Type.String(), Bucket: Type.String(), Path: Type.String() }),
    Callback: nullable(Type.String()),
  },
  'The request as accepted, under its wire names, without any secret.',
);

const participant = closed({
  userId: Type.String(),
  intervals: Type.Array(
    closed({
      enteredAtMs: timelineMs('When he entered, on the timeline.'),
      leftAtMs: nullable(
        Type.Number({ minimum: 0 }),
        'When he left, on the timeline; null when he was there to the end.',
      ),
      slot: nullable(Type.Integer({ minimum: 0 }), 'His slot at last; null when he was not recorded.'),
    }),
  ),
});

const gap = closed({
  atMs: timelineMs('Where it begins on the timeline.'),
  durationMs: timelineMs('How long nothing could be recorded.'),
  reason: oneOf(GAP_REASONS),
  cut: Type.Boolean({ description: 'True: left out of the file. False: held picture and silence stand in for it.' }),
});

const segment = closed({
  segment: count('Number, from 0, over all outputs.'),
  output: text('The file it became a part of: `mix`, `main:` or `sub:` and the user.'),
  file: text('File name it had on the box.'),
  startMs: timelineMs('Where it begins on the timeline.'),
  bytes: nullable(Type.Integer({ minimum: 0 }), 'Null when its process died before closing it.'),
  clean: nullable(Type.Boolean(), 'Whether the encoder ended it by itself; null when its process died.'),
  sha256: nullable(sha256),
});

const file = closed({
  name: Type.String(),
  userId: text('Whose streams it holds; in mixed recordings the recorder itself.'),
  stream: oneOf(FILE_STREAMS, "The mix, one user's camera and voice, or his shared screen."),
  bytes: count('Size.'),
  durationMs: timelineMs('Length.'),
  startOffsetMs: timelineMs('Where on the timeline the file begins.'),
  sha256: nullable(sha256),
  crc64: nullable(crc64, 'CRC-64/XZ as an unsigned decimal, as COS tells it.'),
  objectKey: Type.String(),
  url: Type.String(),
});

const warning = closed({
  level: oneOf(['warning', 'error']),
  code: Type.Integer({ description: 'Code of the SDK.' }),
  text: Type.String(),
  count: Type.Integer({ minimum: 1, description: 'How often it was told.' }),
});

/** JSON Schema of a manifest; `resources/manifest.schema.json` is the same for others. */
export const manifestSchema = Type.Object(
  {
    formatVersion: Type.Literal(MANIFEST_FORMAT_VERSION),
    recordingId: text('Id of the recording, the RequestId of the result.'),
    boxId: nullable(Type.String(), 'The box that recorded.'),
    recorderVersion: text('Version of the recorder.'),
    createdAt: instant('When this manifest was written, UTC.'),
    request,
    room: closed({
      kind: oneOf(['integer', 'string'], 'Room 123 and room "123" are different rooms.'),
      id: Type.String(),
    }),
    mode: oneOf(MODES),
    simulated: Type.Boolean({ description: 'True when the room was a simulation: the files show no real room.' }),
    acceptedAt: instant('When the request was accepted, UTC.'),
    startedAt: nullable(instant('UTC.'), 'Time 0 of the timeline; null when the room was never entered.'),
    endedAt: nullable(instant('UTC.'), 'When the recording stopped recording.'),
    endReason: nullable(oneOf(END_REASONS)),
    timelineMs: timelineMs('Length of the timeline.'),
    firstMediaAtMs: nullable(Type.Number({ minimum: 0 }), 'When the first picture or sound came, on the timeline.'),
    participants: Type.Array(participant),
    gaps: Type.Array(gap),
    counters: nullable(
      closed({
        picturesSent: count('Pictures that went to the encoder.'),
        picturesSkipped: count('Pictures left out because the encoder was slower than real time.'),
        framesReceived: count("Participants' pictures that arrived."),
        framesDropped: count("Participants' pictures that could not be used."),
      }),
      'Null when they are not known.',
    ),
    segments: Type.Array(segment),
    warnings: Type.Array(warning, { description: 'What the SDK warned of.' }),
    files: Type.Array(file),
  },
  {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'Manifest of a recording',
    description: 'What was recorded, when, of whom, and what is missing. Times of the timeline are in milliseconds.',
    additionalProperties: false,
  },
);

/** The sidecar document of one recording. */
export type Manifest = Static<typeof manifestSchema>;
