import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { ConnectionCut } from './body.ts';
import { FaultList } from './faults.ts';
import { HANDLERS } from './operations.ts';
import { type Answering, closeAfterReply, sendError, sendOkWithError, sendPortal, sendReply } from './reply.ts';
import { ServiceError } from './service-error.ts';
import { type Credential, verifySignature } from './signature.ts';
import { ObjectStorage } from './storage.ts';
import { type Operation, parseTarget, type Target } from './target.ts';

export type { Fault, FaultEffect, FaultMatch } from './faults.ts';
export type { Credential } from './signature.ts';
export type { Operation } from './target.ts';

/**
 * A local object store that speaks COS's protocol, signatures included, for the self-test, the demonstration and the tests. It proves
 * what the box sends and how it reacts; it does not prove the real service's clock tolerance, quota codes, throttling or ETag rules.
 */
export interface CosServerOptions {
  /** Everything is kept here; a server started again on it knows its objects and open uploads. */
  directory: string;
  /** 0 takes any free port. */
  port: number;
  host?: string;
  credentials: readonly Credential[];
  /** Certificate and key, PEM: the port speaks TLS then. */
  tls?: { certificate: string; key: string } | undefined;
  /** Buckets that exist; `any` (default) accepts every name. */
  buckets?: readonly string[] | 'any';
  /** Told about every request when it is over. */
  log?: (entry: RequestEntry) => void;
  /** Smallest part that is not the last, in bytes; default 1 MiB as in the real service. */
  minPartBytes?: number;
  /** Most entries of one list; default 1000 as in the real service. */
  pageSize?: number;
  /** Milliseconds since 1970. */
  now?: () => number;
}

/** One request. Headers are never kept: they carry signatures. */
export interface RequestEntry {
  atMs: number;
  method: string;
  operation: Operation | null;
  bucket: string;
  key: string;
  partNumber: number | null;
  /** Null while the request is under way and when its connection was cut. */
  status: number | null;
  /** The service's error code, when the answer was an error. */
  code: string | null;
}

/** A multipart upload that was neither completed nor aborted; the real service bills its parts. */
export interface OrphanUpload {
  uploadId: string;
  bucket: string;
  key: string;
  partNumbers: number[];
}

export interface CosServer {
  /** `http://host:port`, or https with TLS. */
  readonly url: string;
  readonly port: number;
  readonly faults: FaultList;
  /** In order of arrival; the oldest are forgotten after 20,000. */
  readonly requests: RequestEntry[];
  orphans(): OrphanUpload[];
  /** From now on these keys are valid, and no others. */
  setCredentials(credentials: readonly Credential[]): void;
  /** The file that holds an object's bytes, or null when there is no such object. Of an object that came in parts the first call makes it. */
  findObjectFile(bucket: string, key: string): Promise<string | null>;
  /** Closes the port and every connection, or opens the same port again. */
  setOffline(offline: boolean): Promise<void>;
  close(): Promise<void>;
}

const MAX_REQUEST_ENTRIES = 20_000;
const KEEP_ALIVE_MS = 60_000;

interface ServerState {
  options: CosServerOptions;
  storage: ObjectStorage;
  faults: FaultList;
  requests: RequestEntry[];
}

/** Starts the server; resolves when the port is open. */
export async function startCosServer(options: CosServerOptions): Promise<CosServer> {
  const host = options.host ?? '127.0.0.1';
  const storage = await ObjectStorage.open(options.directory);
  const state: ServerState = { options: { ...options }, storage, faults: new FaultList(), requests: [] };
  let listener: Listener | null = await listen(state, host, options.port);
  const port = listener.port;
  return {
    url: `${options.tls === undefined ? 'http' : 'https'}://${host}:${port}`,
    port,
    faults: state.faults,
    requests: state.requests,
    orphans() {
      return storage.openUploads().map(({ uploadId, bucket, key, parts }) => {
        return { uploadId, bucket, key, partNumbers: [...parts.keys()].sort((a, b) => a - b) };
      });
    },
    setCredentials(credentials) {
      state.options.credentials = credentials;
    },
    findObjectFile: (bucket, key) => storage.objectFile(bucket, key),
    async setOffline(offline) {
      if (offline) {
        await listener?.close();
        listener = null;
      } else {
        listener ??= await listen(state, host, port);
      }
    },
    async close() {
      await listener?.close();
      listener = null;
    },
  };
}

interface Listener {
  port: number;
  close(): Promise<void>;
}

async function listen(state: ServerState, host: string, port: number): Promise<Listener> {
  const onRequest = (request: IncomingMessage, response: ServerResponse): void => void serve(state, request, response);
  const { tls } = state.options;
  const server: Server =
    tls === undefined ? createServer(onRequest) : createTlsServer({ cert: tls.certificate, key: tls.key }, onRequest);
  // A slow line may take hours for its parts; the idle limits of the caller are what counts.
  server.requestTimeout = 0;
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      await new Promise((resolve) => {
        server.close(resolve);
        for (const socket of sockets) socket.destroy();
      });
    },
  };
}

