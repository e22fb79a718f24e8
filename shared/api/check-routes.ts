import { Type } from 'typebox';
import { KEY_IN_FILE_REASONS } from '../key-store.ts';
import { SELF_TEST_STATES } from './box-routes.ts';
import type { Route } from './route.ts';

import { List, OrNull, Text, Time, Whole, Words } from './views.ts';

export const COS_CHECK_STEPS = ['write', 'read', 'multipart', 'delete', 'clock'] as const;
/** `noted`: worth knowing, but recordings would be delivered. */
export const CHECK_STATES = ['passed', 'noted', 'failed', 'skipped'] as const;

const StepFields = {
  state: Words(CHECK_STATES),
  code: OrNull(Text(), 'What went wrong, as COS or the system calls it.'),
  message: Text("In the reader's language."),
  remedy: OrNull(Text(), "What somebody can do, in the reader's language."),
};

export const CosCheckSchema = Type.Object({
  passed: Type.Boolean({ description: 'Whether recordings would be delivered there.' }),
  where: Type.Object({ Region: Text(), Bucket: Text(), Path: Text() }),
  keys: Words(['given', 'destination', 'box'], 'Whose keys were used.'),
  clockDifferenceMs: OrNull(Whole(), "COS's clock less the box's; null when COS could not be asked."),
  steps: List(Type.Object({ name: Words(COS_CHECK_STEPS), tookMs: Whole(), ...StepFields })),
});

const ShortText = Type.String({ maxLength: 1024 });
const Secret = Type.Union([Type.String({ maxLength: 8192, writeOnly: true }), Type.Null()]);

const CosCheckBody = Type.Object(
  {
    destination: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 64,
        description: 'A saved destination; fields beside it replace its own.',
      }),
    ),
    Region: Type.Optional(ShortText),
    Bucket: Type.Optional(ShortText),
    Path: Type.Optional(ShortText),
    SecretId: Type.Optional(Secret),
    SecretKey: Type.Optional(Secret),
    Token: Type.Optional(Secret),
  },
  { description: "As CosConfig of a request: without keys the box's own are used." },
);

export const CallbackCheckSchema = Type.Object({
  passed: Type.Boolean({ description: 'Whether the receiver took the message (2xx).' }),
  deliveryId: Text('Header `x-delivery-id` of the message.'),
  status: OrNull(Whole(), 'Null when there was no answer.'),
  tookMs: Whole(),
  signed: Type.Boolean(),
  answer: OrNull(Text(), 'The first 200 characters.'),
  message: Text("In the reader's language."),
  remedy: OrNull(Text()),
});

const CallbackCheckBody = Type.Object({
  url: Type.String({ minLength: 1, maxLength: 4096 }),
  signingKey: Type.Optional(
    Type.Union([Type.String({ maxLength: 512, writeOnly: true }), Type.Null()], {
      description: "Signs the message; the box's own key when it is left out, none when it is null.",
    }),
  ),
});

export const EncodersCheckSchema = Type.Object({
  ffmpeg: OrNull(Type.Object({ version: Text(), licence: Text(), source: Text() })),
  encoders: List(
    Type.Object({
      name: Text('As ffmpeg calls it.'),
      kind: Words(['picture', 'sound']),
      hardware: Type.Boolean(),
      works: Type.Boolean(),
      used: Type.Boolean({ description: 'Whether recordings are made with it.' }),
      speed: OrNull(
        Type.Number(),
        'Times real time, for one second of pictures as they are set or of sound; null when it does not work.',
      ),
      message: Text("In the reader's language."),
    }),
  ),
  remedy: OrNull(Text()),
});

const Place = Type.Object({ id: Text(), room: Text() });

/** What needs a person, before it is put into words; `attentionItems` does that. */
export const AttentionFactsSchema = Type.Object({
  at: Time(),
  problems: List(Text(), 'Codes that a request would be refused with now.'),
  simulated: Type.Boolean(),
  disk: Type.Object({ freeBytes: OrNull(Whole()), reserveBytes: Whole() }),
  standstills: List(
    Type.Object({
      code: Text(),
      remedy: Text('Name of the remedy, or its English text where it has no name.'),
      message: Text(),
      count: Whole(),
      recordings: List(Place, 'At most 20.'),
    }),
    'Deliveries that stand still, by reason.',
  ),
  parked: Type.Object({
    count: Whole(),
    lastError: OrNull(Text()),
    recordings: List(Place, 'At most 20.'),
  }),
  expiring: List(
    Type.Object({ id: Text(), room: Text(), at: Time() }),
    'Recordings whose UserSig ends soon or has ended.',
  ),
  relieved: List(Place, 'Recordings that are encoded more lightly than set, because the machine does not keep up.'),
  hardwareFailed: List(Place, 'Recordings that x264 encodes because the encoder of graphics hardware failed them.'),
  withoutSound: List(Place, 'Recordings to which no sound comes although somebody sends some.'),
  clock: Type.Object({
    behindMs: Whole('How far the clock is behind what the box has written down before; 0 when it is not.'),
    cosDifferenceMs: OrNull(Whole(), "COS's clock less the box's at the last test of COS access."),
  }),
  tls: OrNull(Type.Object({ validUntil: Time(), problem: OrNull(Text()) })),
  quarantine: Type.Object({ rows: Whole(), files: Whole() }),
  selfTest: Words(SELF_TEST_STATES),
  keyInFile: OrNull(
    Words(KEY_IN_FILE_REASONS),
    'Why the key of the stored secrets lies in a file although it is wanted in the keychain.',
  ),
  windowsMissing: Type.Boolean({
    description: 'Whether recordings are to run in hidden windows although there is no desktop.',
  }),
});

