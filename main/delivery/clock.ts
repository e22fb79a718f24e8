/** A pending timeout; only `Clock.clearTimeout` can do something with it. */
export type Timeout = { readonly timeout: unique symbol };

/** Time as the delivery sees it; injected so that tests decide when it passes. */
export interface Clock {
  /** Wall clock, ms since 1970. It may jump. */
  now(): number;
  setTimeout(callback: () => void, delayMs: number): Timeout;
  clearTimeout(timeout: Timeout): void;
}

/** The machine's clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  setTimeout: (callback, delayMs) => setTimeout(callback, delayMs) as unknown as Timeout,
  clearTimeout: (timeout) => {
    clearTimeout(timeout as unknown as NodeJS.Timeout);
  },
};
