/** What one HTTP request asks of the object store. Pure. */

/** Operations this server knows; everything else is refused as `NotImplemented`. */
export const OPERATIONS = [
  'putObject',
  'headObject',
  'getObject',
  'deleteObject',
  'initMultipart',
  'uploadPart',
  'completeMultipart',
  'abortMultipart',
  'listParts',
  'listUploads',
] as const;
export type Operation = (typeof OPERATIONS)[number];

export interface Target {
  /** Null when the request is none of the known operations. */
  operation: Operation | null;
  /** From the Host header; `local` when the server is addressed by a plain address. */
  bucket: string;
  /** Decoded once, never normalised, without the leading slash. */
  key: string;
  /** Decoded path with its leading slash, as the signature wants it. */
  path: string;
  /** Decoded names and values. */
  query: Map<string, string>;
  partNumber: number | null;
  uploadId: string | null;
}

export const DEFAULT_BUCKET = 'local';

/** Sub-resources of an object or bucket that the real service has and this server has not. */
const FOREIGN_SUBRESOURCES = [
  'acl',
  'append',
  'cors',
  'delete',
  'lifecycle',
  'restore',
  'select',
  'tagging',
  'versions',
];

/** Reads method, request target (origin or absolute form) and Host. Throws `URIError` when an escape cannot be decoded. */
export function parseTarget(method: string, requestTarget: string, host: string): Target {
  const origin = requestTarget.replace(/^https?:\/\/[^/?]*/i, '');
  const mark = origin.indexOf('?');
  const rawPath = mark < 0 ? origin : origin.slice(0, mark);
  const path = decodeURIComponent(rawPath.startsWith('/') ? rawPath : `/${rawPath}`);
  const query = parseQuery(mark < 0 ? '' : origin.slice(mark + 1));
  const key = path.slice(1);
  const partNumber = query.get('partNumber');
  return {
    operation: operationOf(method, key, query),
    bucket: bucketOf(host),
    key,
    path,
    query,
    partNumber: partNumber !== undefined && /^\d{1,9}$/.test(partNumber) ? Number(partNumber) : null,
    uploadId: query.get('uploadId') ?? null,
  };
}

function parseQuery(text: string): Map<string, string> {
  const query = new Map<string, string>();
  for (const pair of text.split('&')) {
    if (pair === '') continue;
    const mark = pair.indexOf('=');
    const name = mark < 0 ? pair : pair.slice(0, mark);
    query.set(decodeURIComponent(name), mark < 0 ? '' : decodeURIComponent(pair.slice(mark + 1)));
  }
  return query;
}

function bucketOf(host: string): string {
  const label = /^([a-z\d][a-z\d-]*-\d+)\.[a-z]/.exec(host.toLowerCase());
  return label?.[1] ?? DEFAULT_BUCKET;
}

function operationOf(method: string, key: string, query: Map<string, string>): Operation | null {
  if (FOREIGN_SUBRESOURCES.some((name) => query.has(name))) return null;
  if (key === '') return method === 'GET' && query.has('uploads') ? 'listUploads' : null;
  const multipart = query.has('uploadId');
  switch (method) {
    case 'PUT':
      return multipart || query.has('partNumber') ? 'uploadPart' : 'putObject';
    case 'POST':
      if (query.has('uploads')) return 'initMultipart';
      return multipart ? 'completeMultipart' : null;
    case 'DELETE':
      return multipart ? 'abortMultipart' : 'deleteObject';
    case 'GET':
      return multipart ? 'listParts' : 'getObject';
    case 'HEAD':
      return 'headObject';
    default:
      return null;
  }
}
