import { BOX_ERRORS } from './errors/box-errors.ts';
import { CALL_ERRORS } from './errors/call-errors.ts';
import type { CatalogueEntry } from './errors/entry.ts';
import { SUBJECT_ERRORS } from './errors/subject-errors.ts';
import type { Language, Text } from './texts/language.ts';

export type { Blame, CatalogueEntry } from './errors/entry.ts';

/** Every error the box answers with, by code; a further one goes into the file below `errors/` that fits. */
export const ERRORS = { ...CALL_ERRORS, ...SUBJECT_ERRORS, ...BOX_ERRORS };

export type ErrorCode = keyof typeof ERRORS;

/** One broken rule of a request. Never holds a secret: `value` is left out for secret fields and for values that contain one. */
export interface FieldError {
  /** Path in the body (`CosConfig.Bucket`), the name of a header, or empty for the body as a whole. */
  field: string;
  /** Short stable name of the broken rule. */
  rule: string;
  message: Text;
  remedy: Text;
  value?: string | number | boolean;
}

/** RFC 9457 problem details as the box sends them (`application/problem+json`). */
export interface ProblemJson {
  type: string;
  title: string;
  status: number;
  detail: string;
  code: ErrorCode;
  remedy: string;
  errors?: { field: string; rule: string; message: string; remedy: string; value?: string | number | boolean }[];
  /** With ALREADY_RECORDING: id of the recording that runs. */
  runningId?: string;
  /** With FILE_NOT_HERE: where the file is in COS, when it is there. */
  url?: string;
  /** With FORBIDDEN_ROLE: the least role that may do it. */
  neededRole?: string;
  /** With AT_CAPACITY, SHUTTING_DOWN, RECORDING_PAUSED and TOO_MANY_ATTEMPTS: seconds after which another try makes sense; also the Retry-After header. */
  retryAfterSeconds?: number;
  /** With INTERNAL: what to look for in the log. */
  requestId?: string;
}

/** What a part of the box says when it cannot do what was asked; the HTTP face turns it into a ProblemJson. */
export interface Problem {
  code: ErrorCode;
  /** Facts of this one case, in place of the catalogue's message. No secret. */
  detail?: Text | undefined;
  /** What to do in this one case, in place of the catalogue's remedy. */
  remedy?: Text | undefined;
  /** Where what was asked for is instead. */
  url?: string | undefined;
  errors?: readonly FieldError[] | undefined;
  runningId?: string | undefined;
  neededRole?: string | undefined;
  retryAfterSeconds?: number | undefined;
  requestId?: string | undefined;
}

/** Seconds to wait when whoever raised a 503 named none. */
const DEFAULT_RETRY_AFTER_SECONDS = 30;
/** What passes by itself, or by somebody's hand at any moment. */
const WAIT_AND_ASK_AGAIN: ReadonlySet<ErrorCode> = new Set(['AT_CAPACITY', 'SHUTTING_DOWN', 'RECORDING_PAUSED']);

/** The seconds for the Retry-After header of this problem; null when the header does not belong on it. */
export function retryAfterSecondsOf(problem: Problem): number | null {
  if (problem.retryAfterSeconds !== undefined) {
    return Math.max(1, Math.ceil(problem.retryAfterSeconds));
  }
  return WAIT_AND_ASK_AGAIN.has(problem.code) ? DEFAULT_RETRY_AFTER_SECONDS : null;
}

/** URI that names the kind of problem, stable over versions and languages. */
export function problemType(code: ErrorCode): string {
  return `urn:trtc-recorder-box:problem:${code.toLowerCase().replaceAll('_', '-')}`;
}

/** The reply body for a problem in the caller's language. */
export function toProblemJson(problem: Problem, language: Language): ProblemJson {
  const entry: CatalogueEntry = ERRORS[problem.code];
  const body: ProblemJson = {
    type: problemType(problem.code),
    title: entry.message[language],
    status: entry.status,
    detail: (problem.detail ?? entry.message)[language],
    code: problem.code,
    remedy: (problem.remedy ?? entry.remedy)[language],
  };
  if (problem.url !== undefined) {
    body.url = problem.url;
  }
  if (problem.errors !== undefined) {
    body.errors = problem.errors.map((error) => ({
      ...error,
      message: error.message[language],
      remedy: error.remedy[language],
    }));
  }
  if (problem.runningId !== undefined) {
    body.runningId = problem.runningId;
  }
  if (problem.neededRole !== undefined) {
    body.neededRole = problem.neededRole;
  }
  const retryAfterSeconds = retryAfterSecondsOf(problem);
  if (retryAfterSeconds !== null) {
    body.retryAfterSeconds = retryAfterSeconds;
  }
  if (problem.requestId !== undefined) {
    body.requestId = problem.requestId;
  }
  return body;
}