export const FIRST_RUN_STEPS = ['storage', 'cos', 'token', 'selfTest', 'done'] as const;

export const FirstRunSchema = Type.Object({
  offered: Type.Boolean({ description: 'Whether the guide should be pointed at.' }),
  dismissed: Type.Boolean(),
  step: Words(FIRST_RUN_STEPS, 'Where somebody left it.'),
  hasRecorded: Type.Boolean(),
  storage: Type.Object({
    directory: Text(),
    freeBytes: OrNull(Whole(), 'Null while its disk is away.'),
    reserveBytes: Whole(),
    fromEnvironment: Type.Boolean({ description: 'Whether CFS_PATH names the folder.' }),
  }),
  keys: Words(['stored', 'environment', 'none']),
  access: Type.Object({ tokenRequired: Type.Boolean(), loopbackOnly: Type.Boolean() }),
});

/** Trying before saving, what needs a person, the guide for a new box, and what support asks for. */
export const CHECK_ROUTES = {
  checkCos: {
    method: 'POST',
    path: '/api/checks/cos',
    role: 'operate',
    group: 'Box',
    summary: {
      en: 'Try COS access: writes, reads and deletes a tiny object',
      zh: '测试 COS 访问：写入、读取并删除一个很小的对象',
    },
    body: CosCheckBody,
    replies: { 200: { description: 'Step by step', schema: CosCheckSchema } },
  },
  checkCallback: {
    method: 'POST',
    path: '/api/checks/callback',
    role: 'operate',
    group: 'Box',
    summary: { en: 'Send a test message to a callback address', zh: '向回调地址发送一条测试消息' },
    body: CallbackCheckBody,
    replies: { 200: { description: 'What the receiver answered', schema: CallbackCheckSchema } },
  },
  checkEncoders: {
    method: 'POST',
    path: '/api/checks/encoders',
    role: 'operate',
    group: 'Box',
    summary: { en: 'Try the encoders of this machine and measure them', zh: '试用本机的编码器并测量速度' },
    replies: { 200: { description: 'Each encoder', schema: EncodersCheckSchema } },
  },
  getAttention: {
    method: 'GET',
    path: '/api/attention',
    role: 'operate',
    group: 'Box',
    summary: { en: 'What needs a person, by reason', zh: '需要人工处理的事项（按原因）' },
    replies: { 200: { description: 'Facts; the console puts them into words', schema: AttentionFactsSchema } },
  },
  getFirstRun: {
    method: 'GET',
    path: '/api/first-run',
    role: 'operate',
    group: 'Box',
    summary: { en: 'How far a new box is set up', zh: '新机器的初始设置进度' },
    replies: { 200: { description: 'The guide', schema: FirstRunSchema } },
  },
  changeFirstRun: {
    method: 'PATCH',
    path: '/api/first-run',
    role: 'admin',
    group: 'Box',
    summary: { en: 'Leave or dismiss the guide', zh: '暂停或关闭初始设置向导' },
    body: Type.Object(
      { dismissed: Type.Optional(Type.Boolean()), step: Type.Optional(Words(FIRST_RUN_STEPS)) },
      { additionalProperties: false },
    ),
    replies: { 200: { description: 'The guide as it is now', schema: FirstRunSchema } },
  },
  getDiagnostics: {
    method: 'GET',
    path: '/api/diagnostics',
    role: 'admin',
    group: 'Box',
    summary: {
      en: 'Logs and facts for support as one zip; no secrets, no media',
      zh: '供技术支持使用的日志与信息（zip），不含密钥和媒体',
    },
    streams: true,
    replies: { 200: { description: 'A zip file', type: 'application/zip' } },
  },
} as const satisfies Record<string, Route>;
