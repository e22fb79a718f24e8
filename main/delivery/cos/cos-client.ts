import type { Readable } from 'node:stream';
import { CosError, type CosOperation, toCosError } from './cos-error.ts';
import { type CosNetwork, type CosRoute, createRoute, DIRECT } from './route.ts';
import { type CosSdk, loadSdk } from './sdk.ts';

export interface CosClientOptions {
  /** `ap-guangzhou` */
  region: string;
  /** `name-appid` */
  bucket: string;
  secretId: string;
  /** Secret. */
  secretKey: string;
  /** Of temporary keys. Secret. */
  token?: string | undefined;
  /**
   * Address that gets all traffic instead of the real service, e.g. `http://127.0.0.1:9000`. Host names and signatures stay those of the
   * real service; over TLS a certificate for either name is accepted.
   */
  endpoint?: string | undefined;
  /** Longest silence on a connection; default 60 s. */
  timeoutMs?: number | undefined;
  /** Proxy and authorities; straight to COS by default. */
  network?: CosNetwork | undefined;
  /** A body slower than this is given up; default 4096. Lower where the box itself holds the uploads back. */
  slowestBytesPerSecond?: number | undefined;
  /** Told the wall clock of whoever answered, ms since 1970, to the second; after refusals too. */
  onServerTime?: ((serverMs: number) => void) | undefined;
}

/** COS acknowledged bytes. */
export interface Receipt {
  /** As sent, with its quotes. */
  etag: string;
  /** CRC-64/XZ as COS computed it, decimal text; null when it sent none. */
  crc64: string | null;
  requestId: string | null;
}

export interface ObjectFacts extends Receipt {
  bytes: number;
}

export interface ListedPart {
  number: number;
  bytes: number;
  etag: string;
}

/** A body to send: exactly `length` bytes, checked by COS against `md5Base64`. */
export interface Upload {
  body: Readable;
  length: number;
  md5Base64: string;
}

/** COS calls for one bucket as promises. Each has a deadline, rejects with `CosError` only, and ends at once when its signal does. */
export interface CosClient {
  readonly bucket: string;
  readonly region: string;
  /** Opens a multipart upload and returns its id. */
  init(key: string, contentType: string, signal: AbortSignal): Promise<string>;
  uploadPart(key: string, uploadId: string, partNumber: number, upload: Upload, signal: AbortSignal): Promise<Receipt>;
  /** Resolves when COS named the object's ETag; anything less is an error. */
  complete(
    key: string,
    uploadId: string,
    parts: readonly { number: number; etag: string }[],
    signal: AbortSignal,
  ): Promise<void>;
  /** All parts of an open upload, ascending. */
  listParts(key: string, uploadId: string, signal: AbortSignal): Promise<ListedPart[]>;
  /** Ids of the open uploads of exactly this key. */
  listUploads(key: string, signal: AbortSignal): Promise<string[]>;
  /** Drops an upload and its parts. An upload that is gone already is no error. */
  abort(key: string, uploadId: string, signal: AbortSignal): Promise<void>;
  /** What COS holds under the key, or null when there is nothing. */
  head(key: string, signal: AbortSignal): Promise<ObjectFacts | null>;
  putObject(key: string, contentType: string, upload: Upload, signal: AbortSignal): Promise<Receipt>;
  /** Removes an object. One that is not there is no error. */
  deleteObject(key: string, signal: AbortSignal): Promise<void>;
  /** Closes the client's connections. */
  close(): void;
}

const DEFAULT_TIMEOUT_MS = 60_000;
/** The SDK tries a call without a stream four times, each with a connect and an idle limit. */
const SDK_TRIES = 4;
/** COS itself ends slow parts earlier. */
const SLOWEST_BYTES_PER_SECOND = 4096;
/** COS may merge for minutes while it keeps the connection alive. */
const MERGE_DEADLINE_MS = 15 * 60_000;
const LIST_PAGE_SIZE = '1000';

/** Creates a client; the SDK is loaded at its first call. */
export function createCosClient(options: CosClientOptions): CosClient {
  return new SdkCosClient(options);
}

class SdkCosClient implements CosClient {
  readonly bucket: string;
  readonly region: string;
  readonly #options: CosClientOptions;
  readonly #timeoutMs: number;
  readonly #route: CosRoute;
  #sdk: CosSdk | null = null;

  constructor(options: CosClientOptions) {
    this.bucket = options.bucket;
    this.region = options.region;
    this.#options = options;
    this.#timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
    const address = options.endpoint ?? `https://${options.bucket}.cos.${options.region}.myqcloud.com`;
    const target = new URL(URL.canParse(address) ? address : 'https://cos.myqcloud.com');
    const how = options.endpoint === undefined ? 'request' : 'operator';
    this.#route = createRoute(target, how, options.network ?? DIRECT, this.#timeoutMs);
  }

