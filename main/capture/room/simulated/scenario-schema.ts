const seconds = { type: 'number', minimum: 0, maximum: 1_000_000 } as const;
const file = { type: 'string', minLength: 1, maxLength: 1024 } as const;
const size = { type: 'string', pattern: '^[0-9]{2,4}x[0-9]{2,4}$' } as const;
const fps = { type: 'number', minimum: 1, maximum: 60 } as const;

const change = {
  type: 'object',
  additionalProperties: false,
  required: ['at'],
  minProperties: 2,
  properties: {
    at: seconds,
    video: { type: 'boolean', description: 'Camera on or off. The media clock goes on.' },
    audio: { type: 'boolean', description: 'Microphone on or off. The media clock goes on.' },
    size: { ...size, description: 'New picture size, even numbers from 16 to 4096.' },
    rotation: { type: 'integer', minimum: 0, maximum: 3, description: 'Rotation value carried by the frames.' },
    sampleRate: { type: 'integer', enum: [16000, 24000, 32000, 44100, 48000], description: 'Rate of the PCM in Hz.' },
    channels: { type: 'integer', enum: [1, 2], description: 'Channels of the PCM.' },
    audioGap: { ...seconds, description: 'Sound is lost for this long; nothing is announced.' },
    stall: { ...seconds, description: 'All media is held back for this long, then arrives as a burst.' },
    timestampJump: { type: 'number', description: 'From here on the time stamps are shifted by this many seconds.' },
  },
} as const;

const participant = {
  type: 'object',
  additionalProperties: false,
  required: ['userId'],
  properties: {
    userId: { type: 'string', pattern: '^[A-Za-z0-9_-]{1,32}$' },
    media: { ...file, description: 'Clip with picture and/or sound; `.yuv` or `.i420` is headerless I420.' },
    audio: { ...file, description: 'Separate sound file; loops on its own length.' },
    size,
    fps,
    enterAt: seconds,
    leaveAt: seconds,
    stays: {
      type: 'array',
      minItems: 1,
      items: { type: 'array', minItems: 2, maxItems: 2, items: { type: ['number', 'null'], minimum: 0 } },
      description: 'Several stays as [from, to]; null as the last `to` means until the end.',
    },
    changes: { type: 'array', items: change },
    screen: {
      type: 'object',
      additionalProperties: false,
      required: ['media', 'from'],
      properties: { media: file, from: seconds, to: seconds, size, fps },
    },
  },
} as const;

const event = {
  type: 'object',
  additionalProperties: false,
  required: ['type'],
  properties: {
    at: seconds,
    type: {
      type: 'string',
      enum: ['dissolve', 'kick', 'connectionLost', 'connectionRecovered', 'enterError', 'noExit', 'crash'],
    },
    code: { type: 'integer', maximum: -1, description: 'Only for enterError: the SDK error code.' },
    times: { type: 'integer', minimum: 1, description: 'Only for enterError: how many attempts fail.' },
  },
} as const;

/** JSON Schema of a scenario file; `resources/scenario.schema.json` is the same for editors. */
export const scenarioSchema = {
  $schema: 'http://json-schema.org/draft-07/schema#',
  title: 'Simulated TRTC rooms',
  type: 'object',
  additionalProperties: false,
  required: ['rooms'],
  properties: {
    $schema: { type: 'string' },
    rooms: {
      type: 'object',
      minProperties: 1,
      propertyNames: { pattern: '^([1-9][0-9]{0,9}|str:.{1,64})$' },
      additionalProperties: {
        type: 'object',
        additionalProperties: false,
        properties: {
          participants: { type: 'array', items: participant },
          events: { type: 'array', items: event },
        },
      },
    },
  },
} as const;
