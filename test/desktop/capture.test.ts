import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { CaptureExit, CaptureProcess } from '../../main/capture/host.ts';
import type { FromCapture } from '../../main/capture/messages.ts';
import { createUtilityHost } from '../../main/desktop/electron-capture-host.ts';
import type { SelfTestView } from '../../main/http/self-test-api.ts';
import { createDesktopRig, type DesktopRig } from '../support/desktop-rig.ts';
import { DoubleUtilityProcess } from '../support/electron-double-utility.ts';
import { descendants, isEncoder, isRunning, type ProcessEntry } from '../support/processes.ts';

// Captures as the desktop app hosts them. The double's windows and utility processes are real Node processes, so the real capture code
// runs; that Electron's own would run it, too, is for `npm run smoke:electron`.

const electron = await vi.hoisted(async () => await import('../support/electron-double.ts'));
vi.mock('electron', () => electron);
const { double } = electron;

const WAIT = { timeout: 60_000, interval: 50 };
const SECRET = 'secret-key-of-the-box';

describe('a capture in a utility process', () => {
  const hosted: CaptureProcess[] = [];

  function start(): { capture: CaptureProcess; messages: FromCapture[]; exits: CaptureExit[] } {
    const messages: FromCapture[] = [];
    const exits: CaptureExit[] = [];
    const capture = createUtilityHost({ onStderr: () => {} }).start({
      onMessage: (message) => messages.push(message),
      onExit: (exit) => exits.push(exit),
    });
    hosted.push(capture);
    return { capture, messages, exits };
  }

  const ready = async (messages: readonly FromCapture[]): Promise<void> =>
    void (await vi.waitFor(() => expect(messages.map(({ type }) => type)).toContain('ready'), WAIT));

  afterEach(async () => {
    delete process.env.RECORDER_COS_SECRET_KEY;
    for (const capture of hosted.splice(0)) await capture.destroy(0);
  });

  it('says that it is ready, knows no secret of the box, and ends when asked to, once', async () => {
    process.env.RECORDER_COS_SECRET_KEY = SECRET;
    const { capture, messages, exits } = start();
    await ready(messages);
    expect(messages).toEqual([{ type: 'ready', pid: capture.pid }]);
    if (process.platform === 'linux') {
      expect(readFileSync(`/proc/${capture.pid}/environ`, 'utf8')).not.toContain(SECRET);
    }
    capture.send({ type: 'stop', reason: 'stopped' });
    await capture.destroy(45_000);
    await capture.destroy(45_000);
    capture.send({ type: 'stop', reason: 'stopped' });
    expect(exits).toEqual([{ code: 0, signal: null }]);
  });

  it('that is killed is reported once', async () => {
    const { capture, messages, exits } = start();
    await ready(messages);
    process.kill(capture.pid!, 'SIGKILL');
    await vi.waitFor(() => expect(exits).toHaveLength(1), WAIT);
    expect(exits[0]?.code).not.toBe(0);
  });

  it.skipIf(process.platform === 'win32')(
    'that does not react is killed after the grace (stopped by a signal, so not on Windows)',
    async () => {
      const { capture, messages, exits } = start();
      await ready(messages);
      process.kill(capture.pid!, 'SIGSTOP');
      await capture.destroy(200);
      expect(exits).toHaveLength(1);
      expect(exits[0]?.code).not.toBe(0);
    },
  );
});