/** Answers one request; whatever happens, nothing is thrown. */
async function serve(state: ServerState, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const method = request.method ?? '';
  const nowMs = (state.options.now ?? Date.now)();
  const target = readTarget(method, request);
  const faults = state.faults.take(method, target);
  const entry: RequestEntry = {
    atMs: nowMs,
    method,
    operation: target.operation,
    bucket: target.bucket,
    key: target.key,
    partNumber: target.partNumber,
    status: null,
    code: null,
  };
  state.requests.push(entry);
  if (state.requests.length > MAX_REQUEST_ENTRIES) state.requests.shift();
  const answering: Answering = { request, response, faults, nowMs: nowMs + (faults.find('clockSkew')?.skewMs ?? 0) };
  try {
    await answer(state, answering, target, entry);
  } catch (error) {
    if (!(error instanceof ConnectionCut)) request.socket.destroy();
  }
  if (response.headersSent && !request.socket.destroyed) entry.status = response.statusCode;
  state.options.log?.(entry);
  await closeAfterReply(answering);
}

function readTarget(method: string, request: IncomingMessage): Target {
  try {
    return parseTarget(method, request.url ?? '/', request.headers.host ?? '');
  } catch {
    return { operation: null, bucket: '', key: '', path: '/', query: new Map(), partNumber: null, uploadId: null };
  }
}

async function answer(state: ServerState, answering: Answering, target: Target, entry: RequestEntry): Promise<void> {
  const { request, faults, nowMs } = answering;
  const early = await misbehaveEarly(state, answering, target, entry);
  if (early) return;
  try {
    checkRequest(state, answering, target);
    const operation = target.operation;
    if (operation === null) throw new ServiceError(501, 'NotImplemented', 'The local simulator has no such operation.');
    const okWithError = faults.find('okWithError');
    if (okWithError !== undefined && okWithError.performed !== true) {
      await swallowBody(request);
    } else {
      const { minPartBytes = 1024 ** 2, pageSize = 1000 } = state.options;
      const { storage } = state;
      const reply = await HANDLERS[operation]({ request, target, faults, storage, minPartBytes, pageSize, nowMs });
      if (okWithError === undefined) {
        await sendReply(answering, reply);
        return;
      }
      await reply.merging;
    }
    entry.code = okWithError?.code ?? null;
    sendOkWithError(answering, okWithError?.code ?? 'InternalError', target.path);
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    await swallowBody(request);
    entry.code = error.code;
    await sendError(answering, error, target.path);
  }
}

/** Faults that come before, or instead of, the operation. True when the request is dealt with. */
async function misbehaveEarly(
  state: ServerState,
  answering: Answering,
  target: Target,
  entry: RequestEntry,
): Promise<boolean> {
  const { request, faults } = answering;
  if (faults.has('resetBeforeBody')) {
    request.socket.resetAndDestroy();
    throw new ConnectionCut();
  }
  const delay = faults.find('delay');
  if (delay !== undefined) await sleep(delay.delayMs);
  if (faults.has('hang')) {
    await swallowBody(request);
    await new Promise((resolve) => request.socket.once('close', resolve));
    throw new ConnectionCut();
  }
  const portal = faults.find('portal');
  if (portal !== undefined) {
    await swallowBody(request);
    sendPortal(answering, portal.status, portal.html);
    return true;
  }
  const error = faults.find('error');
  if (error !== undefined) {
    await swallowBody(request);
    entry.code = error.code;
    await sendError(answering, new ServiceError(error.status, error.code, error.message ?? error.code), target.path);
    return true;
  }
  if (faults.has('forgetUpload') && target.uploadId !== null) await state.storage.dropUpload(target.uploadId);
  return false;
}

function checkRequest(state: ServerState, answering: Answering, target: Target): void {
  const { request, nowMs } = answering;
  const headers: Record<string, string | undefined> = {};
  for (const [name, value] of Object.entries(request.headers))
    headers[name] = Array.isArray(value) ? value.join(',') : value;
  const { path, query, bucket } = target;
  verifySignature({ method: request.method ?? '', path, query, headers }, state.options.credentials, nowMs);
  const buckets = state.options.buckets ?? 'any';
  if (bucket === '') throw new ServiceError(400, 'InvalidURI', 'Could not parse the specified URI.');
  if (buckets !== 'any' && !buckets.includes(bucket)) {
    throw new ServiceError(404, 'NoSuchBucket', 'The specified bucket does not exist.');
  }
}

/** Reads what the caller still sends, so that it gets to see the answer. */
async function swallowBody(request: IncomingMessage): Promise<void> {
  if (request.readableEnded || request.destroyed) return;
  await new Promise<void>((resolve) => {
    request.once('end', resolve).once('close', resolve).resume();
  });
}
