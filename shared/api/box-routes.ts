import { Type } from 'typebox';
import { CAPACITY_BASES, RoomSchema } from './capacity-routes.ts';
import { ROLES, type Route } from './route.ts';
import { List, OrNull, Text, Time, Whole, Words } from './views.ts';

const CosCredentialsView = Type.Object({
  source: Words(['stored', 'environment', 'none']),
  secretId: OrNull(Text(), 'First and last characters.'),
  setAt: OrNull(Time()),
});

export const TokenViewSchema = Type.Object({
  name: Text(),
  role: Words(ROLES),
  createdAt: Time(),
  lastUsedAt: OrNull(Time()),
});

const NewTokenSchema = Type.Object({
  token: Type.String({ description: 'Shown this once; the box keeps only its hash.', readOnly: true }),
  name: Text(),
  role: Words(ROLES),
});

const TokenName = Type.String({ pattern: '^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$' });

export const SELF_TEST_STATES = ['never', 'running', 'passed', 'failed'] as const;

export const SelfTestSchema = Type.Object({
  state: Words(SELF_TEST_STATES),
  startedAt: OrNull(Time()),
  endedAt: OrNull(Time()),
  steps: List(
    Type.Object({
      name: Text(),
      state: Words(['waiting', 'running', 'passed', 'failed', 'skipped']),
      message: Type.Object({ en: Text(), zh: Text() }),
    }),
  ),
});

const AnyObject = Type.Unsafe<Record<string, unknown>>({ type: 'object' });

export const SettingsAnswerSchema = Type.Object({
  values: AnyObject,
  defaults: AnyObject,
  schema: Type.Unsafe<Record<string, unknown>>({ type: 'object', description: 'JSON Schema of the values.' }),
  needsRestart: List(Text(), 'Keys whose change counts only after the next start of the box.'),
  readOnly: List(
    Text(),
    'Keys that this asker cannot change, whatever the role: what the machine installs is decided at the machine itself.',
  ),
});

export const BOX_ROUTES = {
  getVersion: {
    method: 'GET',
    path: '/api/version',
    role: 'record',
    group: 'Box',
    summary: { en: 'Versions of the box and what it is made of', zh: '本机及其组件的版本' },
    replies: {
      200: {
        description: 'Versions',
        schema: Type.Object({
          version: Text(),
          node: Text(),
          ffmpeg: OrNull(Text()),
          sdk: Text(),
          simulated: Type.Boolean(),
        }),
      },
    },
  },
  getEvents: {
    method: 'GET',
    path: '/api/events',
    role: 'operate',
    group: 'Box',
    summary: {
      en: 'Server-sent events of the whole box; Last-Event-ID goes on where a reader stopped',
      zh: '整机的服务器推送事件；Last-Event-ID 可从断点继续',
    },
    query: Type.Object({
      after: Type.Optional(
        Type.Integer({ minimum: 0, description: 'As Last-Event-ID, for readers that cannot send it.' }),
      ),
    }),
    headers: Type.Object({
      'Last-Event-ID': Type.Optional(Type.String({ description: '`id` of the last event the reader has.' })),
    }),
    streams: true,
    replies: { 200: { description: 'A stream without end', type: 'text/event-stream' } },
  },
  getSelfTest: {
    method: 'GET',
    path: '/api/self-test',
    role: 'operate',
    group: 'Box',
    summary: { en: 'How the last self-test went, step by step', zh: '最近一次自检的逐步结果' },
    replies: { 200: { description: 'The last self-test', schema: SelfTestSchema } },
  },
  startSelfTest: {
    method: 'POST',
    path: '/api/self-test',
    role: 'operate',
    group: 'Box',
    summary: {
      en: 'Record a simulated room from end to end; harms no running recording',
      zh: '对模拟房间做一次完整录制自检，不影响正在进行的录制',
    },
    replies: { 202: { description: 'It runs', schema: SelfTestSchema } },
  },
  getSettings: {
    method: 'GET',
    path: '/api/settings',
    role: 'operate',
    group: 'Settings',
    summary: { en: 'All settings with defaults and limits', zh: '全部设置及其默认值和范围' },
    replies: { 200: { description: 'Settings; secrets are never among them', schema: SettingsAnswerSchema } },
  },
  changeSettings: {
    method: 'PATCH',
    path: '/api/settings',
    role: 'admin',
    group: 'Settings',
    summary: { en: 'Change some settings', zh: '修改部分设置' },
    body: AnyObject,
    judgesBody: true,
    replies: { 200: { description: 'Settings as they are now', schema: SettingsAnswerSchema } },
  },
  getCosCredentials: {
    method: 'GET',
    path: '/api/cos-credentials',
    role: 'operate',
    group: 'Settings',
    summary: { en: "What may be shown of the box's own COS keys", zh: '本机 COS 密钥的可见信息' },
    replies: { 200: { description: 'Never the keys themselves', schema: CosCredentialsView } },
  },
  storeCosCredentials: {
    method: 'PUT',
    path: '/api/cos-credentials',
    role: 'admin',
    group: 'Settings',
    summary: {
      en: "Store the box's own COS keys; what waits for them goes on",
      zh: '保存本机 COS 密钥，等待中的上传随即继续',
    },
    body: Type.Object({ SecretId: Text(), SecretKey: Text(), Token: Type.Optional(OrNull(Text())) }),
    judgesBody: true,
    replies: { 200: { description: 'What may be shown', schema: CosCredentialsView } },
  },
  forgetCosCredentials: {
    method: 'DELETE',
    path: '/api/cos-credentials',
    role: 'admin',
    group: 'Settings',
    summary: { en: 'Forget stored COS keys', zh: '删除已保存的 COS 密钥' },
    replies: { 200: { description: 'What is left', schema: CosCredentialsView } },
  },
  listTokens: {
    method: 'GET',
    path: '/api/tokens',
    role: 'admin',
    group: 'Settings',
    summary: { en: 'Access tokens, without their secrets', zh: '访问令牌列表（不含密文）' },
    replies: { 200: { description: 'Tokens', schema: Type.Object({ tokens: List(TokenViewSchema) }) } },
  },
  createToken: {
    method: 'POST',
    path: '/api/tokens',
    role: 'admin',
    group: 'Settings',
    summary: { en: 'A new access token', zh: '新建访问令牌' },
    body: Type.Object({ name: TokenName, role: Words(ROLES) }),
    replies: { 201: { description: 'The token, shown this once', schema: NewTokenSchema } },
  },
  rotateToken: {
    method: 'POST',
    path: '/api/tokens/:name/rotate',
    role: 'admin',
    group: 'Settings',
    summary: { en: 'A new secret for a token; the old one ends at once', zh: '更换令牌密文，旧密文立即失效' },
    params: Type.Object({ name: TokenName }),
    replies: { 200: { description: 'The token, shown this once', schema: NewTokenSchema } },
  },
  deleteToken: {
    method: 'DELETE',
    path: '/api/tokens/:name',
    role: 'admin',
    group: 'Settings',
    summary: { en: 'End a token', zh: '删除令牌' },
    params: Type.Object({ name: TokenName }),
    replies: { 204: { description: 'Ended' } },
  },
} as const satisfies Record<string, Route>;

