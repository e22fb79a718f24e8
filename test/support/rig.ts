import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { findFfmpeg } from '../../main/capture/encode/ffmpeg.ts';
import {
  type CallbackReceiver,
  type CallbackReceiverOptions,
  startCallbackReceiver,
} from '../../main/selftest/callback-receiver.ts';
import { type CosServer, startCosServer } from '../../main/selftest/cos-server/index.ts';
import { type PartialSettings, SETTINGS_FILE } from '../../main/settings/settings.ts';
import { makeDirectory, removeDirectory, startBox, type TestBox, writeScenario } from './box.ts';
import { freePort } from './free-port.ts';

export const SECRET_ID = 'AKIDsystemtest';
export const SECRET_KEY = 'secret-key-of-the-system-test';

/** A whole installation for one test: box, COS stand-in and callback receiver, in a directory of its own. */
export interface Rig {
  directory: string;
  box: TestBox;
  cos: CosServer;
  receiver: CallbackReceiver;
  ffmpegPath: string;
  /** Starts the box again on the same data, with further arguments; the one before must have ended. */
  restartBox(args?: readonly string[]): Promise<TestBox>;
  /** Ends everything and removes the directory, unless somebody still has to look into it. */
  close(options?: { keepDirectory: boolean }): Promise<void>;
}

/** The ffmpeg that the product itself would use. */
export async function productFfmpeg(): Promise<string> {
  const found = await findFfmpeg();
  if (found.kind === 'missing') throw new Error(found.remedy);
  return found.path;
}

export async function startRig(options: {
  name: string;
  /** Rooms of the scenario, as in the scenario file; called with the directory that its media may be put into. */
  rooms: (directory: string, ffmpegPath: string) => Promise<Record<string, unknown>>;
  respond?: CallbackReceiverOptions['respond'];
  /** What the box's settings file says; the defaults otherwise. */
  settings?: PartialSettings;
  /** Further variables of the box's environment. */
  environment?: Record<string, string>;
  /** Further arguments of the box. */
  args?: readonly string[];
}): Promise<Rig> {
  const directory = await makeDirectory(options.name);
  const ffmpegPath = await productFfmpeg();
  const scenario = await writeScenario(directory, await options.rooms(directory, ffmpegPath));
  const dataDirectory = path.join(directory, 'box');
  if (options.settings) {
    await mkdir(dataDirectory);
    await writeFile(path.join(dataDirectory, SETTINGS_FILE), JSON.stringify(options.settings));
  }
  const cos = await startCosServer({
    directory: path.join(directory, 'cos'),
    port: await freePort(),
    credentials: [{ secretId: SECRET_ID, secretKey: SECRET_KEY }],
  });
  const receiver = await startCallbackReceiver(options.respond ? { port: 0, respond: options.respond } : { port: 0 });
  const start = (args: readonly string[] = []) =>
    startBox({
      dataDirectory,
      args: ['--rooms', 'simulated', '--scenario', scenario, ...(options.args ?? []), ...args],
      environment: {
        RECORDER_COS_ENDPOINT: cos.url,
        RECORDER_COS_SECRET_ID: SECRET_ID,
        RECORDER_COS_SECRET_KEY: SECRET_KEY,
        ...options.environment,
      },
    });
  const rig: Rig = {
    directory,
    box: await start(),
    cos,
    receiver,
    ffmpegPath,
    async restartBox(args) {
      rig.box = await start(args);
      return rig.box;
    },
    async close({ keepDirectory } = { keepDirectory: false }) {
      await rig.box.stop();
      await Promise.all([cos.close(), receiver.close()]);
      if (!keepDirectory) await removeDirectory(directory);
    },
  };
  return rig;
}
