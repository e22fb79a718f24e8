import { Ajv, type ValidateFunction } from 'ajv';
import type { Route } from '../../shared/api/route.ts';
import { ROUTES } from '../../shared/api/routes.ts';
import { type CatalogueEntry, ERRORS } from '../../shared/errors.ts';
import { type Exchange, parseResponses, type RawResponse } from '../support/raw-http.ts';

/** In every secret that the tests send: it may come back in no answer and in no line of the log. */
export const SECRET_MARK = 'ZZSECRETZZ';

const NDJSON = 'application/x-ndjson; charset=utf-8';
const ajv = new Ajv({ strict: false, validateFormats: false });
const validators = new Map<string, ValidateFunction>();

/** A kilobyte says enough of what came back. */
function glimpse({ status, body }: RawResponse): string {
  return `${status} ${body.toString().slice(0, 1000)}`;
}

/** What is wrong with an answer, or null. `name` is the route that was asked, when it was one. */
export function complaintAbout(response: RawResponse, name: string | null): string | null {
  const { status, headers, body } = response;
  const text = body.toString();
  const type = headers['content-type'] ?? '';
  if (JSON.stringify(headers).includes(SECRET_MARK) || text.includes(SECRET_MARK)) return 'a secret comes back';
  if (/\bat [^\n]*\.[jt]s:\d+|node_modules|node:internal/.test(text)) return `a stack trace: ${glimpse(response)}`;
  if (headers.server || headers['x-powered-by']) return 'the server says what it is made of';
  if (type.startsWith('application/problem+json')) return complaintAboutProblem(response);
  const reply = name === null ? undefined : (ROUTES as Record<string, Route>)[name]?.replies[status];
  if (reply) return reply.schema ? complaintAboutBody(`${name} ${status}`, reply.schema, response) : null;
  if (status >= 400 && text !== '') return `an error that is no problem JSON: ${glimpse(response)}`;
  return null;
}

function complaintAboutProblem(response: RawResponse): string | null {
  // An answer to HEAD.
  if (response.body.length === 0) return null;
  const problem = JSON.parse(response.body.toString()) as { code: string; status: number };
  const entry = (ERRORS as Record<string, CatalogueEntry>)[problem.code];
  if (!entry || entry.status !== response.status || problem.status !== response.status) {
    return `not as the catalogue says: ${glimpse(response)}`;
  }
  return problem.code === 'INTERNAL' ? `an unforeseen failure: ${glimpse(response)}` : null;
}

function complaintAboutBody(key: string, schema: object, response: RawResponse): string | null {
  // Events also come line by line, to whoever asks for that.
  if (response.body.length === 0 || response.headers['content-type'] === NDJSON) return null;
  const validate = validators.get(key) ?? ajv.compile(schema);
  validators.set(key, validate);
  let answer: unknown;
  try {
    answer = JSON.parse(response.body.toString());
  } catch {
    return `${key}: no JSON: ${glimpse(response)}`;
  }
  return validate(answer) ? null : `${key}: ${ajv.errorsText(validate.errors)}: ${glimpse(response)}`;
}

/** What is wrong with a whole connection, or null: it ends in time, and all that came back are answers as they should be. */
export function complaintAboutExchange(
  { bytes, ending }: Exchange,
  methods: readonly string[] = [],
  name: string | null = null,
): string | null {
  if (ending === 'late') return `the connection was not ended in time: ${bytes.subarray(0, 500)}`;
  if (ending === 'stream') return null;
  try {
    const complaints = parseResponses(bytes, methods).map((response) => complaintAbout(response, name));
    return complaints.find((complaint) => complaint !== null) ?? null;
  } catch (error) {
    // A reset may cut an answer off.
    return ending === 'reset' ? null : String(error);
  }
}
