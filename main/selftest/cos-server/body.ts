import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { Crc64 } from '../../delivery/crc64.ts';
import type { ActiveFaults } from './faults.ts';
import { ServiceError } from './service-error.ts';
import type { Content } from './storage.ts';

/** The caller's connection was cut on purpose; no answer can be sent. */
export class ConnectionCut extends Error {}

/** Largest single PUT or part. */
const MAX_BODY_BYTES = 5 * 1024 ** 3;
/** Complete with 10,000 parts takes 1 MB. */
const MAX_XML_BYTES = 2 * 1024 ** 2;

/** Writes a request body to a file and says what it was, when all of it is on the disk. Never holds more than a few chunks in memory. */
export async function receiveToFile(request: IncomingMessage, file: string, faults: ActiveFaults): Promise<Content> {
  const meter = new BodyMeter(request, faults);
  await pipeline(request, meter, createWriteStream(file, { flags: 'wx', flush: true, highWaterMark: 1 << 20 }));
  const content = meter.content();
  checkMd5(request, content.md5);
  return content;
}

/** Reads a short request body as text. */
export async function receiveText(request: IncomingMessage, faults: ActiveFaults): Promise<string> {
  const meter = new BodyMeter(request, faults);
  const chunks: Buffer[] = [];
  let bytes = 0;
  await pipeline(request, meter, async (source: AsyncIterable<Buffer>) => {
    for await (const chunk of source) {
      bytes += chunk.length;
      if (bytes > MAX_XML_BYTES) throw new ServiceError(400, 'EntityTooLarge', 'The XML is too large');
      chunks.push(chunk);
    }
  });
  checkMd5(request, meter.content().md5);
  return Buffer.concat(chunks).toString('utf8');
}

function checkMd5(request: IncomingMessage, md5: string): void {
  const announced = request.headers['content-md5'];
  if (announced === undefined || announced === Buffer.from(md5, 'hex').toString('base64')) return;
  throw new ServiceError(400, 'BadDigest', 'The Content-MD5 you specified did not match what we received.');
}

/** Passes bytes through, counting and hashing them, with the faults that concern bodies. */
class BodyMeter extends Transform {
  readonly #request: IncomingMessage;
  readonly #faults: ActiveFaults;
  readonly #md5 = createHash('md5');
  readonly #crc64 = new Crc64();
  #bytes = 0;

  constructor(request: IncomingMessage, faults: ActiveFaults) {
    super();
    this.#request = request;
    this.#faults = faults;
  }

  content(): Content {
    return { bytes: this.#bytes, md5: this.#md5.copy().digest('hex'), crc64: this.#crc64.digest() };
  }

  override _transform(chunk: Buffer, _encoding: string, callback: (error?: Error | null, data?: Buffer) => void): void {
    this.#take(chunk).then((bytes) => callback(null, bytes), callback);
  }

  async #take(chunk: Buffer): Promise<Buffer> {
    if (this.#bytes === 0 && this.#faults.has('corruptBody')) chunk[0] = (chunk[0] ?? 0) ^ 1;
    this.#md5.update(chunk);
    this.#crc64.update(chunk);
    this.#bytes += chunk.length;
    if (this.#bytes > MAX_BODY_BYTES) throw new ServiceError(400, 'EntityTooLarge', 'The body is larger than 5 GB');
    const reset = this.#faults.find('resetMidBody');
    if (reset !== undefined && this.#bytes >= reset.afterBytes) {
      this.#request.socket.resetAndDestroy();
      throw new ConnectionCut();
    }
    const throttle = this.#faults.find('throttle');
    if (throttle !== undefined) await sleep((chunk.length / throttle.bytesPerSecond) * 1000);
    return chunk;
  }
}
