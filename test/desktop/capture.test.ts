import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { CaptureExit, CaptureProcess } from '../../main/capture/host.ts';
import type { FromCapture } from '../../main/capture/messages.ts';
import { createUtilityHost } from '../../main/desktop/electron-capture-host.ts';
import type { SelfTestView } from '../../main/http/self-test-api.ts';
import { createDesktopRig, type DesktopRig } from '../support/desktop-rig.ts';
import { DoubleUtilityProcess } from '../support/electron-double-utility.ts';

// Captures as the desktop app hosts them. The double's utility process is a real Node process, so the real capture code runs; that
// Electron's own would run it, too, is for `npm run smoke:electron`.

const electron = await vi.hoisted(async () => await import('../support/electron-double.ts'));
vi.mock('electron', () => electron);

const WAIT = { timeout: 30_000, interval: 50 };
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
    await capture.destroy(10_000);
    await capture.destroy(10_000);
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
    await rig?.close();
    rig = null;
  });

  it('records in utility processes, and goes on in another when one dies', async () => {
    rig = await createDesktopRig(electron);
    await rig.start();
    const begun = DoubleUtilityProcess.all.length;
    const id = await rig.record();
    const [first] = DoubleUtilityProcess.all.slice(begun);
    expect(first?.serviceName).toBe('recorder capture');
    process.kill(first!.pid!, 'SIGKILL');
    await vi.waitFor(async () => {
      const { gaps } = await rig!.recording(id);
      expect(gaps.map(({ reason }) => reason)).toContain('captureDied');
    }, WAIT);
    expect(DoubleUtilityProcess.all.length).toBeGreaterThan(begun + 1);
    await rig.fetch(`/api/recordings/${id}/stop`, { method: 'POST' });
    await vi.waitFor(async () => {
      const { state, files } = await rig!.recording(id);
      // COS is nowhere: the file waits here.
      expect([state, files.map(({ localPath }) => localPath !== null)]).toEqual(['uploading', [true]]);
    }, WAIT);
  }, 90_000);

  it('passes its self-test without a second program', async () => {
    rig = await createDesktopRig(electron);
    await rig.start();
    const begun = DoubleUtilityProcess.all.length;
    await rig.fetch('/api/self-test', { method: 'POST' });
    const view = await vi.waitFor(
      async () => {
        const now = (await (await rig!.fetch('/api/self-test')).json()) as SelfTestView;
        if (now.endedAt === null) throw new Error('it still runs');
        return now;
      },
      { timeout: 100_000, interval: 200 },
    );
    expect(view.steps.filter(({ state }) => state !== 'passed')).toEqual([]);
    expect(view.state).toBe('passed');
    expect(DoubleUtilityProcess.all.slice(begun).map(({ serviceName }) => serviceName)).toEqual(['recorder capture']);
  }, 120_000);
});
