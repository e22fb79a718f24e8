import { ipcRenderer } from 'electron';
import { runCapture } from '../capture-core.ts';
import { SECRET_VARIABLES } from '../host.ts';
import { CAPTURE_CHANNEL, type CaptureBridge, type ToCaptureWindow } from './window-line.ts';

/**
 * Runs before the page of a capture window and shares its globals with it, as the SDK's scripts expect. An ES module by its ending: the
 * capture code is imported by Node's loader, not by Chromium's.
 */

// A window gets the environment of the whole app; the box's own secrets are of no use here, nor to the encoder.
for (const name of SECRET_VARIABLES) delete process.env[name];

const captureBridge: CaptureBridge = {
  send: (message) => ipcRenderer.send(CAPTURE_CHANNEL, message),
  onMessage(listener) {
    ipcRenderer.on(CAPTURE_CHANNEL, (_event, message: ToCaptureWindow) => listener(message));
  },
  start(line) {
    // What fails in a callback of Node may not reach the page.
    process.on('uncaughtException', (error) => line.fail(error));
    runCapture(line);
  },
};
Object.assign(globalThis, { captureBridge });
