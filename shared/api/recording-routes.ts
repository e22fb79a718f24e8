import { Type } from 'typebox';
import { MODES, RECORDING_STATES } from '../recording.ts';
import type { Route } from './route.ts';
import {
  CallbackStorySchema,
  LinksSchema,
  List,
  OrNull,
  RecordingAnswerSchema,
  Text,
  Time,
  Whole,
  Words,
} from './views.ts';

const Id = Type.Object({ id: Type.String({ description: 'Id of a recording.' }) });

const AnswerNow = { 200: { description: 'The recording', schema: RecordingAnswerSchema } };
const AnswerSoon = { 202: { description: 'The recording; what was asked for goes on', schema: RecordingAnswerSchema } };

/** The body is judged by the rules of the wire contract (`shared/parse-request.ts`), which name every broken field at once. */
const RequestBody = Type.Unsafe<Record<string, unknown>>({
  type: 'object',
  required: ['SdkAppId', 'UserId', 'UserSig', 'CosConfig'],
  properties: {
    SdkAppId: { type: 'integer', minimum: 1, maximum: 4_294_967_295 },
    RoomId: { type: 'integer', minimum: 1, maximum: 4_294_967_294 },
    StrRoomId: { type: 'string', minLength: 1, maxLength: 64 },
    UserId: { type: 'string', pattern: '^[A-Za-z0-9_-]{1,32}$' },
    UserSig: { type: 'string', writeOnly: true },
    CosConfig: {
      type: 'object',
      required: ['Region', 'Bucket', 'Path'],
      properties: {
        SecretId: { type: 'string', writeOnly: true },
        SecretKey: { type: 'string', writeOnly: true },
        Token: { type: 'string', writeOnly: true },
        Region: { type: 'string' },
        Bucket: { type: 'string' },
        Path: { type: 'string' },
      },
    },
    Callback: { type: 'string' },
    Mode: { type: 'string', enum: [...MODES], default: '10' },
    IsReserve: { type: 'boolean', default: true },
    AlsoSingle: { type: 'boolean', default: false },
    Layout: { type: 'string', enum: ['grid', 'speaker', 'screen'] },
    Names: { type: 'object', additionalProperties: { type: 'string' } },
    Event: { type: 'array', items: { type: 'string' } },
  },
  description: 'The request of the cloud function, under its names.',
});

/** Orders of a list. `state`: along a recording's life; `started`: when the room was entered, or asked for. */
export const RECORDING_SORTS = ['created', 'started', 'length', 'size', 'room', 'state'] as const;

export const ListQuerySchema = Type.Object({
  state: Type.Optional(Words(RECORDING_STATES)),
  attention: Type.Optional(Type.Boolean({ description: 'Only those that need somebody.' })),
  room: Type.Optional(Type.String({ minLength: 1, maxLength: 64, description: 'RoomId or StrRoomId, whole.' })),
  user: Type.Optional(
    Type.String({ minLength: 1, maxLength: 32, description: 'A participant, or the recorder, by user id.' }),
  ),
  mode: Type.Optional(Words(MODES)),
  from: Type.Optional(Time('Created at or after this moment.')),
  to: Type.Optional(Time('Created before this moment.')),
  text: Type.Optional(
    Type.String({ minLength: 1, maxLength: 100, description: 'Part of id, room, user, file name or error.' }),
  ),
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 500, default: 100 })),
  sort: Type.Optional(Words(RECORDING_SORTS, 'What to sort by; when they were created unless told.')),
  order: Type.Optional(Words(['desc', 'asc'], 'Largest or newest first unless told.')),
  before: Type.Optional(
    Type.String({
      description: 'Where the page before ended: its `before`, or the id of a recording when sorted by creation.',
    }),
  ),
  after: Type.Optional(
    Type.String({ description: 'Where the page behind begins: its `after`. Leafs back; `before` counts first.' }),
  ),
});

