import path from 'node:path';
import { type CaptureHost, createProcessHost } from '../capture/host.ts';
import type { Logger } from '../logging.ts';
import type { Settings } from '../settings/settings.ts';

export interface ProcessHostDeps {
  /** What the settings ask for. */
  wanted: Settings['capture']['host'];
  dataDirectory: string;
  log: Pick<Logger, 'debug' | 'warn'>;
}

/** Where captures run in a box without a desktop: it has no windows, and says so when the settings want them. */
export function openProcessHost({ wanted, dataDirectory, log }: ProcessHostDeps): CaptureHost {
  if (wanted === 'window') {
    log.warn({}, 'capture.host is "window", but there is no desktop: recordings run in processes. Set it to "auto".');
  }
  return createProcessHost({
    onStderr: (line) => log.debug({ line }, 'capture process wrote to stderr'),
    codeCacheDirectory: path.join(dataDirectory, 'cache'),
  });
}
