import type { Static, TObject, TSchema } from 'typebox';
import type { Text } from '../texts/language.ts';

/**
 * What a token may do. Each role may do what the one before it may: `record` starts recordings and follows them, `operate` stops,
 * retries, reads and deletes them, `admin` changes the box.
 */
export const ROLES = ['record', 'operate', 'admin'] as const;
export type Role = (typeof ROLES)[number];

/** Whether a role may do what is open to `needed`. */
export function mayDo(role: Role, needed: Role): boolean {
  return ROLES.indexOf(role) >= ROLES.indexOf(needed);
}

/** What a route answers with one status. */
export interface Reply {
  description: string;
  /** Absent for what is not JSON. */
  schema?: TSchema;
  /** Media type; `application/json` when there is a schema. */
  type?: string;
}

/** One address of the API. Registration, validation, openapi.json, client and the table in docs/api.md come from it. */
export interface Route {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** With parameters as `:name`. */
  path: string;
  /** The least role that may use it; null is open to everybody who reaches the box. */
  role: Role | null;
  group: 'Recordings' | 'Files' | 'Box' | 'Settings' | 'Health' | 'Documentation';
  summary: Text;
  params?: TObject;
  /** Values arrive as text and are read as what the schema says. */
  query?: TObject;
  /** Headers with a meaning of their own here. They describe; the handler judges. */
  headers?: TObject;
  /** Absent: a body is ignored. */
  body?: TSchema;
  /** The schema of the body describes it, but the handler judges it, by rules that say more. */
  judgesBody?: true;
  /** The answer lasts for as long as its reader likes; the deadline for answers does not count. */
  streams?: true;
  replies: Readonly<Record<number, Reply>>;
}

type Input<Schema> = Schema extends TSchema ? Static<Schema> : never;
type PartsOf<R extends Route> = Pick<R, keyof R & ('params' | 'query' | 'body')>;
/** Parts that may be left out: a query of which nothing is required. */
type Lenient<R extends Route> = {
  [K in keyof PartsOf<R>]: object extends Input<R[K & keyof R]> ? K : never;
}[keyof PartsOf<R>];

/** What a caller hands in for a route: `params`, `query` and `body`, each as far as the route has it. */
export type RouteInput<R extends Route> = {
  [K in Exclude<keyof PartsOf<R>, Lenient<R>>]: Input<R[K & keyof R]>;
} & { [K in Lenient<R>]?: Input<R[K & keyof R]> };

/** What a route answers when all is well: the JSON of its statuses below 300. */
export type RouteOutput<R extends Route> = {
  [Status in keyof R['replies']]: R['replies'][Status] extends { schema: infer Schema extends TSchema }
    ? Static<Schema>
    : never;
}[keyof R['replies']];