const CredentialsBody = Type.Object({
  SecretId: Type.Optional(Text()),
  SecretKey: Type.Optional(Text()),
  Token: Type.Optional(OrNull(Text())),
  UseBox: Type.Optional(Type.Boolean({ description: "True: the box's own keys." })),
});

export const EventSchema = Type.Object({
  seq: Whole('Rises without gaps being promised; also the id of the server-sent event.'),
  at: Time(),
  recordingId: OrNull(Text()),
  type: Text(),
  data: Type.Record(Type.String(), Type.Unknown()),
});

const IdempotencyHeader = Type.Object({
  'Idempotency-Key': Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 255,
      description: 'Repeating the request with the same key within 24 hours starts nothing twice.',
    }),
  ),
});

/** The addresses of the cloud function: `POST /`, and whatever comes after `/release`. Registered apart, as they judge no content type. */
export const DROP_IN_ROUTE = {
  method: 'POST',
  path: '/',
  role: 'record',
  group: 'Recordings',
  summary: {
    en: 'Start a recording, answered as the cloud function did; also at /release/ and below',
    zh: '开始录制，应答与云函数一致；/release/ 及其下的地址同样可用',
  },
  headers: IdempotencyHeader,
  body: RequestBody,
  judgesBody: true,
  replies: { 200: { description: 'Taken; header x-scf-reqid holds the id of the recording', type: 'text/plain' } },
} as const satisfies Route;

