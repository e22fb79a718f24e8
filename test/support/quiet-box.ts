import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { type Appliance, startAppliance } from '../../main/appliance.ts';
import { type Logger, silentLogger } from '../../main/logging.ts';
import { type PartialSettings, SETTINGS_FILE } from '../../main/settings/settings.ts';
import { makeDirectory, removeDirectory } from './box.ts';
import { createQuietHost } from './quiet-host.ts';

/** Nobody listens there. */
export const NOWHERE = 'http://127.0.0.1:9';
export const QUIET_KEYS = { secretId: 'AKIDquietbox00000001', secretKey: 'key-of-the-quiet-box' };

/** A whole box in this process, with its real store and HTTP face; only rooms, COS and receivers are missing. */
export interface QuietBox extends Appliance {
  port: number;
  directory: string;
  close(): Promise<void>;
}

export async function startQuietBox(options: { settings?: PartialSettings; log?: Logger } = {}): Promise<QuietBox> {
  const directory = await makeDirectory('quiet');
  const scenarioPath = path.join(directory, 'scenario.json');
  await writeFile(scenarioPath, '{"rooms":{}}');
  const dataDirectory = path.join(directory, 'box');
  await mkdir(dataDirectory);
  // In its file and not given at start: so they can be changed by the API, as a customer's.
  const settings: PartialSettings = {
    ...options.settings,
    disk: { reserveBytes: 0, dataReserveBytes: 0, ...options.settings?.disk },
    limits: { maxRecordings: 64, ...options.settings?.limits },
  };
  await writeFile(path.join(dataDirectory, SETTINGS_FILE), JSON.stringify(settings));
  const appliance = await startAppliance({
    dataDirectory,
    port: 0,
    rooms: { kind: 'simulated', scenarioPath },
    environment: {
      ...{ recordingsDirectory: null, cosEndpoint: NOWHERE, cosCredentials: QUIET_KEYS },
      ...{ callbackKey: null, ffmpegPath: null },
    },
    log: options.log ?? silentLogger(),
    captureHost: createQuietHost(),
  });
  return {
    ...appliance,
    port: Number(new URL(appliance.url).port),
    directory,
    async close() {
      await appliance.stop();
      await removeDirectory(directory);
    },
  };
}