export const HealthSchema = Type.Object({
  status: Text(),
  version: Text(),
  accepting: Type.Boolean(),
  problems: List(Text(), 'Codes of the error catalogue.'),
  simulated: Type.Boolean(),
  recordings: Type.Object({ capturing: Whole(), capacity: Whole(), delivering: Whole(), blocked: Whole() }),
  capacity: Type.Object({
    room: RoomSchema,
    loadCores: Type.Number({ description: 'Processor cores that the running recordings take.' }),
    limitCores: Type.Number({ description: 'Processor cores that recordings may take.' }),
    basis: Words(CAPACITY_BASES),
    relieved: Whole('Recordings that are encoded more lightly than set, because the machine does not keep up.'),
  }),
  callbacks: Type.Object({ pending: Whole(), parked: Whole() }),
  disk: Type.Object({
    freeBytes: OrNull(Whole()),
    totalBytes: OrNull(Whole(), 'Size of the disk; null where it is not known.'),
    reserveBytes: Whole(),
    bytesPerHour: Whole(
      'About what an hour of a mixed recording with sound and pictures takes by the present settings: an estimate.',
    ),
  }),
  ffmpeg: OrNull(Type.Object({ version: Text() })),
  tls: Type.Object(
    { validUntil: Time(), problem: OrNull(Text(), 'Why the files in `http.tls` are not in use as they are now.') },
    { description: 'Only on a box that speaks https.' },
  ),
});

const ReadinessSchema = Type.Object({
  ready: Type.Boolean({ description: 'Whether a mixed recording with pictures would be taken.' }),
  problems: List(Text()),
  room: RoomSchema,
});

export const HEALTH_ROUTES = {
  healthz: {
    method: 'GET',
    path: '/healthz',
    role: null,
    group: 'Health',
    summary: { en: 'Is the box alive', zh: '本机是否存活' },
    replies: {
      200: {
        description: 'Alive. Facts beyond `status` only for who may `record`',
        schema: Type.Partial(HealthSchema),
      },
    },
  },
  readyz: {
    method: 'GET',
    path: '/readyz',
    role: null,
    group: 'Health',
    summary: { en: 'Could it take a recording now', zh: '当前能否接受新的录制' },
    replies: {
      200: { description: 'Yes', schema: ReadinessSchema },
      503: {
        description: 'No; `problems` says why',
        schema: ReadinessSchema,
      },
    },
  },
  metrics: {
    method: 'GET',
    path: '/metrics',
    role: 'operate',
    group: 'Health',
    summary: { en: 'Metrics for Prometheus', zh: 'Prometheus 指标' },
    replies: { 200: { description: 'Text exposition format', type: 'text/plain' } },
  },
  openapi: {
    method: 'GET',
    path: '/openapi.json',
    role: null,
    group: 'Documentation',
    summary: { en: 'This description', zh: '本接口的 OpenAPI 描述' },
    replies: { 200: { description: 'OpenAPI 3.1', schema: AnyObject } },
  },
  apiPage: {
    method: 'GET',
    path: '/api',
    role: null,
    group: 'Documentation',
    summary: { en: 'This description as a page', zh: '接口说明页面' },
    replies: { 200: { description: 'A page', type: 'text/html' } },
  },
} as const satisfies Record<string, Route>;
