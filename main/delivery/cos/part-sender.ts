import { createTurns } from '../turns.ts';
import type { CosClient } from './cos-client.ts';
import { CosError } from './cos-error.ts';
import { digestRange, type FileAccess, memoryBody, rangeBody, type Throttle } from './file-access.ts';
import type { UploadedPart } from './journal.ts';
import { PartMemory } from './part-memory.ts';
import type { PlannedPart } from './part-plan.ts';
import type { UploadProgress } from './progress.ts';
import { checkReceipt } from './proof.ts';
import { withClock } from './with-clock.ts';

/** What one attempt's parts have in common. */
export interface PartSenderOptions {
  client: CosClient;
  files: FileAccess;
  progress: UploadProgress;
  /** The local file, and its object key. */
  path: string;
  key: string;
  /** Parts in flight. */
  concurrency: number;
  signal: AbortSignal;
  throttle: Throttle | undefined;
  /** Asked before each part; false ends the attempt in order. */
  mayGoOn(): boolean;
  /** Writes an acknowledged part down. */
  save(part: UploadedPart): void;
}

/** Sends parts of one file, some at once. */
export class PartSender {
  readonly #options: PartSenderOptions;
  /** One part is read at a time: workers that read together go on to send together, and the line lies idle while they read. */
  readonly #inTurn = createTurns(1);

  constructor(options: PartSenderOptions) {
    this.#options = options;
  }

  /** Sends what is not in `held` and puts it there. Stops taking new parts at the first failure, and throws it when all are at rest. */
  async sendMissing(uploadId: string, planned: readonly PlannedPart[], held: Map<number, UploadedPart>): Promise<void> {
    const { concurrency, mayGoOn } = this.#options;
    const queue = planned.filter((part) => !held.has(part.number));
    const failures: unknown[] = [];
    const work = async (memory: PartMemory): Promise<void> => {
      while (failures.length === 0) {
        if (queue.length > 0 && !mayGoOn()) failures.push(paused());
        const part = failures.length === 0 ? queue.shift() : undefined;
        if (part === undefined) return;
        try {
          held.set(part.number, await this.#send(uploadId, part, memory));
        } catch (error) {
          failures.push(error);
        }
      }
    };
    const worker = async (): Promise<void> => {
      const memory = new PartMemory();
      try {
        await work(memory);
      } finally {
        memory.release();
      }
    };
    await Promise.all(Array.from({ length: Math.min(concurrency, queue.length) }, worker));
    if (failures.length > 0) throw failures[0];
  }

  async #send(uploadId: string, part: PlannedPart, memory: PartMemory): Promise<UploadedPart> {
    const { signal } = this.#options;
    const send = (): Promise<UploadedPart> => withClock(() => this.#trySend(uploadId, part, memory.of(part.length)));
    try {
      return await send();
    } catch (error) {
      // A kept-alive connection that the other side closed at this very moment is no sign of a bad line.
      const dropped = error instanceof CosError && ['ECONNRESET', 'EPIPE'].includes(error.code);
      if (!dropped || signal.aborted) throw error;
      return await send();
    }
  }

  async #trySend(
    uploadId: string,
    { offset, length, number }: PlannedPart,
    memory: Buffer | undefined,
  ): Promise<UploadedPart> {
    const { client, files, progress, path, key, signal, throttle, save } = this.#options;
    const options = { signal, onBytes: () => progress.alive(), throttle };
    const digest = await this.#inTurn(() => digestRange(files, path, offset, length, { ...options, memory }), signal);
    const body = memory ? memoryBody(memory, options) : rangeBody(files, path, offset, length, options);
    const upload = { body, length, md5Base64: digest.md5Base64 };
    const receipt = await client.uploadPart(key, uploadId, number, upload, signal);
    checkReceipt(receipt, digest.crc64, 'uploadPart');
    const uploaded = { number, offset, length, md5: digest.md5, crc64: digest.crc64, etag: receipt.etag };
    save(uploaded);
    progress.acknowledged(length);
    return uploaded;
  }
}

function paused(): CosError {
  const message = 'The upload pauses between two parts';
  return new CosError({ origin: 'local', code: 'Paused', message, operation: 'readFile' });
}
