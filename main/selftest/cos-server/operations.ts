import { rm } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { receiveText, receiveToFile } from './body.ts';
import type { ActiveFaults } from './faults.ts';
import { ServiceError } from './service-error.ts';
import type { ObjectStorage, OpenUpload, StoredObject } from './storage.ts';
import type { Operation, Target } from './target.ts';
import { parseComplete, xmlDocument } from './xml.ts';

/** What an operation answers. */
export interface Reply {
  status: number;
  headers: Record<string, string>;
  /** XML text. */
  xml?: string;
  /** Part of an object's file to send, both ends included; nothing is sent to HEAD. */
  file?: { path: string; start: number; end: number };
  /** The rest of the answer takes its time: 200 is sent at once, blanks keep the connection alive until the XML is there. */
  merging?: Promise<string>;
}

export interface OperationContext {
  request: IncomingMessage;
  target: Target;
  faults: ActiveFaults;
  storage: ObjectStorage;
  /** Smallest part that is not the last, in bytes. */
  minPartBytes: number;
  /** Most entries of one list. */
  pageSize: number;
  nowMs: number;
}

/** Request headers that come back with the object. */
const KEPT_HEADERS = [
  'content-type',
  'cache-control',
  'content-disposition',
  'content-encoding',
  'expires',
  'x-cos-storage-class',
];
const MAX_PART_NUMBER = 10_000;
const MAX_KEY_BYTES = 850;

export const HANDLERS: Record<Operation, (context: OperationContext) => Promise<Reply>> = {
  putObject,
  headObject,
  getObject,
  deleteObject,
  initMultipart,
  uploadPart,
  completeMultipart,
  abortMultipart,
  listParts,
  listUploads,
};

async function putObject({ request, target, faults, storage, nowMs }: OperationContext): Promise<Reply> {
  checkKey(target.key);
  if (request.headers['transfer-encoding'] === undefined) requireLength(request);
  const temporary = storage.temporaryPath();
  try {
    const content = await receiveToFile(request, temporary, faults);
    const object: StoredObject = {
      bucket: target.bucket,
      key: target.key,
      bytes: content.bytes,
      etag: `"${content.md5}"`,
      crc64: content.crc64,
      modifiedMs: nowMs,
      headers: keptHeaders(request),
    };
    await storage.publishObject(temporary, object);
    return { status: 200, headers: { etag: object.etag, 'x-cos-hash-crc64ecma': object.crc64 } };
  } finally {
    await rm(temporary, { force: true });
  }
}

async function headObject({ target, storage }: OperationContext): Promise<Reply> {
  const object = await requireObject(storage, target);
  return { status: 200, headers: { ...objectHeaders(object), 'content-length': String(object.bytes) } };
}

async function getObject({ request, target, storage }: OperationContext): Promise<Reply> {
  const path = await storage.objectFile(target.bucket, target.key);
  const object = await requireObject(storage, target);
  if (path === null) throw noSuchKey();
  const headers = { ...objectHeaders(object), 'accept-ranges': 'bytes' };
  const range = parseRange(request.headers.range, object.bytes);
  if (range === null) {
    const file = { path, start: 0, end: object.bytes - 1 };
    return { status: 200, headers: { ...headers, 'content-length': String(object.bytes) }, file };
  }
  const contentRange = `bytes ${range.start}-${range.end}/${object.bytes}`;
  const length = String(range.end - range.start + 1);
  return {
    status: 206,
    headers: { ...headers, 'content-length': length, 'content-range': contentRange },
    file: { path, ...range },
  };
}

async function deleteObject({ target, storage }: OperationContext): Promise<Reply> {
  await storage.deleteObject(target.bucket, target.key);
  return { status: 204, headers: {} };
}

async function initMultipart({ request, target, storage, nowMs }: OperationContext): Promise<Reply> {
  checkKey(target.key);
  const { bucket, key } = target;
  const upload = await storage.createUpload({ bucket, key, initiatedMs: nowMs, headers: keptHeaders(request) });
  const xml = xmlDocument('InitiateMultipartUploadResult', { Bucket: bucket, Key: key, UploadId: upload.uploadId });
  return { status: 200, headers: {}, xml };
}

async function uploadPart({ request, target, faults, storage, nowMs }: OperationContext): Promise<Reply> {
  const number = target.partNumber;
  if (number === null || number < 1 || number > MAX_PART_NUMBER) {
    throw new ServiceError(400, 'InvalidArgument', 'Part number must be an integer between 1 and 10000, inclusive');
  }
  requireLength(request);
  const upload = requireUpload(storage, target);
  const temporary = storage.temporaryPath();
  try {
    const content = await receiveToFile(request, temporary, faults);
    const part = await storage.publishPart(upload, temporary, { ...content, number, modifiedMs: nowMs });
    if (part === null) throw noSuchUpload();
    return { status: 200, headers: { etag: `"${part.md5}"`, 'x-cos-hash-crc64ecma': part.crc64 } };
  } finally {
    await rm(temporary, { force: true });
  }
}

