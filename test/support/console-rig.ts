import { execFile } from 'node:child_process';
import { mkdir, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { promisify } from 'node:util';
import type { AxeResults } from 'axe-core';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import type { PartialSettings } from '../../main/settings/settings.ts';
import { sampleRequest } from './box.ts';
import { launchChromium } from './chromium.ts';
import { COLOURS, makeClip, TONES_HZ } from './clips.ts';
import { freePort } from './free-port.ts';
import { type Rig, startRig } from './rig.ts';
import { ROOT } from './source-tree.ts';

/**
 * The console as a person sees it: a real box in a process of its own with simulated rooms, COS and callback receiver beside it, the
 * built console, and a real Chromium.
 *
 *     const rig = await startConsoleRig({ name: 'mine' });
 *     const id = await rig.record(1);                       // room 1 goes on, room 2 is dissolved after two seconds
 *     const shown = await rig.open({ language: 'zh-CN', appearance: 'dark', widthPx: 400 });
 *     await shown.visit('/recordings');                     // resolves when the page is calm
 *     await shown.page.getByRole('link', …).click();        // everything else by Playwright
 *     expect(await shown.axe()).toEqual([]);
 *     await shown.screenshot('recordings-zh-dark-400');     // test-output/screenshots/….png
 *     expect(shown.complaints()).toEqual([]);               // console errors, page errors, failed requests since the last call
 *     await shown.look({ widthPx: 1280 });                  // another look of the same page
 *     await rig.close();
 */
export interface ConsoleRig {
  /** Box, COS and receiver; `rig.box` is the box that runs now. */
  rig: Rig;
  browser: Browser;
  /** Has a room recorded, with a callback to the rig's receiver. @returns the recording's id */
  record(room: number, changes?: Record<string, unknown>): Promise<string>;
  /** A page in a context of its own, on the page Now unless told otherwise. */
  open(options?: OpenOptions): Promise<ConsolePage>;
  /** Stops the box and starts it on the same port and data. `whileAway` runs between. */
  restart(whileAway?: () => Promise<void>): Promise<void>;
  close(): Promise<void>;
}

export interface ConsoleLook {
  language: 'en' | 'zh-CN';
  appearance: 'light' | 'dark';
  /** Width of the window in CSS pixels. */
  widthPx: number;
}

export interface OpenOptions extends Partial<ConsoleLook> {
  /** Another box; the rig's by default. */
  url?: string;
  /** Where in the console, `/` by default; null: nowhere yet. */
  path?: string | null;
}

export interface ConsolePage {
  page: Page;
  context: BrowserContext;
  /** Loads the console anew at this place (`/`, `/recordings`, `/recordings/<id>`) and waits until it is calm. */
  visit(path: string): Promise<void>;
  /** Waits until the page shows its heading and nothing is loading. */
  calm(): Promise<void>;
  /** Language and appearance as if chosen by the person, and the width; loads the page anew only when a choice changed. */
  look(look: Partial<ConsoleLook>): Promise<void>;
  /** Keeps what is seen as `test-output/screenshots/<name>.png`, at its whole length unless told otherwise. @returns the file */
  screenshot(name: string, options?: { fullPage?: boolean }): Promise<string>;
  /** What breaks WCAG 2.2 AA (contrast included), each as `rule: where`. */
  axe(): Promise<string[]>;
  /** Errors of the browser's console, of scripts, and requests that failed or were refused, since the last call. */
  complaints(): string[];
  /** By how many pixels the page is wider than its window; 0 is right. */
  overflowPx(): Promise<number>;
  /** Sum of the layout shifts since the page was loaded, as the browser measures them. */
  layoutShift(): Promise<number>;
  close(): Promise<void>;
}

export interface ConsoleRigOptions {
  name: string;
  /** Rooms of the scenario; without it room 1 with two participants that goes on, and room 2 with one that ends after two seconds. */
  rooms?: Parameters<typeof startRig>[0]['rooms'];
  settings?: PartialSettings;
  respond?: Parameters<typeof startRig>[0]['respond'];
  environment?: Record<string, string>;
  args?: readonly string[];
}

const AXE_TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];
const CALM_TIMEOUT_MS = 45_000;
const HEIGHT_PX = 800;
const WIDE_PX = 1280;
const SCREENSHOTS = path.join(ROOT, 'test-output/screenshots');
const SMALL_VIDEO = { width: 320, height: 180, preset: 'ultrafast' } as const;

