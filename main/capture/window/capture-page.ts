import { type CaptureBridge, createWindowLine } from './window-line.ts';

/** The page of a capture window: brings the bridge of the preload script and the capture together, and hears of errors. */

const { captureBridge: bridge } = globalThis as { captureBridge?: CaptureBridge };
// Without one the preload script failed, which the host hears from Electron.
if (bridge) run(bridge);

function run(found: CaptureBridge): void {
  const line = createWindowLine(found);
  const fail = (thrown: unknown): void => line.fail(thrown instanceof Error ? thrown : new Error(String(thrown)));
  addEventListener('error', ({ error, message }) => fail(error ?? message));
  addEventListener('unhandledrejection', ({ reason }) => fail(reason));
  try {
    found.start(line);
  } catch (error) {
    fail(error);
  }
}
