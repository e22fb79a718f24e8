/** Time as the simulation sees it; tests put their own in its place. */
export interface SimulationClock {
  /** Monotonic milliseconds with any zero. */
  nowMs(): number;
  /** Wall-clock milliseconds since 1970. */
  epochMs(): number;
  /** Calls back once after `delayMs`; the result cancels. */
  after(delayMs: number, callback: () => void): () => void;
  /** Calls back in the next turn of the event loop. */
  soon(callback: () => void): void;
}

export const systemClock: SimulationClock = {
  nowMs: () => performance.now(),
  epochMs: () => Date.now(),
  after(delayMs, callback) {
    const timer = setTimeout(callback, delayMs);
    return () => clearTimeout(timer);
  },
  soon: (callback) => void setImmediate(callback),
};
