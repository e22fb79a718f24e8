import type { Writable } from 'node:stream';

interface Block {
  header: Buffer;
  payload: Buffer;
  release: (() => void) | null;
}

/** Small blocks go into the pipe together up to this size: one system call and one wake-up of the reader for all of them. */
const TOGETHER_BYTES = 32 * 1024;

/**
 * Blocks on their way into a pipe whose reader may be slow. One large block, or a few small ones, are handed to the pipe at a time, so
 * that it is known which ones are still unread; the queue itself has no limit, the owner decides by `bytes` what to leave out.
 * A broken pipe drops everything and is no error here: the reader's owner learns of its end by other ways.
 */
export class BlockQueue {
  readonly #nowMs: () => number;
  #sink: Writable | null = null;
  #blocks: Block[] = [];
  #first = 0;
  #queuedBytes = 0;
  #writingSinceMs: number | null = null;
  #broken = false;
  #ending = false;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** Gives the queue its pipe; what was pushed before goes first. */
  attach(sink: Writable): void {
    this.#sink = sink;
    sink.on('error', () => this.drop());
    sink.on('close', () => this.drop());
    this.#next();
  }

  /** Bytes handed over and, as far as can be known, not read yet. */
  get bytes(): number {
    return this.#queuedBytes + (this.#sink?.writableLength ?? 0);
  }

  /** How long the reader has been taking for the block it is at; 0 when it waits for us. */
  get stalledMs(): number {
    return this.#writingSinceMs === null ? 0 : this.#nowMs() - this.#writingSinceMs;
  }

  /** Queues a block; `release` is called once, when the payload's memory is free again. */
  push(header: Buffer, payload: Buffer, release: (() => void) | null = null): void {
    if (this.#broken || this.#ending) {
      release?.();
      return;
    }
    this.#blocks.push({ header, payload, release });
    this.#queuedBytes += header.length + payload.length;
    this.#next();
  }

  /** Ends the pipe after the last queued block. */
  end(): void {
    this.#ending = true;
    this.#next();
  }

  /** Forgets everything that was not handed to the pipe. */
  drop(): void {
    this.#broken = true;
    this.#writingSinceMs = null;
    const blocks = this.#blocks.slice(this.#first);
    this.#blocks = [];
    this.#first = 0;
    this.#queuedBytes = 0;
    for (const block of blocks) {
      block.release?.();
    }
  }

  #next(): void {
    const sink = this.#sink;
    if (!sink || this.#broken || this.#writingSinceMs !== null) return;
    const blocks = this.#take();
    const last = blocks.at(-1);
    if (!last) {
      if (this.#ending && !sink.writableEnded) sink.end();
      return;
    }
    this.#writingSinceMs = this.#nowMs();
    for (const { header, payload } of blocks) this.#queuedBytes -= header.length + payload.length;
    const written = () => {
      this.#writingSinceMs = null;
      for (const block of blocks) block.release?.();
      this.#next();
    };
    if (last.payload.length <= TOGETHER_BYTES) {
      // Small blocks: copying them costs less than the stream's work for each.
      sink.write(Buffer.concat(blocks.flatMap(({ header, payload }) => [header, payload])), written);
      return;
    }
    sink.cork();
    sink.write(last.header);
    sink.write(last.payload, written);
    sink.uncork();
  }

  /** The next block, with the small ones that wait behind it. */
  #take(): Block[] {
    const blocks: Block[] = [];
    let bytes = 0;
    for (let block = this.#blocks[this.#first]; block; block = this.#blocks[this.#first]) {
      bytes += block.header.length + block.payload.length;
      if (blocks.length > 0 && bytes > TOGETHER_BYTES) break;
      blocks.push(block);
      this.#shift();
    }
    return blocks;
  }

  #shift(): void {
    this.#first += 1;
    if (this.#first >= this.#blocks.length) {
      this.#blocks = [];
      this.#first = 0;
    }
  }
}
