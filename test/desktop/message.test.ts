import { beforeEach, expect, it, vi } from 'vitest';
import { showMessage } from '../../main/desktop/electron-message.ts';

const electron = await vi.hoisted(async () => await import('../support/electron-double.ts'));
vi.mock('electron', () => electron);
const { double } = electron;

beforeEach(() => double.reset());

const OPTIONS = { title: 'Title', message: 'Go on?', buttons: ['Yes', 'No'], cancelId: 1 };

it.each([
  ['darwin', 1],
  ['win32', 0],
  ['linux', 1],
] as const)('on %s a message has %i windows of its own as long as it is open', async (platform, windows) => {
  const answer = showMessage(OPTIONS, platform);
  const shown = double.dialog(/Go on/)!;
  expect(double.baseWindows.filter(({ isGone }) => !isGone)).toHaveLength(windows);
  expect(shown.parent).toBe(windows === 0 ? null : double.baseWindows[0]);
  shown.answer('Yes');
  expect(await answer).toBe(0);
  expect(double.baseWindows.filter(({ isGone }) => !isGone)).toEqual([]);
});

it('can be taken away, which counts as cancelled', async () => {
  const closing = new AbortController();
  const answer = showMessage({ ...OPTIONS, signal: closing.signal }, 'darwin');
  closing.abort();
  expect(await answer).toBe(1);
  expect(double.baseWindows.every(({ isGone }) => isGone)).toBe(true);
});
