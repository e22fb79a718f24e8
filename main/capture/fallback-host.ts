import type { CaptureHost } from './host.ts';

/** So many starts in a row that came to nothing, and none before them that worked, are no accident of one recording. */
const FAILED_STARTS = 2;

export interface FallbackHostOptions {
  preferred: CaptureHost;
  /** Takes over for good when the preferred one cannot host anything on this machine. */
  instead: CaptureHost;
  /** Told once. */
  onGivenUp(): void;
}

/**
 * Hosts captures by the preferred way as long as that has ever worked here. One whose captures end again and again before they are ready
 * does not fit the machine, and a recording that is made some other way is better than none.
 */
export function createFallbackHost({ preferred, instead, onGivenUp }: FallbackHostOptions): CaptureHost {
  let host = preferred;
  let hasWorked = false;
  let failedStarts = 0;
  const failed = (): void => {
    if (hasWorked) return;
    failedStarts += 1;
    if (failedStarts !== FAILED_STARTS) return;
    host = instead;
    onGivenUp();
  };
  return {
    get kind() {
      return host.kind;
    },
    start(events) {
      if (host === instead || hasWorked) return host.start(events);
      let isReady = false;
      return host.start({
        onMessage(message) {
          if (message.type === 'ready') isReady = hasWorked = true;
          events.onMessage(message);
        },
        onExit(exit) {
          if (!isReady) failed();
          events.onExit(exit);
        },
      });
    },
  };
}
