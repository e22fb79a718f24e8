import type { TObject } from 'typebox';
import type { Route } from '../../shared/api/route.ts';
import { DESCRIBED_ROUTES } from '../../shared/api/routes.ts';

/** The API as a Postman collection, format 2.1, so that integrators can try it by hand. */

interface Pair {
  key: string;
  value: string;
  description?: string;
  disabled?: true;
}

interface Item {
  name: string;
  request: {
    method: string;
    description: string;
    header: Pair[];
    url: { raw: string; host: string[]; path: string[]; query: Pair[]; variable: Pair[] };
    body?: { mode: 'raw'; raw: string; options: { raw: { language: 'json' } } };
  };
}

/** The published sample of the cloud function. */
const SAMPLE = {
  SdkAppId: 1400000000,
  RoomId: 43474,
  UserId: 'user_55952145',
  Mode: '12',
  UserSig: 'eJwtzNEKgkAUBNB-…',
  CosConfig: { Region: 'ap-shanghai', Bucket: 'test-123456789', Path: '/trtc' },
  IsReserve: false,
  Callback: 'https:xxxxxxxx.com/post/xxx',
};

/** What is worth sending to each route that takes a body. */
const BODIES: Readonly<Record<string, unknown>> = {
  dropIn: SAMPLE,
  startRecording: SAMPLE,
  startByHand: { application: 'school', destination: 'classes', RoomId: 43474, UserId: 'recorder_1', Mode: '12' },
  putDestination: { Region: 'ap-shanghai', Bucket: 'test-123456789', Path: '/classes' },
  putApplication: { SdkAppId: 1400000000, SdkSecretKey: '' },
  setRecordingCredentials: { UseBox: true },
  storeCosCredentials: { SecretId: '', SecretKey: '' },
  changeSettings: { limits: { maxRecordings: 8 } },
  createToken: { name: 'billing', role: 'record' },
  openSession: { token: '{{token}}' },
  checkCos: { Region: 'ap-shanghai', Bucket: 'test-123456789', Path: '/trtc' },
  checkCallback: { url: 'https://example.com/recorded' },
  changeFirstRun: { dismissed: true },
};

/** Values of what stands in an address. */
const VARIABLES: Readonly<Record<string, string>> = { id: '{{recordingId}}', index: '0', name: 'billing' };

function pairs(schema: TObject | undefined): Pair[] {
  const required: readonly string[] = schema?.required ?? [];
  return Object.entries(schema?.properties ?? {}).map(([key, one]) => {
    const { description } = one as { description?: string };
    return {
      key,
      value: '',
      ...(description === undefined ? {} : { description }),
      ...(required.includes(key) ? {} : { disabled: true as const }),
    };
  });
}

function itemOf(name: string, route: Route): Item {
  const body = route.body ? BODIES[name] : undefined;
  if (route.body && body === undefined) throw new Error(`there is no body to show for ${name}`);
  return {
    name: route.summary.en,
    request: {
      method: route.method,
      description: `${route.summary.zh}${route.role === null ? '' : ` (${route.role})`}`,
      header: [
        ...(route.body ? [{ key: 'content-type', value: 'application/json' }] : []),
        ...pairs(route.headers).map((pair) =>
          pair.key === 'Idempotency-Key' ? { ...pair, value: '{{$guid}}' } : pair,
        ),
      ],
      url: {
        raw: `{{baseUrl}}${route.path}`,
        host: ['{{baseUrl}}'],
        path: route.path.split('/').slice(1),
        query: pairs(route.query),
        variable: Object.keys(route.params?.properties ?? {}).map((key) => ({ key, value: VARIABLES[key] ?? '' })),
      },
      ...(body === undefined
        ? {}
        : { body: { mode: 'raw', raw: JSON.stringify(body, null, 2), options: { raw: { language: 'json' } } } }),
    },
  };
}

/** The collection as it lies in docs/postman.json. */
export function postmanCollection() {
  const routes = Object.entries<Route>(DESCRIBED_ROUTES);
  const groups = [...new Set(routes.map(([, { group }]) => group))];
  return {
    info: {
      name: 'TRTC Recorder',
      description: 'Every address of the box. Set baseUrl, and token where the box demands one. See docs/api.md.',
      schema: 'https://schema.getpostman.com/json/collection/v2.1.0/collection.json',
    },
    auth: { type: 'bearer', bearer: [{ key: 'token', value: '{{token}}', type: 'string' }] },
    variable: [
      { key: 'baseUrl', value: 'http://127.0.0.1:8787' },
      { key: 'token', value: '' },
      { key: 'recordingId', value: '' },
    ],
    item: groups.map((group) => ({
      name: group,
      item: routes.filter(([, route]) => route.group === group).map(([name, route]) => itemOf(name, route)),
    })),
  };
}

export function postmanText(): string {
  return `${JSON.stringify(postmanCollection(), null, 2)}\n`;
}
