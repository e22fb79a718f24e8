import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Appliance } from '../../main/appliance.ts';
import { SETTINGS_FILE } from '../../main/settings/settings.ts';
import { createDesktopRig, type DesktopRig } from '../support/desktop-rig.ts';
import { NOWHERE } from '../support/quiet-box.ts';

// What a real box does only when its machine is broken, played by a stand-in for the box.

const electron = await vi.hoisted(async () => await import('../support/electron-double.ts'));
vi.mock('electron', () => electron);
const startAppliance = vi.hoisted(() => vi.fn<() => Promise<Appliance>>());
vi.mock('../../main/appliance.ts', () => ({ startAppliance }));
const { double, app } = electron;

/** A state is waited for as long as a busy machine needs. */
const WAIT = { timeout: 45_000, interval: 20 };
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
  const noSpace = Object.assign(new Error('no space'), { code: 'ENOSPC' });
  startAppliance.mockRejectedValueOnce(noSpace);
  // The folders of the app itself are no reason to end before anybody was told.
  vi.spyOn(app, 'setPath').mockImplementation(() => {
    throw noSpace;
  });
  const starting = rig.start([], { locale: 'zh-CN' });
  const shown = await rig.dialog(/磁盘问题使本机无法启动/);
  expect([double.trays.length, shown.isOpen]).toEqual([0, true]);
  await starting;
  expect([startAppliance.mock.calls.length, shown.isOpen, double.trays.length]).toEqual([2, false, 1]);
});

it('settings that somebody corrects in their file from elsewhere let the box start, and the question goes away', async () => {
  box(async () => {});
  const file = path.join(rig.dataDirectory, SETTINGS_FILE);
  const right = await readFile(file, 'utf8');
  await writeFile(file, '{"http": {"port": -1}}');
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const starting = rig.start([]);
  const shown = await rig.dialog(/settings of the box cannot be used/);
  await vi.advanceTimersByTimeAsync(20_000);
  expect([shown.isOpen, startAppliance.mock.calls.length]).toEqual([true, 0]);
  await writeFile(file, right);
  await vi.advanceTimersByTimeAsync(10_000);
  await starting;
  expect([shown.isOpen, double.dialogs.length, double.trays.length]).toEqual([false, 1, 1]);
});

describe('what nobody foresaw', () => {
  beforeEach(() => {
    vi.spyOn(electron.crashReporter, 'start').mockImplementation(() => {
      throw new Error('no such luck');
    });
  });

  it('is shown, and the app ends', async () => {
    await rig.start([]);
    expect(double.errorBoxes).toEqual([{ title: 'TRTC Recorder', content: 'no such luck' }]);
    expect(await rig.exitCode()).toBe(1);
  });

  it('at a login holds nothing up: the app ends, so that whoever started it can start it again', async () => {
    await rig.start(['--hidden']);
    expect(double.errorBoxes).toEqual([]);
    expect(await rig.exitCode()).toBe(1);
  });
});

describe('at a login', () => {
  let error: Promise<Error> | null = null;
  const locked = async (): Promise<never> => {
    // As the modules of this start know it. Loaded by the first try alone: timers that are moved on wait for no module.
    error ??= import('../../main/settings/secrets.ts').then(
      ({ SecretError }) => new SecretError('SECRET_KEY_LOCKED', 'the keychain does not open the key'),
    );
    throw await error;
  };
  const tries = () => startAppliance.mock.calls.length;
  /** Waits until the first try has failed, and the next one is planned. */
  const hasFailedOnce = async (): Promise<void> => {
    await vi.waitFor(() => expect(startAppliance.mock.settledResults[0]?.type).toBe('rejected'), WAIT);
    await new Promise(setImmediate);
  };

  beforeEach(() => {
    error = null;
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  });

  it('a keychain that is still locked is tried again without a word, and the box goes on when it opens', async () => {
    box(async () => {});
    for (let count = 0; count < 3; count += 1) startAppliance.mockImplementationOnce(locked);
    const starting = rig.start(['--hidden']);
    await hasFailedOnce();
    await vi.advanceTimersByTimeAsync(30_000);
    await starting;
    expect([tries(), double.dialogs, double.trays.length, double.exitCode]).toEqual([4, [], 1, null]);
  });

  it('after three minutes it asks, goes on trying, and takes the question away when the box runs', async () => {
    box(async () => {});
    startAppliance.mockImplementation(locked);
    const beganAtMs = performance.now();
    const starting = rig.start(['--hidden']);
    await hasFailedOnce();
    // Waiting moves the timers on as well.
    await vi.advanceTimersByTimeAsync(beganAtMs + 170_000 - performance.now());
    expect(double.dialogs).toEqual([]);
    await vi.advanceTimersByTimeAsync(20_000);
    const shown = await rig.dialog(/keychain of this computer/);
    const before = tries();
    await vi.advanceTimersByTimeAsync(60_000);
    expect([tries() >= before + 5, double.dialogs.length, shown.isOpen]).toEqual([true, 1, true]);
    startAppliance.mockResolvedValue({ url: NOWHERE, stop: async () => {} });
    await vi.advanceTimersByTimeAsync(10_000);
    await starting;
    expect([shown.isOpen, double.trays.length, double.exitCode]).toEqual([false, 1, null]);
  });

  it('somebody who starts the app meanwhile is told at the next try', async () => {
    box(async () => {});
    startAppliance.mockRejectedValue(Object.assign(new Error('in use'), { code: 'EADDRINUSE' }));
    const starting = rig.start(['--hidden']);
    await hasFailedOnce();
    app.emit('second-instance', {}, ['electron']);
    await vi.advanceTimersByTimeAsync(10_000);
    (await rig.dialog(/is used by another program/)).answer('Quit');
    await starting;
    expect([double.exitCode, double.trays.length]).toEqual([0, 0]);
  });
});

it('whoever quits while the box tries again is obeyed, even when that try works', async () => {
  const stop = vi.fn(async () => {});
  const { promise: second, resolve } = Promise.withResolvers<Appliance>();
  startAppliance.mockReset().mockRejectedValueOnce(Object.assign(new Error('in use'), { code: 'EADDRINUSE' }));
  startAppliance.mockReturnValueOnce(second);
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const starting = rig.start([]);
  const shown = await rig.dialog(/is used by another program/);
  await vi.advanceTimersByTimeAsync(10_000);
  await vi.waitFor(() => expect(startAppliance.mock.calls).toHaveLength(2), WAIT);
  shown.answer('Quit');
  resolve({ url: NOWHERE, stop });
  await starting;
  expect([stop.mock.calls.length, double.exitCode, double.trays.length]).toEqual([1, 0, 0]);
});

it('something unknown: the message with the folder of the logs, and the end when the person gives up', async () => {
  startAppliance.mockReset().mockRejectedValue(new Error('what nobody thought of'));
  const starting = rig.start([]);
  const shown = await rig.dialog(/could not start/);
  expect(shown.options.detail).toContain('what nobody thought of');
  shown.answer('Show the folder');
  await vi.waitFor(() => expect(double.opened).toEqual([expect.stringMatching(/box[/\\]logs$/)]), WAIT);
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
  await vi.waitFor(() => expect(rig.window().progress).toBe(2), WAIT);
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
