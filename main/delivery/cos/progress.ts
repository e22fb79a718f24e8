/** Counts the bytes of one attempt. What it reports never goes back; every report is also a sign of life. */
export class UploadProgress {
  readonly #onProgress: (bytesDone: number, bytesTotal: number) => void;
  #totalBytes = 0;
  #acknowledgedBytes = 0;
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
    this.alive();
  }

  acknowledged(bytes: number): void {
    this.#gainedBytes += bytes;
    this.#acknowledgedBytes += bytes;
    this.alive();
  }

  /** COS does not hold these bytes after all. */
  withdrawn(bytes: number): void {
    this.#acknowledgedBytes -= bytes;
  }

  /** Work goes on, although COS has acknowledged nothing new. */
  alive(): void {
    this.#reportedBytes = Math.max(this.#reportedBytes, Math.min(this.#totalBytes, this.#acknowledgedBytes));
    this.#onProgress(this.#reportedBytes, this.#totalBytes);
  }

  finished(): void {
    this.#acknowledgedBytes = this.#totalBytes;
    this.alive();
  }
}
