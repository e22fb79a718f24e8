import type { CaptureHost } from '../../main/capture/host.ts';
import { statsAt } from './fake-host.ts';

/** Less than the silence after which a capture counts as hanging. */
const BEAT_MS = 2_000;

/**
 * Captures that enter their room at once, receive nothing and end when they are told to: whole boxes whose recordings cost nothing.
 */
export function createQuietHost(): CaptureHost {
  let pid = 1_000_000;
  return {
    kind: 'process',
    start(events) {
      pid += 1;
      const own = pid;
      let timer: NodeJS.Timeout | undefined;
      let timelineMs = 0;
      let isGone = false;
      const exit = (code: number | null, signal: NodeJS.Signals | null) => {
        if (isGone) return;
        isGone = true;
        clearInterval(timer);
        events.onExit({ code, signal });
      };
      const begin = () => {
        if (isGone) return;
        events.onMessage({
          ...{ type: 'entered', t0EpochMs: Date.now(), tookMs: 1, simulated: true },
          ...{ sdkVersion: '13.3.801', resumed: null },
        });
        timer = setInterval(() => {
          timelineMs += BEAT_MS;
          events.onMessage({ type: 'stats', stats: statsAt(timelineMs) });
        }, BEAT_MS).unref();
      };
      setImmediate(() => isGone || events.onMessage({ type: 'ready', pid: own }));
      return {
        pid: own,
        send(message) {
          setImmediate(() => {
            if (message.type === 'start') return begin();
            if (isGone || message.type !== 'stop') return;
            events.onMessage({ type: 'ended', reason: message.reason, code: null, message: null, timelineMs });
            exit(0, null);
          });
        },
        async destroy() {
          exit(null, 'SIGKILL');
        },
      };
    },
  };
}