export const RECORDING_ROUTES = {
  startRecording: {
    method: 'POST',
    path: '/api/recordings',
    role: 'record',
    group: 'Recordings',
    summary: { en: 'Start a recording', zh: '开始录制' },
    headers: IdempotencyHeader,
    body: RequestBody,
    judgesBody: true,
    replies: {
      202: {
        description: 'Safe on disk; its recording is never lost from here on',
        schema: Type.Object({
          id: Text(),
          state: Words(RECORDING_STATES),
          links: LinksSchema,
          warnings: List(Type.Object({ field: Text(), message: Text() })),
        }),
      },
    },
  },
  listRecordings: {
    method: 'GET',
    path: '/api/recordings',
    role: 'record',
    group: 'Recordings',
    summary: { en: 'List recordings, newest first unless told', zh: '列出录制，默认最新的在前' },
    query: ListQuerySchema,
    replies: {
      200: {
        description: 'One page; `before` of the next one and `after` of the one before, or null when there is none',
        schema: Type.Object({
          recordings: List(RecordingAnswerSchema),
          before: OrNull(Text()),
          after: OrNull(Text()),
          total: Whole('How many there are with these filters, on all pages.'),
        }),
      },
    },
  },
  findByKey: {
    method: 'GET',
    path: '/api/idempotency',
    role: 'record',
    group: 'Recordings',
    summary: { en: 'Which recording an Idempotency-Key started', zh: '查询 Idempotency-Key 对应的录制' },
    headers: Type.Object({
      'Idempotency-Key': Type.String({
        minLength: 1,
        maxLength: 255,
        description: 'The key that was sent with a recording request.',
      }),
    }),
    query: Type.Object({
      orReady: Type.Optional(
        Type.Boolean({
          description:
            'For balancers. True: also 200, without an id, when nothing was started with the key but would be now; else the refusal that a request would get.',
        }),
      ),
    }),
    replies: {
      200: {
        description: 'A request with this key belongs to this box; header x-scf-reqid holds the id',
        schema: Type.Object({ id: OrNull(Text()) }),
      },
    },
  },
  getRecording: {
    method: 'GET',
    path: '/api/recordings/:id',
    role: 'record',
    group: 'Recordings',
    summary: { en: 'One recording in full', zh: '查看一个录制的全部信息' },
    params: Id,
    replies: AnswerNow,
  },
  getLivePicture: {
    method: 'GET',
    path: '/api/recordings/:id/picture',
    role: 'operate',
    group: 'Recordings',
    summary: { en: 'What is being recorded at this moment, as a picture', zh: '正在录制的实时画面' },
    params: Id,
    replies: {
      200: { description: 'At most 480 pixels wide; a newer one each second while somebody asks', type: 'image/jpeg' },
    },
  },
  stopRecording: {
    method: 'POST',
    path: '/api/recordings/:id/stop',
    role: 'record',
    group: 'Recordings',
    summary: { en: 'End a recording', zh: '结束录制' },
    params: Id,
    replies: { ...AnswerNow, ...AnswerSoon },
  },
  retryRecording: {
    method: 'POST',
    path: '/api/recordings/:id/retry',
    role: 'operate',
    group: 'Recordings',
    summary: { en: 'Try the step a recording waits in at once', zh: '立即重试录制当前等待的步骤' },
    params: Id,
    replies: AnswerSoon,
  },
  resendCallback: {
    method: 'POST',
    path: '/api/recordings/:id/callback',
    role: 'operate',
    group: 'Recordings',
    summary: { en: 'Send the result to the caller again', zh: '重新向调用方发送结果' },
    params: Id,
    replies: AnswerSoon,
  },
  getCallbacks: {
    method: 'GET',
    path: '/api/recordings/:id/callbacks',
    role: 'operate',
    group: 'Recordings',
    summary: { en: 'What the caller was sent, and what he answered', zh: '发送给调用方的内容及其应答' },
    params: Id,
    replies: {
      200: {
        description: 'In the order of sending',
        schema: Type.Object({ callbacks: List(CallbackStorySchema) }),
      },
    },
  },
  setRecordingCredentials: {
    method: 'POST',
    path: '/api/recordings/:id/credentials',
    role: 'operate',
    group: 'Recordings',
    summary: { en: 'Give a recording other COS keys', zh: '为录制更换 COS 密钥' },
    params: Id,
    body: CredentialsBody,
    judgesBody: true,
    replies: AnswerSoon,
  },
  retryAll: {
    method: 'POST',
    path: '/api/retry',
    role: 'operate',
    group: 'Recordings',
    summary: { en: 'Try everything that waits at once', zh: '立即重试所有等待中的任务' },
    replies: { 202: { description: 'How many waited', schema: Type.Object({ retried: Whole() }) } },
  },
  deleteRecording: {
    method: 'DELETE',
    path: '/api/recordings/:id',
    role: 'operate',
    group: 'Recordings',
    summary: {
      en: 'Delete a recording from the box: files and rows; what is in COS stays',
      zh: '从本机删除录制的文件和记录；COS 中的对象不受影响',
    },
    params: Id,
    query: Type.Object({
      force: Type.Optional(
        Type.Boolean({ description: 'Also one whose file is not proven to be in COS: the recording is lost then.' }),
      ),
    }),
    replies: { 204: { description: 'Deleted' } },
  },
  getResult: {
    method: 'GET',
    path: '/api/recordings/:id/result',
    role: 'record',
    group: 'Recordings',
    summary: { en: "The result as the caller's Callback gets it", zh: '与回调内容相同的录制结果' },
    params: Id,
    replies: {
      200: { description: 'The result', schema: Type.Unsafe<Record<string, unknown>>({ type: 'object' }) },
    },
  },
  getRecordingEvents: {
    method: 'GET',
    path: '/api/recordings/:id/events',
    role: 'operate',
    group: 'Recordings',
    summary: { en: 'What happened to a recording, oldest first', zh: '录制的审计记录，最早的在前' },
    params: Id,
    query: Type.Object({
      after: Type.Optional(Type.Integer({ minimum: 0, description: 'Only events with a higher `seq`.' })),
      limit: Type.Optional(
        Type.Integer({ minimum: 1, maximum: 1000, description: '1000 when left out; JSON lines come whole then.' }),
      ),
    }),
    headers: Type.Object({
      Accept: Type.Optional(Type.String({ description: '`application/x-ndjson`: one event per line, for export.' })),
    }),
    streams: true,
    replies: { 200: { description: 'Events', schema: Type.Object({ events: List(EventSchema) }) } },
  },
} as const satisfies Record<string, Route>;
