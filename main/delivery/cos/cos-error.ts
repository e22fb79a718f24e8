/** The calls the box makes to COS. */
export type CosOperation =
  | 'init'
  | 'uploadPart'
  | 'complete'
  | 'listParts'
  | 'listUploads'
  | 'abort'
  | 'head'
  | 'putObject'
  | 'deleteObject'
  /** No call to COS: reading the local file. */
  | 'readFile';

/**
 * Where a failure comes from: COS itself (`service`), somebody who answered in its place or an answer that lacks what COS always sends
 * (`reply`), the line (`network`), the local file (`file`), or parameters that never left the box (`local`).
 */
export type CosErrorOrigin = 'service' | 'reply' | 'network' | 'file' | 'local';

export interface CosErrorFields {
  origin: CosErrorOrigin;
  /** COS's error code, Node's error code, or one of ours (`NoEtag`, `CrcMismatch`, `Deadline`, `Cancelled`, `FileChanged` …). */
  code: string;
  message: string;
  operation: CosOperation;
  statusCode?: number | undefined;
  requestId?: string | undefined;
  /** From Retry-After. */
  retryAfterMs?: number | undefined;
}

/** The one error that leaves the COS adapter. It never holds request headers, signatures or keys, so it may be logged as it is. */
export class CosError extends Error {
  readonly origin: CosErrorOrigin;
  readonly code: string;
  readonly operation: CosOperation;
  readonly statusCode: number | null;
  readonly requestId: string | null;
  readonly retryAfterMs: number | null;

  constructor(fields: CosErrorFields) {
    super(fields.message);
    this.name = 'CosError';
    this.origin = fields.origin;
    this.code = fields.code;
    this.operation = fields.operation;
    this.statusCode = fields.statusCode ?? null;
    this.requestId = fields.requestId ?? null;
    this.retryAfterMs = fields.retryAfterMs ?? null;
  }
}

/** Node's code of a failed call of the system, such as ECONNRESET. */
const SYSTEM_CODE = /^E[A-Z]+$/;

/**
 * Turns whatever the SDK rejects with into a `CosError`. The SDK's errors come in four shapes: Error with the service's XML, plain
 * object with a bare status as `code` (HEAD, proxies), plain object with Node's code (network), plain object `code: 'Error'` (parameters).
 */
export function toCosError(thrown: unknown, operation: CosOperation): CosError {
  if (thrown instanceof CosError) return withoutExtras(thrown);
  const statusCode = numberField(thrown, 'statusCode');
  const headers = field(thrown, 'headers');
  const requestId = textField(thrown, 'RequestId') ?? textField(headers, 'x-cos-request-id');
  const serviceCode = textField(field(thrown, 'error'), 'Code');
  const code = serviceCode ?? textField(thrown, 'code') ?? 'Unknown';
  const message = textField(thrown, 'message') || code;
  const retryAfterSeconds = Number(textField(headers, 'retry-after') ?? Number.NaN);
  const retryAfterMs = Number.isFinite(retryAfterSeconds) ? retryAfterSeconds * 1000 : undefined;
  const base = { code, message, operation, statusCode, requestId, retryAfterMs };
  if (serviceCode !== undefined) return new CosError({ ...base, origin: 'service' });
  // The answer began and was cut off: its status alone says nothing that could be relied on.
  if (statusCode !== undefined && SYSTEM_CODE.test(code)) {
    return new CosError({ ...base, statusCode: undefined, origin: 'network' });
  }
  if (statusCode !== undefined) {
    // A bodiless answer to HEAD is the service's own when it bears the service's id.
    return new CosError({ ...base, code: String(statusCode), origin: requestId === undefined ? 'reply' : 'service' });
  }
  const local = code === 'Error' || code === 'Unknown' || code.startsWith('ERR_INVALID_');
  if (local) return new CosError({ ...base, code: 'InvalidParameter', origin: 'local' });
  return new CosError({ ...base, origin: 'network' });
}

/** The SDK writes the reply's headers and the URL onto an error that a body stream raised. */
function withoutExtras(error: CosError): CosError {
  for (const name of ['headers', 'url', 'method', 'RequestId']) Reflect.deleteProperty(error, name);
  return error;
}

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}

function textField(value: unknown, name: string): string | undefined {
  const text = field(value, name);
  return typeof text === 'string' ? text : undefined;
}

function numberField(value: unknown, name: string): number | undefined {
  const number = field(value, name);
  return typeof number === 'number' ? number : undefined;
}
