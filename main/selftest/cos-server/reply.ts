import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { ConnectionCut } from './body.ts';
import type { ActiveFaults } from './faults.ts';
import type { Reply } from './operations.ts';
import { ServiceError } from './service-error.ts';
import { errorDocument } from './xml.ts';

/** Sends answers the way the real service does, or the way the planned faults say. */
export interface Answering {
  request: IncomingMessage;
  response: ServerResponse;
  faults: ActiveFaults;
  /** The server's clock, which a fault may have set wrong. */
  nowMs: number;
}

/** Every answer says that it is no real service. */
const SERVER_NAME = 'local-cos-simulator';
/** While parts are merged a blank is sent this often, so that the caller's idle limit does not strike. */
const MERGE_BLANK_INTERVAL_MS = 500;

const PORTAL_PAGE =
  '<!DOCTYPE html><html><head><meta charset="utf-8"><title>Welcome</title></head><body><p>Log in to use this network<br></body></html>';

/** Sends the result of an operation. */
export async function sendReply(answering: Answering, reply: Reply): Promise<void> {
  const { request, response, faults } = answering;
  if (faults.has('replyLost')) {
    await reply.merging;
    throw cut(request);
  }
  const headers = { ...commonHeaders(answering), ...alterHeaders(reply.headers, faults) };
  if (reply.merging !== undefined) {
    await sendMerging(answering, headers, reply.merging);
  } else if (reply.xml !== undefined) {
    await sendXml(answering, reply.status, headers, alterXml(reply.xml, faults));
  } else if (reply.file !== undefined && reply.file.end >= reply.file.start) {
    response.writeHead(reply.status, headers);
    await pipeline(createReadStream(reply.file.path, { start: reply.file.start, end: reply.file.end }), response);
  } else {
    response.writeHead(reply.status, request.method === 'HEAD' ? headers : withoutBody(reply.status, headers));
    response.end();
  }
}

/** Sends a refusal as the service's XML; HEAD gets the status alone. */
export async function sendError(answering: Answering, error: ServiceError, resource: string): Promise<void> {
  const fault = answering.faults.find('error');
  const headers = commonHeaders(answering);
  if (fault?.retryAfterSeconds !== undefined) headers['retry-after'] = String(fault.retryAfterSeconds);
  const requestId = headers['x-cos-request-id'] ?? '';
  if (fault?.requestId === false) delete headers['x-cos-request-id'];
  await sendXml(answering, error.status, headers, errorDocument(error, resource, requestId));
}

/** Sends a web page that has nothing to do with the service. */
export function sendPortal({ response }: Answering, status: number, html = PORTAL_PAGE): void {
  const headers: Record<string, string> = { 'content-type': 'text/html; charset=utf-8' };
  if (status === 302) headers.location = 'http://portal.invalid/login';
  response.writeHead(status, headers);
  response.end(html);
}

/** Complete's special failure: 200, with the error in the body. */
export function sendOkWithError(answering: Answering, code: string, resource: string): void {
  const headers = commonHeaders(answering);
  const error = new ServiceError(200, code, 'We encountered an internal error. Please try again.');
  answering.response.writeHead(200, { ...headers, 'content-type': 'application/xml' });
  answering.response.write(' ');
  answering.response.end(errorDocument(error, resource, headers['x-cos-request-id'] ?? ''));
}

async function sendXml(
  answering: Answering,
  status: number,
  headers: Record<string, string>,
  xml: string,
): Promise<void> {
  const { request, response, faults } = answering;
  const body = Buffer.from(xml);
  response.writeHead(status, { ...headers, 'content-type': 'application/xml', 'content-length': String(body.length) });
  const limit = faults.find('replyCut');
  if (limit === undefined) {
    response.end(request.method === 'HEAD' ? undefined : body);
    return;
  }
  await new Promise((resolve) => response.write(body.subarray(0, limit.afterBytes), resolve));
  throw hangUp(request);
}

async function sendMerging(
  answering: Answering,
  headers: Record<string, string>,
  merging: Promise<string>,
): Promise<void> {
  const { request, response, faults } = answering;
  response.writeHead(200, { ...headers, 'content-type': 'application/xml' });
  response.write(' ');
  const blanks = setInterval(() => response.write(' '), MERGE_BLANK_INTERVAL_MS);
  try {
    const xml = alterXml(await merging, faults);
    const limit = faults.find('replyCut');
    if (limit === undefined) {
      response.end(xml);
      return;
    }
    await new Promise((resolve) => response.write(xml.slice(0, limit.afterBytes), resolve));
    throw hangUp(request);
  } catch (error) {
    if (error instanceof ConnectionCut) throw error;
    const failure = new ServiceError(200, 'InternalError', 'We encountered an internal error. Please try again.');
    response.end(errorDocument(failure, '/', headers['x-cos-request-id'] ?? ''));
  } finally {
    clearInterval(blanks);
  }
}

/** After the answer, closes the kept-alive connection if a fault says so: the caller may just be using it again. */
export async function closeAfterReply({ request, faults }: Answering): Promise<void> {
  const fault = faults.find('closeAfterReply');
  if (fault === undefined) return;
  await sleep(fault.afterMs);
  request.socket.destroy();
}

function commonHeaders({ nowMs }: Answering): Record<string, string> {
  return { server: SERVER_NAME, date: new Date(nowMs).toUTCString(), 'x-cos-request-id': randomUUID() };
}

function withoutBody(status: number, headers: Record<string, string>): Record<string, string> {
  return status === 204 ? headers : { ...headers, 'content-length': '0' };
}

function alterHeaders(headers: Record<string, string>, faults: ActiveFaults): Record<string, string> {
  const altered = { ...headers };
  if (faults.has('missingEtag')) delete altered.etag;
  if (faults.has('wrongEtag') && altered.etag !== undefined) altered.etag = '"00000000000000000000000000000000"';
  if (faults.has('missingCrc')) delete altered['x-cos-hash-crc64ecma'];
  if (faults.has('wrongCrc') && altered['x-cos-hash-crc64ecma'] !== undefined) altered['x-cos-hash-crc64ecma'] = '1';
  return altered;
}

function alterXml(xml: string, faults: ActiveFaults): string {
  return faults.has('missingEtag') ? xml.replaceAll(/<ETag>[^<]*<\/ETag>/g, '') : xml;
}

function cut(request: IncomingMessage): ConnectionCut {
  request.socket.resetAndDestroy();
  return new ConnectionCut();
}

/** Closes in good order, so that what was sent arrives; a reset would throw it away. */
function hangUp(request: IncomingMessage): ConnectionCut {
  request.socket.end();
  return new ConnectionCut();
}