const COUNT_SHIFTS = `window.layoutShiftSum = 0;
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.layoutShiftSum += entry.value;
}).observe({ type: 'layout-shift', buffered: true });`;

/** In the browser: the page has its heading, and nothing says that it is still loading. */
function isCalm(): boolean {
  const isLoading = document.querySelector('main :is(.rt-Skeleton, [aria-busy="true"], [data-loading])') !== null;
  return !isLoading && document.querySelector('main :is(h1, h2)') !== null && document.fonts.status === 'loaded';
}

/** In the browser: pieces of fonts are asked for as texts are laid out, so a few pictures without news have to pass. */
async function haveAllFonts(): Promise<void> {
  for (let quiet = 0; quiet < 4; quiet++) {
    if (document.fonts.status === 'loading') quiet = 0;
    await document.fonts.ready;
    await new Promise((resolve) => requestAnimationFrame(resolve));
  }
}

const run = promisify(execFile);

async function twoRooms(directory: string, ffmpegPath: string): Promise<Record<string, unknown>> {
  const [a, b] = await Promise.all(
    [0, 1].map((user) =>
      makeClip(ffmpegPath, directory, `user_${user}`, {
        ...{ colour: COLOURS[user]!, toneHz: TONES_HZ[user]!, seconds: 3, size: '320x180' },
      }),
    ),
  );
  return {
    '1': {
      participants: [
        { userId: 'user_a', media: a },
        { userId: 'user_b', media: b },
      ],
    },
    '2': { participants: [{ userId: 'user_a', media: a }], events: [{ at: 2, type: 'dissolve' }] },
  };
}

/** Starts box and browser; the console is built first when its sources changed. */
export async function startConsoleRig(options: ConsoleRigOptions): Promise<ConsoleRig> {
  await run(process.execPath, [path.join(ROOT, 'main/dev/build-console.mjs'), '--if-needed']);
  const [rig, browser] = await Promise.all([
    startRig({
      ...{ rooms: twoRooms, settings: { video: SMALL_VIDEO, limits: { exitTimeoutMs: 1000 } } },
      ...options,
      // Its pages find it again after a restart.
      args: ['--port', `${await freePort()}`, ...(options.args ?? [])],
    }),
    launchChromium(),
  ]);
  return {
    rig,
    browser,
    record: async (room, changes = {}) =>
      await rig.box.record(
        sampleRequest({ RoomId: room, UserId: `rec_${room}`, Callback: `${rig.receiver.url}/${room}`, ...changes }),
      ),
    open: async (opening = {}) => await openPage(browser, { url: rig.box.url, ...opening }),
    async restart(whileAway) {
      const { port } = new URL(rig.box.url);
      await rig.box.stop();
      await whileAway?.();
      await rig.restartBox(['--port', port]);
    },
    async close() {
      await browser.close();
      await rig.close();
    },
  };
}

/** What goes wrong on a page, gathered as it happens. */
function gatherComplaints(page: Page): string[] {
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(`console: ${message.text()}`);
  });
  page.on('pageerror', (error) => complaints.push(`script: ${error.message}`));
  page.on('requestfailed', (request) => {
    const why = request.failure()?.errorText ?? '';
    // What a page still waits for when it is left is given up.
    if (why !== 'net::ERR_ABORTED') complaints.push(`request: ${request.url()} ${why}`);
  });
  page.on('response', (response) => {
    if (response.status() >= 400) complaints.push(`answer: ${response.status()} ${response.url()}`);
  });
  return complaints;
}

