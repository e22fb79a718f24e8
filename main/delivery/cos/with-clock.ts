import { classifyCosError } from './classify.ts';
import { CosError } from './cos-error.ts';

/** Repeats a call once when the clock was off: the SDK has set itself by the service's clock, but does not repeat streams. */
export async function withClock<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (!(error instanceof CosError) || classifyCosError(error).action !== 'retryNow') throw error;
    return await call();
  }
}
