import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createDesktopRig, type DesktopRig } from '../support/desktop-rig.ts';

// How the app ends, with a real box that records simulated rooms. Which events a real system sends, and when, is not proven here.

const electron = await vi.hoisted(async () => await import('../support/electron-double.ts'));
vi.mock('electron', () => electron);
const { double, app, powerMonitor } = electron;

const STOP = 'Stop recordings and quit';
const WAIT = { timeout: 45_000, interval: 50 } as const;

let rig: DesktopRig;

beforeEach(async () => {
  rig = await createDesktopRig(electron);
});

afterEach(async () => {
  await rig.close();
});

/**
 * Resolves in the breath in which the app begins to finish its recordings, with the exit code there is then. Whoever looks now and then
 * may find that all of it is over.
 */
function drainBegins(): Promise<number | null> {
  const window = rig.window();
  const { setProgressBar } = window;
  return new Promise((resolve) => {
    window.setProgressBar = (progress) => {
      setProgressBar(progress);
      if (progress === 2) resolve(double.exitCode);
    };
  });
}

/** What became of a recording: the app is started once more and asked. */
async function afterwards(id: string) {
  await rig.start();
  return await rig.recording(id);
}

it('nothing runs: quits without a question', async () => {
  await rig.start();
  app.quit();
  expect(await rig.exitCode()).toBe(0);
  expect([double.dialogs.length, double.windows.length, double.trays[0]?.isDestroyed()]).toEqual([0, 0, true]);
});

it('a recording runs: the machine stays awake; cancel and keep leave it alone, stop finishes it before the app is gone', async () => {
  await rig.start();
  const id = await rig.record();
  await vi.waitFor(() => expect([...double.powerBlockers.values()]).toEqual(['prevent-app-suspension']), WAIT);
  const window = rig.window();

  app.quit();
  const first = await rig.dialog(/One recording is running/);
  app.quit();
  expect(double.dialogs).toHaveLength(1);
  first.answer('Cancel');
  await expect.poll(() => double.exitCode).toBeNull();
  expect([window.isDestroyed(), window.isVisible()]).toEqual([false, true]);

  double.trays[0]!.menu!.find(/^Quit/).click();
  (await rig.dialog(/One recording is running/)).answer('Keep recording in the background');
  await vi.waitFor(() => expect(window.isVisible()).toBe(false), WAIT);
  expect([double.exitCode, window.isDestroyed(), (await rig.recording(id)).state]).toEqual([null, false, 'recording']);

  const begun = drainBegins();
  app.quit();
  (await rig.dialog(/One recording is running/)).answer(STOP);
  expect(await begun).toBeNull();
  expect(await rig.exitCode()).toBe(0);
  expect([double.powerBlockers.size, double.windows.length]).toEqual([0, 0]);
  expect(double.dialogs.filter(({ isOpen }) => isOpen)).toEqual([]);

  const { state, endReason, files } = await afterwards(id);
  expect([state, endReason]).toEqual(['uploading', 'shutdown']);
  expect(files.map(({ bytes }) => bytes > 1000)).toEqual([true]);
});

it('quitting again while recordings are finished: waits when told to, leaves with 1 when forced, and loses nothing', async () => {
  await rig.start();
  const id = await rig.record();
  const begun = drainBegins();
  app.quit();
  (await rig.dialog(/One recording is running/)).answer(STOP);
  expect(await begun).toBeNull();
  // In one breath: the drain is soon over.
  app.quit();
  double.dialog(/still finishing/)!.answer('Wait');
  await new Promise(setImmediate);
  expect([double.exitCode, double.dialog(/still finishing/)]).toEqual([null, undefined]);
  app.quit();
  double.dialog(/still finishing/)!.answer('Quit now');
  expect(await rig.exitCode()).toBe(1);
  expect(double.windows).toHaveLength(0);
  await rig.settled();
  expect((await afterwards(id)).endReason).toBe('shutdown');
});

it('the system shuts down: it is asked for time and nobody for anything, an open question goes away', async () => {
  await rig.start();
  const id = await rig.record();
  app.quit();
  const question = await rig.dialog(/One recording is running/);
  const preventDefault = vi.fn<() => void>();
  powerMonitor.emit('shutdown', { preventDefault });
  expect([preventDefault.mock.calls.length, question.isOpen]).toEqual([1, false]);
  // macOS asks the app to quit as well.
  app.quit();
  expect(await rig.exitCode()).toBe(0);
  expect(double.dialogs).toHaveLength(1);
  expect(await afterwards(id)).toMatchObject({ state: 'uploading', endReason: 'shutdown' });
});

it('Windows ends the session: the app objects only while it records, also without a window to be seen', async () => {
  await rig.start(['--port', '0', '--hidden'], { platform: 'win32' });
  expect([double.windows.length, double.baseWindows.map(({ options }) => options.show)]).toEqual([0, [false]]);
  const preventDefault = vi.fn<() => void>();
  const tell = (name: string, reason: string) =>
    double.baseWindows[0]!.emit(name, { preventDefault, reasons: [reason] });
  tell('query-session-end', 'shutdown');
  expect([preventDefault.mock.calls.length, double.exitCode]).toEqual([0, null]);
  tell('session-end', 'shutdown');
  expect(await rig.exitCode()).toBe(0);

  await rig.start(['--port', '0'], { platform: 'win32' });
  await rig.record();
  await vi.waitFor(() => expect(double.powerBlockers.size).toBe(1), WAIT);
  tell('query-session-end', 'logoff');
  expect(preventDefault).toHaveBeenCalledTimes(1);
  tell('session-end', 'logoff');
  expect(await rig.exitCode()).toBe(0);
  expect(double.dialogs).toEqual([]);
});

it('a signal ends the app in order, and no other system hears of sessions by windows', async () => {
  await rig.start(['--port', '0'], { platform: 'linux' });
  expect(double.baseWindows).toHaveLength(0);
  process.listeners('SIGTERM').at(-1)?.('SIGTERM');
  expect(await rig.exitCode()).toBe(0);
  expect(double.dialogs).toEqual([]);
});
