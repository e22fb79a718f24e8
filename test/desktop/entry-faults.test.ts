import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { Appliance } from '../../main/appliance.ts';
import { createDesktopRig, type DesktopRig } from '../support/desktop-rig.ts';
import { NOWHERE } from '../support/quiet-box.ts';

// What a real box does only when its machine is broken, played by a stand-in for the box.

const electron = await vi.hoisted(async () => await import('../support/electron-double.ts'));
vi.mock('electron', () => electron);
const startAppliance = vi.hoisted(() => vi.fn<() => Promise<Appliance>>());
vi.mock('../../main/appliance.ts', () => ({ startAppliance }));
const { double, app } = electron;

let rig: DesktopRig;

beforeEach(async () => {
  rig = await createDesktopRig(electron);
});

afterEach(async () => {
  vi.restoreAllMocks();
  vi.useRealTimers();
  app.exit(0);
  await rig.close();
});

function box(stop: () => Promise<void>): void {
  startAppliance.mockReset().mockResolvedValue({ url: NOWHERE, stop });
}

it('the disk is full: says so once, in words, and starts by itself when there is room', async () => {
  box(async () => {});
  startAppliance.mockRejectedValueOnce(Object.assign(new Error('no space'), { code: 'ENOSPC' }));
  const starting = rig.start([], { locale: 'zh-CN' });
  const shown = await rig.dialog(/磁盘问题使本机无法启动/);
  expect([double.trays.length, shown.isOpen]).toEqual([0, true]);
  await starting;
  expect([startAppliance.mock.calls.length, shown.isOpen, double.trays.length]).toEqual([2, false, 1]);
});

it('something unknown: the message with the folder of the logs, and the end when the person gives up', async () => {
  startAppliance.mockReset().mockRejectedValue(new Error('what nobody thought of'));
  const starting = rig.start([]);
  const shown = await rig.dialog(/could not start/);
  expect(shown.options.detail).toContain('what nobody thought of');
  shown.answer('Show the folder');
  await vi.waitFor(() => expect(double.opened).toEqual([expect.stringMatching(/box[/\\]logs$/)]));
  (await rig.dialog(/could not start/)).answer('Quit');
  await starting;
  expect([double.exitCode, double.trays.length, startAppliance.mock.calls.length]).toEqual([0, 0, 1]);
});

it('stopping fails: the app leaves with 1', async () => {
  box(() => Promise.reject(new Error('cannot stop')));
  await rig.start([]);
  app.quit();
  expect(await rig.exitCode()).toBe(1);
});

it('stopping takes too long: shows what is going on, can be left on demand, and leaves by itself after three minutes', async () => {
  box(() => new Promise(() => {}));
  await rig.start([]);
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  app.quit();
  await vi.waitFor(() => expect(rig.window().progress).toBe(2));
  expect(double.dialogs).toEqual([]);
  await vi.advanceTimersByTimeAsync(1000);
  double.dialog(/being finished/)!.answer('Quit now');
  await vi.advanceTimersByTimeAsync(0);
  double.dialog(/still finishing/)!.answer('Wait');
  await vi.advanceTimersByTimeAsync(178_000);
  expect(double.exitCode).toBeNull();
  await vi.advanceTimersByTimeAsync(1500);
  expect(double.exitCode).toBe(1);
});

it('an unexpected error ends the app, which comes back unless it had only just started', async () => {
  for (const [uptimeSeconds, comesBack] of [
    [59, false],
    [61, true],
  ] as const) {
    box(async () => {});
    await rig.start([]);
    vi.spyOn(process, 'uptime').mockReturnValue(uptimeSeconds);
    process.listeners('uncaughtException').at(-1)?.(new Error('unexpected'), 'uncaughtException');
    expect(await rig.exitCode()).toBe(1);
    expect(double.calls.some(([name]) => name === 'relaunch')).toBe(comesBack);
  }
  expect(await rig.filesWith('unexpected error; the box stops')).toHaveLength(1);
});
