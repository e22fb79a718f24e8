import type { Store } from '../store/store.ts';
import type { DeliveryState, Outcome } from './steps.ts';

/**
 * Tells a caller who wants to know that his upload stands still until somebody corrects something, and that it goes on. To be called after
 * each try of a step, when its outcome is on disk; a try that brings the same again is no news.
 */
export function announceUpload(
  store: Pick<Store, 'announcements'>,
  recordingId: string,
  state: DeliveryState,
  outcome: Outcome,
): void {
  if (state !== 'uploading') return;
  if (outcome.kind === 'blocked') {
    const { code, message } = outcome;
    store.announcements.tell(recordingId, { event: 'upload.blocked', data: { Code: code, Message: message } });
  } else if (outcome.kind === 'done' || outcome.kind === 'retryAt') {
    store.announcements.tell(recordingId, { event: 'upload.resumed', data: {} });
  }
}