async function completeMultipart({
  request,
  target,
  faults,
  storage,
  minPartBytes,
  nowMs,
}: OperationContext): Promise<Reply> {
  const wanted = parseComplete(await receiveText(request, faults));
  const upload = requireUpload(storage, target);
  if (wanted.some(({ number }, index) => index > 0 && number <= (wanted[index - 1]?.number ?? 0))) {
    throw new ServiceError(400, 'InvalidPartOrder', 'The list of parts was not in ascending order.');
  }
  const parts = wanted.map(({ number, etag }, index) => {
    const part = upload.parts.get(number);
    if (part !== undefined && part.md5 === etag && number === index + 1) return part;
    const details = { PartNumber: String(number) };
    throw new ServiceError(400, 'InvalidPart', 'One or more of the specified parts could not be found.', details);
  });
  if (parts.slice(0, -1).some((part) => part.bytes < minPartBytes)) {
    throw new ServiceError(400, 'EntityTooSmall', 'Your proposed upload is smaller than the minimum allowed size.');
  }
  const { bucket, key } = target;
  const location = `${request.headers.host ?? ''}/${encodeURIComponent(key).replaceAll('%2F', '/')}`;
  const merging = storage.completeUpload(upload, parts, nowMs).then((object) => {
    return xmlDocument('CompleteMultipartUploadResult', {
      Location: location,
      Bucket: bucket,
      Key: key,
      ETag: object.etag,
    });
  });
  return { status: 200, headers: {}, merging };
}

async function abortMultipart({ target, storage }: OperationContext): Promise<Reply> {
  const upload = requireUpload(storage, target);
  await storage.dropUpload(upload.uploadId);
  return { status: 204, headers: {} };
}

async function listParts({ target, storage, pageSize: most }: OperationContext): Promise<Reply> {
  const upload = requireUpload(storage, target);
  const marker = Number(target.query.get('part-number-marker') ?? 0);
  const pageSize = Math.min(most, Number(target.query.get('max-parts') ?? most));
  if (!Number.isInteger(marker) || !Number.isInteger(pageSize) || pageSize < 1) {
    throw new ServiceError(400, 'InvalidArgument', 'The page markers must be whole numbers');
  }
  const rest = [...upload.parts.values()].filter((part) => part.number > marker).sort((a, b) => a.number - b.number);
  const page = rest.slice(0, pageSize);
  const xml = xmlDocument('ListPartsResult', {
    Bucket: target.bucket,
    Key: target.key,
    UploadId: upload.uploadId,
    PartNumberMarker: marker,
    NextPartNumberMarker: page.at(-1)?.number ?? marker,
    MaxParts: pageSize,
    IsTruncated: rest.length > page.length,
    Part: page.map((part) => ({
      PartNumber: part.number,
      LastModified: new Date(part.modifiedMs).toISOString(),
      ETag: `"${part.md5}"`,
      Size: part.bytes,
    })),
  });
  return { status: 200, headers: {}, xml };
}

async function listUploads({ target, storage, pageSize }: OperationContext): Promise<Reply> {
  const prefix = target.query.get('prefix') ?? '';
  const open = storage
    .openUploads()
    .filter((upload) => upload.bucket === target.bucket && upload.key.startsWith(prefix));
  const page = open.slice(0, pageSize);
  const xml = xmlDocument('ListMultipartUploadsResult', {
    Bucket: target.bucket,
    Prefix: prefix,
    MaxUploads: pageSize,
    IsTruncated: open.length > page.length,
    Upload: page.map((upload) => ({
      Key: upload.key,
      UploadId: upload.uploadId,
      StorageClass: 'STANDARD',
      Initiated: new Date(upload.initiatedMs).toISOString(),
    })),
  });
  return { status: 200, headers: {}, xml };
}

function requireUpload(storage: ObjectStorage, target: Target): OpenUpload {
  const upload = target.uploadId === null ? null : storage.findUpload(target.uploadId);
  if (upload === null || upload.bucket !== target.bucket || upload.key !== target.key) throw noSuchUpload();
  return upload;
}

function noSuchUpload(): ServiceError {
  return new ServiceError(404, 'NoSuchUpload', 'The specified multipart upload does not exist.');
}

async function requireObject(storage: ObjectStorage, target: Target): Promise<StoredObject> {
  const object = await storage.findObject(target.bucket, target.key);
  if (object === null) throw noSuchKey();
  return object;
}

function noSuchKey(): ServiceError {
  return new ServiceError(404, 'NoSuchKey', 'The specified key does not exist.');
}

function requireLength(request: IncomingMessage): void {
  if (request.headers['content-length'] === undefined) {
    throw new ServiceError(411, 'MissingContentLength', 'You must provide the Content-Length HTTP header.');
  }
}

function checkKey(key: string): void {
  if (Buffer.byteLength(key) > MAX_KEY_BYTES) throw new ServiceError(400, 'KeyTooLong', 'Your key is too long.');
  // The service names these four control characters and the two leading slashes as not allowed.
  if (/^[/\\]/.test(key) || [...key].some((sign) => sign >= '\x18' && sign <= '\x1b')) {
    throw new ServiceError(400, 'InvalidURI', 'Could not parse the specified URI.');
  }
}

function keptHeaders(request: IncomingMessage): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const [name, value] of Object.entries(request.headers)) {
    if (typeof value !== 'string' || value === '') continue;
    if (KEPT_HEADERS.includes(name) || name.startsWith('x-cos-meta-')) kept[name] = value;
  }
  return kept;
}

function objectHeaders(object: StoredObject): Record<string, string> {
  return {
    'content-type': 'application/octet-stream',
    ...object.headers,
    etag: object.etag,
    'last-modified': new Date(object.modifiedMs).toUTCString(),
    'x-cos-hash-crc64ecma': object.crc64,
  };
}

function parseRange(header: string | undefined, bytes: number): { start: number; end: number } | null {
  if (header === undefined) return null;
  const match = /^bytes=(\d*)-(\d*)$/.exec(header);
  if (match === null || (match[1] === '' && match[2] === '')) return null;
  const start = match[1] === '' ? Math.max(0, bytes - Number(match[2])) : Number(match[1]);
  const end = match[1] === '' || match[2] === '' ? bytes - 1 : Math.min(bytes - 1, Number(match[2]));
  if (start > end) throw new ServiceError(416, 'InvalidRange', 'The requested range is not satisfiable');
  return { start, end };
}
