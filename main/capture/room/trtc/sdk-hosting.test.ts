import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { disposeRooms, openTrtcRoom } from '../../../../test/support/trtc-room-rig.ts';
import { NativeCloud } from '../simulated/native-cloud.ts';

// What the SDK finds where it is hosted. This file loads it as in a page: what stands for the document must stay what it is.

const listeners = { addEventListener: vi.fn(), removeEventListener: vi.fn() };
const page = {
  document: { hidden: false, createElement: vi.fn(() => ({ getContext: () => null })), ...listeners },
  window: { devicePixelRatio: 2, matchMedia: () => listeners, navigator: { userAgent: 'Chromium' } },
};

beforeEach(() => {
  for (const [name, value] of Object.entries(page)) vi.stubGlobal(name, value);
});
afterEach(() => {
  disposeRooms();
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

it('in a page it uses the document that is there, and is kept from slowing pictures down', async () => {
  const setVideoRenderFPS = vi.spyOn(NativeCloud.prototype, 'setVideoRenderFPS');
  await openTrtcRoom({});
  expect([globalThis.document, globalThis.window]).toEqual([page.document, page.window]);
  expect(globalThis.document).toBe(page.document);
  expect(page.document.createElement).toHaveBeenCalledWith('canvas');
  // The SDK's own JavaScript takes the call, stops measuring how often the page is drawn, and lifts the limit.
  expect(setVideoRenderFPS.mock.calls.at(-1)).toEqual([60]);
  expect(listeners.addEventListener.mock.calls.map(([name]) => name)).toContain('visibilitychange');
});

it('a page that is hidden afterwards slows nothing down', async () => {
  const setVideoRenderFPS = vi.spyOn(NativeCloud.prototype, 'setVideoRenderFPS');
  await openTrtcRoom({});
  setVideoRenderFPS.mockClear();
  page.document.hidden = true;
  for (const [name, listener] of listeners.addEventListener.mock.calls) if (name === 'visibilitychange') listener();
  expect(setVideoRenderFPS.mock.calls.filter(([fps]) => fps < 60)).toEqual([]);
});
