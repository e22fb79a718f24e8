import { Type } from 'typebox';
import { RECORDING_ROUTES } from './recording-routes.ts';
import type { Route } from './route.ts';
import { List, OrNull, Text, Time, Whole } from './views.ts';

const Name = Type.Object({ name: Type.String({ minLength: 1, description: '1 to 64 characters, in any script.' }) });

export const DestinationSchema = Type.Object({
  name: Text(),
  Region: Text(),
  Bucket: Text(),
  Path: Text(),
  secretId: OrNull(
    Text(),
    "First and last characters; null: the box's own keys, or keys that cannot be read any more.",
  ),
  hasToken: Type.Boolean({ description: 'The keys are a temporary pair.' }),
  isReadable: Type.Boolean({ description: 'False: its keys cannot be opened any more and have to be saved again.' }),
  setAt: Time(),
});

export const ApplicationSchema = Type.Object({
  name: Text(),
  SdkAppId: Whole(),
  sdkSecretKey: OrNull(Text(), 'First and last characters; null when there is none, or none that can be read.'),
  isReadable: Type.Boolean({ description: 'False: its key cannot be opened any more and has to be saved again.' }),
  setAt: Time(),
});

const DestinationBody = Type.Object({
  Region: Text(),
  Bucket: Text(),
  Path: Text(),
  SecretId: Type.Optional(
    OrNull(Text(), 'With SecretKey. Left out: the stored keys stay; null: none of its own any more.'),
  ),
  SecretKey: Type.Optional(OrNull(Text())),
  Token: Type.Optional(OrNull(Text(), 'Of a temporary pair, with both keys.')),
});

const ApplicationBody = Type.Object({
  SdkAppId: Whole(),
  SdkSecretKey: Type.Optional(
    OrNull(Text(), 'UserSigs are made with it. Left out: the stored key stays; null: none any more.'),
  ),
});

const { body: ContractBody, headers, replies } = RECORDING_ROUTES.startRecording;

/** Left open here: `required` of the contract counts only for what neither name stands for, which the handler judges. */
const ByHandBody = Type.Unsafe<Record<string, unknown>>({
  type: 'object',
  properties: {
    ...(ContractBody as { properties?: object }).properties,
    application: { type: 'string', description: 'Name of a saved application; stands for SdkAppId and UserSig.' },
    destination: { type: 'string', description: 'Name of a saved destination; stands for CosConfig.' },
  },
  description: 'The request of the contract, in which names of what is saved may stand for the parts they hold.',
});

/** Destinations and applications that are saved under names, and recordings that are started with them. */
export const PRESET_ROUTES = {
  startByHand: {
    method: 'POST',
    path: '/api/recordings/by-hand',
    role: 'operate',
    group: 'Recordings',
    summary: {
      en: 'Start a recording with a saved application and a saved destination',
      zh: '使用已保存的应用和存储目标开始录制',
    },
    headers,
    body: ByHandBody,
    judgesBody: true,
    replies,
  },
  listDestinations: {
    method: 'GET',
    path: '/api/destinations',
    role: 'operate',
    group: 'Settings',
    summary: { en: 'Saved destinations, without their keys', zh: '已保存的存储目标（不含密钥）' },
    replies: {
      200: { description: 'By name', schema: Type.Object({ destinations: List(DestinationSchema) }) },
    },
  },
  putDestination: {
    method: 'PUT',
    path: '/api/destinations/:name',
    role: 'admin',
    group: 'Settings',
    summary: { en: 'Save a destination under a name', zh: '保存存储目标' },
    params: Name,
    body: DestinationBody,
    judgesBody: true,
    replies: { 200: { description: 'As it is now, without its keys', schema: DestinationSchema } },
  },
  deleteDestination: {
    method: 'DELETE',
    path: '/api/destinations/:name',
    role: 'admin',
    group: 'Settings',
    summary: { en: 'Forget a saved destination; recordings keep theirs', zh: '删除已保存的存储目标，已有录制不受影响' },
    params: Name,
    replies: { 204: { description: 'Forgotten' } },
  },
  listApplications: {
    method: 'GET',
    path: '/api/applications',
    role: 'operate',
    group: 'Settings',
    summary: { en: 'Saved applications, without their keys', zh: '已保存的应用（不含密钥）' },
    replies: {
      200: { description: 'By name', schema: Type.Object({ applications: List(ApplicationSchema) }) },
    },
  },
  putApplication: {
    method: 'PUT',
    path: '/api/applications/:name',
    role: 'admin',
    group: 'Settings',
    summary: { en: 'Save an application under a name', zh: '保存应用' },
    params: Name,
    body: ApplicationBody,
    judgesBody: true,
    replies: { 200: { description: 'As it is now, without its key', schema: ApplicationSchema } },
  },
  deleteApplication: {
    method: 'DELETE',
    path: '/api/applications/:name',
    role: 'admin',
    group: 'Settings',
    summary: { en: 'Forget a saved application; recordings keep theirs', zh: '删除已保存的应用，已有录制不受影响' },
    params: Name,
    replies: { 204: { description: 'Forgotten' } },
  },
} as const satisfies Record<string, Route>;
