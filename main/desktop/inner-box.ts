import { startAppliance } from '../appliance.ts';
import type { CaptureHost } from '../capture/host.ts';
import type { Logger } from '../logging.ts';
import type { StartSelfTestBox } from '../selftest/self-test-box.ts';

export interface InnerBoxDeps {
  captureHost: CaptureHost;
  log: Logger;
}

/**
 * The second box of a self-test inside the process of the first: a packaged app cannot start its own program a second time, and only its
 * main process may host captures. It has a data directory of its own, and nothing of the first box's keys and folders.
 */
export function createInnerBox({ captureHost, log }: InnerBoxDeps): StartSelfTestBox {
  return async ({ dataDirectory, scenario, cos, ffmpegPath, signal }) => {
    signal.throwIfAborted();
    const { url, stop } = await startAppliance({
      ...{ dataDirectory, host: '127.0.0.1', port: 0, captureHost, log },
      rooms: { kind: 'simulated', scenarioPath: scenario },
      environment: {
        ...{ recordingsDirectory: null, callbackKey: null, ffmpegPath, cosEndpoint: cos.url },
        cosCredentials: { secretId: cos.secretId, secretKey: cos.secretKey },
      },
    });
    return { url, stop };
  };
}