describe('the desktop app', () => {
  let rig: DesktopRig | null = null;
  afterEach(async () => {
    electron.BrowserWindow.onLoad = null;
    await rig?.close();
    rig = null;
  });

  /** Waits until somebody else records after a death, stops the recording, and waits for its file. */
  const isWhole = async (id: string, recordedMs: number): Promise<void> => {
    await vi.waitFor(async () => {
      const { gaps } = await rig!.recording(id);
      expect(gaps.map(({ reason }) => reason)).toContain('captureDied');
    }, WAIT);
    await rig!.fetch(`/api/recordings/${id}/stop`, { method: 'POST' });
    await vi.waitFor(async () => {
      const { state, files } = await rig!.recording(id);
      // COS is nowhere: the file waits here.
      expect([state, files.map(({ localPath }) => localPath !== null)]).toEqual(['uploading', [true]]);
      expect(files[0]?.durationMs).toBeGreaterThan(recordedMs);
    }, WAIT);
  };

  it('records in hidden windows, goes on in another when one crashes, and leaves none behind', async () => {
    rig = await createDesktopRig(electron);
    await rig.start();
    const forked = DoubleUtilityProcess.all.length;
    const id = await rig.record();
    const [window, ...more] = rig.captureWindows();
    expect([more.length, window?.isVisible(), DoubleUtilityProcess.all.length]).toEqual([0, false, forked]);
    const recordedMs = await hasMedia(rig, id);
    const pid = window!.webContents.getOSProcessId();
    const encoders = encodersOf(pid);
    window!.webContents.crash('crashed');
    await vi.waitFor(() => expect(rig!.captureWindows().filter((one) => one !== window)).toHaveLength(1), WAIT);
    expect([window!.isDestroyed(), rig.captureWindows().length]).toEqual([true, 1]);
    await areGone(encoders);
    await isWhole(id, recordedMs);
    await vi.waitFor(() => expect(rig!.captureWindows()).toEqual([]), WAIT);
    // They are not what a second start, a click in the dock or the end of all windows is about.
    electron.app.emit('window-all-closed');
    electron.app.emit('activate');
    electron.app.emit('second-instance', {}, ['electron', 'main/electron.ts']);
    expect([double.exitCode, double.windows.length, rig.window().isVisible()]).toEqual([null, 1, true]);
  }, 240_000);

  it('records in utility processes where the settings say so, and goes on in another when one dies', async () => {
    rig = await createDesktopRig(electron, { capture: { host: 'process' } });
    await rig.start();
    const begun = DoubleUtilityProcess.all.length;
    const id = await rig.record();
    const [first] = DoubleUtilityProcess.all.slice(begun);
    expect([first?.serviceName, rig.captureWindows()]).toEqual(['recorder capture', []]);
    const recordedMs = await hasMedia(rig, id);
    const encoders = encodersOf(first!.pid!);
    process.kill(first!.pid!, 'SIGKILL');
    await vi.waitFor(() => expect(DoubleUtilityProcess.all.length).toBe(begun + 2), WAIT);
    await areGone(encoders);
    await isWhole(id, recordedMs);
  }, 240_000);

  it('records in utility processes where no window comes up', async () => {
    electron.BrowserWindow.onLoad = ({ webContents, options }) => {
      if (options.webPreferences?.nodeIntegration)
        webContents.emit('preload-error', {}, 'x', new Error('no such module'));
    };
    rig = await createDesktopRig(electron);
    await rig.start();
    const begun = DoubleUtilityProcess.all.length;
    const id = await rig.record();
    expect(DoubleUtilityProcess.all.length).toBe(begun + 1);
    expect(await hasMedia(rig, id)).toBeGreaterThan(0);
    expect(rig.captureWindows()).toEqual([]);
    await vi.waitFor(async () => {
      const files = await rig!.filesWith('no window for a recording comes up');
      expect(files).toEqual([expect.stringMatching(/box\.\d+\.log$/)]);
    }, WAIT);
  }, 240_000);

  it('passes its self-test in a window, without a second program', async () => {
    rig = await createDesktopRig(electron);
    await rig.start();
    const forked = DoubleUtilityProcess.all.length;
    await rig.fetch('/api/self-test', { method: 'POST' });
    await vi.waitFor(() => expect(rig!.captureWindows()).toHaveLength(1), WAIT);
    const view = await vi.waitFor(
      async () => {
        const now = (await (await rig!.fetch('/api/self-test')).json()) as SelfTestView;
        if (now.endedAt === null) throw new Error('it still runs');
        return now;
      },
      { timeout: 200_000, interval: 200 },
    );
    expect(view.steps.filter(({ state }) => state !== 'passed')).toEqual([]);
    expect([view.state, DoubleUtilityProcess.all.length]).toEqual(['passed', forked]);
    await vi.waitFor(() => expect(rig!.captureWindows()).toEqual([]), WAIT);
  }, 300_000);
});

/** Looks into /proc, so it finds nothing but on Linux. */
const encodersOf = (pid: number): ProcessEntry[] =>
  process.platform === 'linux' ? descendants(pid).filter(isEncoder) : [];

/** Waits until the encoder of a capture that died has found the end of its input and closed its file. */
async function areGone(encoders: readonly ProcessEntry[]): Promise<void> {
  if (process.platform === 'linux') expect(encoders).toHaveLength(1);
  await vi.waitFor(() => expect(encoders.filter(isRunning)).toEqual([]), WAIT);
}

/** Waits until media of the recording is on the disk. @returns its length in milliseconds */
async function hasMedia(rig: DesktopRig, id: string): Promise<number> {
  return await vi.waitFor(async () => {
    const { durationMs } = await rig.recording(id);
    expect(durationMs).toBeGreaterThan(2_000);
    return durationMs;
  }, WAIT);
}
