const STEP_BYTES = 1024 ** 2;

/** Counts the bytes of one attempt. What it reports never goes back, and not more often than every MiB. */
export class UploadProgress {
  readonly #onProgress: (bytesDone: number, bytesTotal: number) => void;
  #totalBytes = 0;
  #acknowledgedBytes = 0;
  #underWayBytes = 0;
  #reportedBytes = 0;
  #gainedBytes = 0;

  constructor(onProgress: (bytesDone: number, bytesTotal: number) => void) {
    this.#onProgress = onProgress;
  }

  /** Bytes that COS acknowledged in this attempt. */
  get gainedBytes(): number {
    return this.#gainedBytes;
  }

  /** Size of the file, and how much of it earlier attempts brought over. */
  begin(totalBytes: number, acknowledgedBytes: number): void {
    this.#totalBytes = totalBytes;
    this.#acknowledgedBytes = acknowledgedBytes;
    this.#report();
  }

  acknowledged(bytes: number): void {
    this.#gainedBytes += bytes;
    this.#acknowledgedBytes += bytes;
  }

  /** COS does not hold these bytes after all. */
  withdrawn(bytes: number): void {
    this.#acknowledgedBytes -= bytes;
  }

  /** Counts bytes under way while a request lasts; the acknowledged ones are counted by `acknowledged`. */
  async whileSending<T>(send: (onBytes: (bytes: number) => void) => Promise<T>): Promise<T> {
    let sentBytes = 0;
    try {
      return await send((bytes) => {
        sentBytes += bytes;
        this.#underWayBytes += bytes;
        this.#report();
      });
    } finally {
      this.#underWayBytes -= sentBytes;
    }
  }

  finished(): void {
    this.#acknowledgedBytes = this.#totalBytes;
    this.#reportedBytes = -1;
    this.#report();
  }

  #report(): void {
    const bytes = Math.min(this.#totalBytes, this.#acknowledgedBytes + this.#underWayBytes);
    if (bytes <= this.#reportedBytes) return;
    if (bytes - this.#reportedBytes < STEP_BYTES && bytes < this.#totalBytes) return;
    this.#reportedBytes = bytes;
    this.#onProgress(bytes, this.#totalBytes);
  }
}
