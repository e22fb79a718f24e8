/** A segment file that is read while it grows; `Piece` is what is given out of it. */
export interface PieceSource<Piece> {
  /** Length of the file when it was last looked at. */
  readonly seenBytes: number;
  /** What was given out ends here. */
  readonly takenBytes: number;
  advance(take: (piece: Piece) => Promise<void>, signal: AbortSignal): Promise<void>;
  /** Whether the file ends with bytes that are of no use. */
  isTorn(): Promise<boolean>;
}

/** A segment on its way into a growing file. Rejects with the file system's errors and those of the growing file. */
export interface LiveTail extends Pick<PieceSource<unknown>, 'seenBytes' | 'takenBytes' | 'isTorn'> {
  /** Whether it has a part in the file. */
  readonly isJoined: boolean;
  /** Takes in what has come to it. `onProgress` is called with each piece, as a sign of life. */
  advance(signal: AbortSignal, onProgress: () => void): Promise<void>;
}

/** @param take puts a piece into the file; resolves with whether the segment has a part in it now, of which it is told the next time */
export function liveTail<Piece>(
  source: PieceSource<Piece>,
  take: (piece: Piece, isJoined: boolean) => Promise<boolean>,
): LiveTail {
  let isJoined = false;
  return {
    get seenBytes() {
      return source.seenBytes;
    },
    get takenBytes() {
      return source.takenBytes;
    },
    get isJoined() {
      return isJoined;
    },
    isTorn: () => source.isTorn(),
    advance: (signal, onProgress) =>
      source.advance(async (piece) => {
        isJoined = await take(piece, isJoined);
        onProgress();
      }, signal),
  };
}