async function openPage(browser: Browser, options: OpenOptions & { url: string }): Promise<ConsolePage> {
  const now: ConsoleLook = {
    language: options.language ?? 'en',
    appearance: options.appearance ?? 'light',
    widthPx: options.widthPx ?? WIDE_PX,
  };
  const context = await browser.newContext({
    locale: now.language,
    colorScheme: now.appearance,
    viewport: { width: now.widthPx, height: HEIGHT_PX },
  });
  await context.addInitScript(COUNT_SHIFTS);
  const page = await context.newPage();
  page.setDefaultTimeout(CALM_TIMEOUT_MS);
  const complaints = gatherComplaints(page);
  const shown: ConsolePage = {
    page,
    context,
    async visit(place) {
      const target = `${options.url}/#${place}`;
      // Another place behind the hash alone does not load a page anew.
      if (page.url().startsWith(options.url)) {
        await page.evaluate((address) => history.replaceState(null, '', address), target);
        await page.reload({ waitUntil: 'load' });
      } else await page.goto(target, { waitUntil: 'load' });
      await shown.calm();
    },
    async calm() {
      await page.waitForFunction(isCalm, null, { timeout: CALM_TIMEOUT_MS, polling: 50 });
      await page.evaluate(haveAllFonts);
    },
    async look(look) {
      const { language, appearance, widthPx } = { ...now, ...look };
      if (widthPx !== now.widthPx) await page.setViewportSize({ width: widthPx, height: HEIGHT_PX });
      const isOther = language !== now.language || appearance !== now.appearance;
      Object.assign(now, { language, appearance, widthPx });
      if (!isOther) return;
      await page.evaluate(
        (choices) => {
          for (const [name, value] of Object.entries(choices)) localStorage.setItem(name, value);
        },
        { language, appearance },
      );
      await page.reload({ waitUntil: 'load' });
      await shown.calm();
    },
    async screenshot(name, { fullPage = true } = {}) {
      await mkdir(SCREENSHOTS, { recursive: true });
      const file = path.join(SCREENSHOTS, `${name}.png`);
      // A window as high as the page: bars that stick to its edges stand where they would.
      const lengthPx = fullPage ? await page.evaluate(() => document.documentElement.scrollHeight) : 0;
      const height = Math.max(HEIGHT_PX, lengthPx);
      if (height > HEIGHT_PX) await page.setViewportSize({ width: now.widthPx, height });
      await page.evaluate(haveAllFonts);
      await page.screenshot({ path: file, animations: 'disabled' });
      if (height > HEIGHT_PX) await page.setViewportSize({ width: now.widthPx, height: HEIGHT_PX });
      return file;
    },
    axe: async () => await violations(page),
    complaints: () => complaints.splice(0),
    overflowPx: async () =>
      await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth),
    layoutShift: async () => Number(await page.evaluate('window.layoutShiftSum')),
    close: async () => await context.close(),
  };
  if (options.path !== null) await shown.visit(options.path ?? '/');
  return shown;
}

/** In the browser: what fades in has the contrast of neither what was nor what will be. */
async function haveSettled(): Promise<void> {
  const going = () =>
    document
      .getAnimations()
      .filter(({ playState, effect }) => playState === 'running' && effect?.getComputedTiming().endTime !== Infinity);
  for (let all = going(); all.length > 0; all = going()) await Promise.allSettled(all.map(({ finished }) => finished));
}

async function violations(page: Page): Promise<string[]> {
  await page.evaluate(haveSettled);
  if (await page.evaluate("typeof axe === 'undefined'")) {
    await page.evaluate(await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8'));
  }
  const found = (await page.evaluate(
    `axe.run(document, { runOnly: { type: 'tag', values: ${JSON.stringify(AXE_TAGS)} }, resultTypes: ['violations'] })`,
  )) as AxeResults;
  return found.violations.flatMap(({ id, nodes }) =>
    nodes.map(
      ({ target, failureSummary = '' }) => `${id}: ${target.join(' ')} (${failureSummary.split('\n').at(1)?.trim()})`,
    ),
  );
}
