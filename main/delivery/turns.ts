/**
 * Runs so many pieces of work at a time, in the order in which they were asked for. One whose `signal` aborts while it waits is not run, and
 * rejects with the signal's reason.
 */
export function createTurns(limit: number): <T>(work: () => Promise<T>, signal: AbortSignal) => Promise<T> {
  const waiting: (() => void)[] = [];
  let running = 0;
  const turn = (signal: AbortSignal): Promise<void> => {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const leave = (): void => {
      waiting.splice(waiting.indexOf(enter), 1);
      reject(signal.reason);
    };
    const enter = (): void => {
      signal.removeEventListener('abort', leave);
      resolve();
    };
    waiting.push(enter);
    signal.addEventListener('abort', leave, { once: true });
    return promise;
  };
  return async (work, signal) => {
    signal.throwIfAborted();
    if (running >= limit) await turn(signal);
    else running += 1;
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next) next();
      else running -= 1;
    }
  };
}
