import type { ProblemJson } from '../errors.ts';
import type { Route, RouteInput, RouteOutput } from './route.ts';
import { ROUTES } from './routes.ts';

export type RouteName = keyof typeof ROUTES;
type Input<Name extends RouteName> = RouteInput<(typeof ROUTES)[Name]>;
type Output<Name extends RouteName> = RouteOutput<(typeof ROUTES)[Name]>;

/** The box refused; `problem` says what, why and what to do, in the language asked for. */
export class ApiError extends Error {
  readonly problem: ProblemJson;
  constructor(problem: ProblemJson) {
    super(`${problem.code}: ${problem.detail}`);
    this.name = 'ApiError';
    this.problem = problem;
  }
}

/** The box could not be reached, or something that is not the box answered. */
export class UnreachableError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'UnreachableError';
  }
}

export interface ApiClientOptions {
  /** `http://127.0.0.1:8787`; empty in a page of the box itself. */
  baseUrl: string;
  /** Secret. */
  token?: string | undefined;
  /** For messages and remedies: a value of Accept-Language. */
  language?: string | undefined;
  /** The platform's by default. */
  fetch?: typeof fetch;
}

export interface CallOptions {
  signal?: AbortSignal;
  /** For `startRecording`: repeating the call with the same key starts nothing twice. */
  idempotencyKey?: string;
}

export interface ApiClient {
  /** @throws ApiError when the box refuses, UnreachableError when it does not answer */
  call<Name extends RouteName>(name: Name, input: Input<Name>, options?: CallOptions): Promise<Output<Name>>;
  /** Address of a route, for `<a href>`, `<video src>` and the like. */
  urlOf<Name extends RouteName>(name: Name, input: Input<Name>): string;
}

/** Calls the box by the names of its routes. Runs in browsers and in Node. */
export function createApiClient(options: ApiClientOptions): ApiClient {
  const { baseUrl, fetch: send = fetch } = options;
  return {
    urlOf: (name, input) => baseUrl + addressOf(ROUTES[name], input),
    async call(name, input, callOptions = {}) {
      const route: Route = ROUTES[name];
      const { body } = input as { body?: unknown };
      const response = await reach(send, baseUrl + addressOf(route, input), {
        method: route.method,
        headers: headersOf(options, callOptions, body !== undefined),
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        ...(callOptions.signal ? { signal: callOptions.signal } : {}),
      });
      return (await readAnswer(response)) as never;
    },
  };
}

function headersOf(
  { token, language }: ApiClientOptions,
  { idempotencyKey }: CallOptions,
  hasBody: boolean,
): Record<string, string> {
  return {
    accept: 'application/json',
    ...(token ? { authorization: `Bearer ${token}` } : {}),
    ...(language ? { 'accept-language': language } : {}),
    ...(idempotencyKey ? { 'idempotency-key': idempotencyKey } : {}),
    ...(hasBody ? { 'content-type': 'application/json' } : {}),
  };
}

function addressOf(route: Route, input: object): string {
  const { params = {}, query = {} } = input as { params?: Record<string, unknown>; query?: Record<string, unknown> };
  const path = route.path.replace(/:(\w+)/g, (_, name: string) => encodeURIComponent(String(params[name])));
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== undefined) search.set(name, String(value));
  return search.size === 0 ? path : `${path}?${search}`;
}

async function reach(send: typeof fetch, url: string, init: RequestInit): Promise<Response> {
  try {
    return await send(url, init);
  } catch (cause) {
    if (init.signal?.aborted) throw cause;
    throw new UnreachableError('the box does not answer', { cause });
  }
}

async function readAnswer(response: Response): Promise<unknown> {
  const type = response.headers.get('content-type') ?? '';
  if (response.ok && response.status === 204) return undefined;
  if (!type.includes('json')) {
    if (response.ok) return await response.text();
    throw new UnreachableError(`something that is not the box answered with status ${response.status}`);
  }
  const answer: unknown = await response.json();
  if (response.ok) return answer;
  throw new ApiError(answer as ProblemJson);
}
