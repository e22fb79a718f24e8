import type { Store } from '../store/store.ts';
import type { Outbox } from './outbox.ts';
import { resultOf } from './result.ts';
import type { Step } from './steps.ts';

export interface CallbackStepDeps {
  store: Pick<Store, 'callbacks' | 'files' | 'gaps'>;
  outbox: Pick<Outbox, 'resultEnded' | 'wake'>;
}

/**
 * The notify step: freezes the result in the outbox and is done when the outbox is: the result was taken, or parked. Every try carries
 * the same bytes under the same delivery id. Delivery is at least once: when the box dies between the caller's answer and writing it
 * down, the caller gets the same delivery id again.
 *
 * A recording gets here only after each of its objects was proven in COS or its failure is final, so no caller hears of a file that is
 * not there.
 */
export function createCallbackStep({ store, outbox }: CallbackStepDeps): Step {
  return async (recording, signal) => {
    if (recording.callbackUrl === null) return { kind: 'done' };
    const body = JSON.stringify(resultOf(store, recording));
    store.callbacks.ensure(recording.id, recording.callbackUrl, body);
    // Also the events before it are tried at once: the result waits for them.
    outbox.wake(recording.id);
    if ((await outbox.resultEnded(recording.id, signal)) === 'ended') return { kind: 'done' };
    return { kind: 'retryAt', code: 'CALLBACK_ABORTED', message: 'telling the caller was interrupted' };
  };
}
