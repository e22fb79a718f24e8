import type { ProblemJson } from '../errors.ts';
import type { BoxMessage } from './messages.ts';
import type { Route, RouteInput, RouteOutput } from './route.ts';
import { ROUTES } from './routes.ts';
import { type WatchOptions, watchBox } from './watch.ts';

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

/** The box could not be reached or did not answer in time, or something that is not the box answered. */
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
  /** A call without its whole answer in this time ends with UnreachableError; 60 s by default. */
  timeoutMs?: number;
}

/** Longer than the box may take for any answer. */
const CALL_TIMEOUT_MS = 60_000;

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
  /** What happens in the box, as long as the signal allows, over lost lines and restarts. @throws ApiError when the box refuses for good */
  watch(options: WatchOptions): AsyncGenerator<BoxMessage>;
}

/** Calls the box by the names of its routes. Runs in browsers and in Node. */
export function createApiClient(options: ApiClientOptions): ApiClient {
  const { baseUrl, fetch: send = fetch } = options;
  return {
    urlOf: (name, input) => baseUrl + addressOf(ROUTES[name], input),
    watch: (watchOptions) =>
      watchBox({ open: (after, signal) => openEvents(options, after, signal), waitAfter }, watchOptions),
    async call(name, input, callOptions = {}) {
      const route: Route = ROUTES[name];
      const { body } = input as { body?: unknown };
      const url = baseUrl + addressOf(route, input);
      const deadline = AbortSignal.timeout(options.timeoutMs ?? CALL_TIMEOUT_MS);
      const { signal } = callOptions;
      const init = {
        method: route.method,
        headers: headersOf(options, callOptions, body !== undefined),
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        signal: signal ? AbortSignal.any([signal, deadline]) : deadline,
      };
      try {
        return (await readAnswer(route, await send(url, init))) as never;
      } catch (cause) {
        if (signal?.aborted || cause instanceof ApiError || cause instanceof UnreachableError) throw cause;
        throw new UnreachableError('the box does not answer', { cause });
      }
    },
  };
}

async function openEvents(
  options: ApiClientOptions,
  after: number | null,
  signal: AbortSignal,
): Promise<ReadableStream<Uint8Array>> {
  const { baseUrl, fetch: send = fetch } = options;
  const route: Route = ROUTES.getEvents;
  const url = baseUrl + addressOf(route, { query: after === null ? {} : { after } });
  const headers = { ...headersOf(options, {}, false), accept: 'text/event-stream' };
  const response = await send(url, { headers, signal });
  const isStream = response.headers.get('content-type')?.startsWith('text/event-stream') ?? false;
  if (response.status === 200 && isStream && response.body) return response.body;
  if (!isStream) await readAnswer({ ...route, replies: {} }, response);
  throw notTheBox(response.status);
}

/** A box that is full or restarting is asked again; one that says no is not. */
function waitAfter(error: unknown): number | null | undefined {
  if (!(error instanceof ApiError)) return undefined;
  const { status, retryAfterSeconds } = error.problem;
  if (status < 500 && status !== 408 && status !== 429) return null;
  return retryAfterSeconds === undefined ? undefined : retryAfterSeconds * 1000;
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
  const path = route.path.replace(/:(\w+)/g, (_, name: string) => segmentOf(name, params[name]));
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== undefined) search.set(name, String(value));
  return search.size === 0 ? path : `${path}?${search}`;
}

/** @throws TypeError for a value that would make another address of it */
function segmentOf(name: string, value: unknown): string {
  const segment = encodeURIComponent(String(value ?? ''));
  if (['', '.', '..'].includes(segment)) throw new TypeError(`${name} is no part of an address: "${segment}"`);
  return segment;
}

/** @throws ApiError for a refusal, UnreachableError for what the route never answers with */
async function readAnswer(route: Route, response: Response): Promise<unknown> {
  const { status } = response;
  const mediaType = (response.headers.get('content-type') ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
  if (mediaType === 'application/problem+json') {
    const problem = await parse(response);
    if (isProblem(problem)) throw new ApiError(problem);
  }
  const reply = route.replies[status];
  if (!reply || (reply.schema && mediaType !== 'application/json')) {
    await response.body?.cancel();
    throw notTheBox(status);
  }
  if (reply.schema) return await parse(response);
  return reply.type === undefined ? undefined : await response.text();
}

async function parse(response: Response): Promise<unknown> {
  const text = await response.text();
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw notTheBox(response.status, { cause });
  }
}

function isProblem(answer: unknown): answer is ProblemJson {
  return typeof answer === 'object' && answer !== null && 'code' in answer && typeof answer.code === 'string';
}

function notTheBox(status: number, options?: ErrorOptions): UnreachableError {
  return new UnreachableError(`something that is not the box answered with status ${status}`, options);
}