  async init(key: string, contentType: string, signal: AbortSignal): Promise<string> {
    const reply = await this.#call('init', signal, (sdk) => {
      return sdk.multipartInit({ ...this.#object(key), ContentType: contentType });
    });
    if (typeof reply.UploadId === 'string' && reply.UploadId !== '') return reply.UploadId;
    throw unconfirmed('init', 'NoUploadId', 'The answer to Initiate Multipart Upload names no upload', reply);
  }

  async uploadPart(
    key: string,
    uploadId: string,
    partNumber: number,
    upload: Upload,
    signal: AbortSignal,
  ): Promise<Receipt> {
    return await this.#send('uploadPart', upload, signal, (sdk) => {
      const params = {
        ...this.#object(key),
        UploadId: uploadId,
        PartNumber: partNumber,
        Body: upload.body,
        ContentLength: upload.length,
        ContentMD5: upload.md5Base64,
      };
      return sdk.multipartUpload(params);
    });
  }

  async complete(
    key: string,
    uploadId: string,
    parts: readonly { number: number; etag: string }[],
    signal: AbortSignal,
  ): Promise<void> {
    const Parts = parts.map((part) => ({ PartNumber: part.number, ETag: part.etag }));
    const call = (sdk: CosSdk) => sdk.multipartComplete({ ...this.#object(key), UploadId: uploadId, Parts });
    const reply = await this.#call('complete', signal, call, MERGE_DEADLINE_MS);
    if (typeof reply.ETag === 'string' && reply.ETag !== '') return;
    throw unconfirmed('complete', 'NoEtag', 'The answer to Complete Multipart Upload names no ETag', reply);
  }

  async listParts(key: string, uploadId: string, signal: AbortSignal): Promise<ListedPart[]> {
    const parts: ListedPart[] = [];
    let marker = '';
    for (;;) {
      const paging = { MaxParts: LIST_PAGE_SIZE, ...(marker === '' ? {} : { PartNumberMarker: marker }) };
      const reply = await this.#call('listParts', signal, (sdk) => {
        const params = { ...this.#object(key), UploadId: uploadId, ...paging };
        // The SDK's types want numbers, which its signature code turns into text anyway.
        return sdk.multipartListPart(params as unknown as Parameters<CosSdk['multipartListPart']>[0]);
      });
      if (!('UploadId' in reply))
        throw unconfirmed('listParts', 'NoUploadId', 'The answer to List Parts is none', reply);
      for (const part of reply.Part) {
        parts.push({ number: Number(part.PartNumber), bytes: Number(part.Size), etag: part.ETag });
      }
      const next = String(reply.NextPartNumberMarker ?? '');
      // The SDK's types promise a boolean; it delivers text.
      if (String(reply.IsTruncated) !== 'true' || next === '' || next === marker) return parts;
      marker = next;
    }
  }

  async listUploads(key: string, signal: AbortSignal): Promise<string[]> {
    const reply = await this.#call('listUploads', signal, (sdk) => {
      const params = { Bucket: this.bucket, Region: this.region, Prefix: key };
      // The SDK's types demand a delimiter, with which keys in folders would be folded away.
      return sdk.multipartList(params as Parameters<CosSdk['multipartList']>[0]);
    });
    return (reply.Upload ?? []).filter((upload) => upload.Key === key).map((upload) => upload.UploadId);
  }

  async abort(key: string, uploadId: string, signal: AbortSignal): Promise<void> {
    try {
      await this.#call('abort', signal, (sdk) => sdk.multipartAbort({ ...this.#object(key), UploadId: uploadId }));
    } catch (error) {
      if (!(error instanceof CosError) || error.code !== 'NoSuchUpload') throw error;
    }
  }

  async head(key: string, signal: AbortSignal): Promise<ObjectFacts | null> {
    try {
      const reply = await this.#call('head', signal, (sdk) => sdk.headObject(this.#object(key)));
      const receipt = readReceipt(reply);
      const bytes = Number(header(reply, 'content-length') ?? Number.NaN);
      if (receipt !== null && Number.isFinite(bytes)) return { ...receipt, bytes };
      throw unconfirmed('head', 'NoEtag', 'The answer to Head Object names no ETag', reply);
    } catch (error) {
      if (error instanceof CosError && error.statusCode === 404 && error.origin === 'service') return null;
      throw error;
    }
  }

  async putObject(key: string, contentType: string, upload: Upload, signal: AbortSignal): Promise<Receipt> {
    return await this.#send('putObject', upload, signal, (sdk) => {
      const params = {
        ...this.#object(key),
        Body: upload.body,
        ContentType: contentType,
        ContentLength: upload.length,
        ContentMD5: upload.md5Base64,
        // Past the SDK's queue, which loses a place for good with every call that fails early.
        SkipTask: true,
      };
      return sdk.putObject(params as Parameters<CosSdk['putObject']>[0]);
    });
  }

  async deleteObject(key: string, signal: AbortSignal): Promise<void> {
    await this.#call('deleteObject', signal, (sdk) => sdk.deleteObject(this.#object(key)));
  }

  close(): void {
    this.#route.close();
  }

  #object(key: string): { Bucket: string; Region: string; Key: string } {
    return { Bucket: this.bucket, Region: this.region, Key: key };
  }

  async #send(
    operation: 'uploadPart' | 'putObject',
    upload: Upload,
    signal: AbortSignal,
    call: SdkCall<object>,
  ): Promise<Receipt> {
    const { slowestBytesPerSecond = SLOWEST_BYTES_PER_SECOND } = this.#options;
    const deadlineMs = SDK_TRIES * this.#timeoutMs + (upload.length / slowestBytesPerSecond) * 1000;
    // Without an error the SDK would wait for the rest of the body until its idle limit.
    const stop = (): void => void upload.body.destroy(cancelled(operation));
    signal.addEventListener('abort', stop, { once: true });
    try {
      const reply = await this.#call(operation, signal, call, deadlineMs);
      const receipt = readReceipt(reply);
      if (receipt !== null) return receipt;
      throw unconfirmed(operation, 'NoEtag', 'The answer to an upload names no ETag', reply);
    } finally {
      signal.removeEventListener('abort', stop);
      upload.body.destroy();
    }
  }

  /** Runs one SDK call under a deadline. The SDK's own promise may never settle: some of its failures are swallowed. */
  async #call<T extends object>(
    operation: CosOperation,
    signal: AbortSignal,
    call: SdkCall<T>,
    deadlineMs?: number,
  ): Promise<T> {
    if (signal.aborted) throw cancelled(operation);
    const limitMs = deadlineMs ?? 2 * this.#timeoutMs;
    let timer: NodeJS.Timeout | undefined;
    let onAbort: (() => void) | undefined;
    const interrupted = new Promise<never>((_, reject) => {
      const message = `No answer within ${Math.round(limitMs / 1000)} s`;
      timer = setTimeout(
        () => reject(new CosError({ origin: 'network', code: 'Deadline', message, operation })),
        limitMs,
      );
      onAbort = () => reject(cancelled(operation));
      signal.addEventListener('abort', onAbort, { once: true });
    });
    try {
      const reply = await Promise.race([call(this.#open()), interrupted]);
      this.#noteServerTime(reply);
      return reply;
    } catch (thrown) {
      this.#noteServerTime(thrown);
      throw toCosError(thrown, operation);
    } finally {
      clearTimeout(timer);
      if (onAbort !== undefined) signal.removeEventListener('abort', onAbort);
    }
  }

  #noteServerTime(answer: unknown): void {
    const date = typeof answer === 'object' && answer !== null ? header(answer, 'date') : undefined;
    const serverMs = Date.parse(date ?? '');
    if (!Number.isNaN(serverMs)) this.#options.onServerTime?.(serverMs);
  }

  #open(): CosSdk {
    if (this.#sdk !== null) return this.#sdk;
    const { secretId, secretKey, token, endpoint } = this.#options;
    if (secretId === '' || secretKey === '') {
      throw new CosError({
        origin: 'local',
        code: 'MissingCredentials',
        message: 'No COS credentials',
        operation: 'init',
      });
    }
    const Sdk = loadSdk();
    const address = endpoint === undefined ? null : new URL(endpoint);
    const sdk = new Sdk({
      SecretId: secretId,
      SecretKey: secretKey,
      ...(token === undefined ? {} : { SecurityToken: token }),
      Timeout: this.#timeoutMs,
      Protocol: address?.protocol === 'http:' ? 'http:' : 'https:',
      ...(address === null ? {} : { Ip: address.host }),
      // A second host name would have to be allowed in firewalls and would hide which one failed.
      AutoSwitchHost: false,
      KeepAlive: true,
    });
    sdk.on('before-send', (request: { agent?: unknown; proxy?: unknown }) => {
      request.agent = this.#route.agent;
      // Always set: without it the SDK reads the environment by rules of its own, for loopback addresses too.
      request.proxy = this.#route.requestProxy;
    });
    this.#sdk = sdk;
    return sdk;
  }
}

type SdkCall<T> = (sdk: CosSdk) => Promise<T>;

function cancelled(operation: CosOperation): CosError {
  return new CosError({ origin: 'local', code: 'Cancelled', message: 'The upload was interrupted', operation });
}

function unconfirmed(operation: CosOperation, code: string, message: string, reply: object): CosError {
  const statusCode = 'statusCode' in reply && typeof reply.statusCode === 'number' ? reply.statusCode : undefined;
  return new CosError({
    origin: 'reply',
    code,
    message,
    operation,
    statusCode,
    requestId: header(reply, 'x-cos-request-id'),
  });
}

function readReceipt(reply: object): Receipt | null {
  const etag = header(reply, 'etag');
  if (etag === undefined || etag === '') return null;
  return {
    etag,
    crc64: header(reply, 'x-cos-hash-crc64ecma') ?? null,
    requestId: header(reply, 'x-cos-request-id') ?? null,
  };
}

function header(reply: object, name: string): string | undefined {
  if (!('headers' in reply) || typeof reply.headers !== 'object' || reply.headers === null) return undefined;
  const value = (reply.headers as Record<string, unknown>)[name];
  return typeof value === 'string' ? value : undefined;
}
