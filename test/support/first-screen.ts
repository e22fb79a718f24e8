import { gzipSync } from 'node:zlib';
import type { Browser } from 'playwright-core';

export interface ScriptSize {
  /** Names of the files, in order. */
  files: string[];
  bytes: number;
  /** Sum of the files, each compressed by itself. */
  gzipBytes: number;
}

/** Every script that a browser loads until the page Now is there, in one language. */
export async function firstScreenScripts(browser: Browser, url: string, language: string): Promise<ScriptSize> {
  const context = await browser.newContext({ locale: language });
  try {
    const page = await context.newPage();
    const sources: Promise<{ file: string; source: Buffer }>[] = [];
    page.on('response', (response) => {
      if (response.request().resourceType() !== 'script') return;
      const file = new URL(response.url()).pathname;
      const loaded = response.body().then((source) => ({ file, source }));
      // What still comes when the counting is over is nobody's first screen.
      loaded.catch(() => {});
      sources.push(loaded);
    });
    await page.goto(`${url}/`, { waitUntil: 'load' });
    await page.waitForSelector('main h2');
    for (let counted = -1; counted !== sources.length; ) {
      counted = sources.length;
      await Promise.all(sources);
      await page.evaluate(() => new Promise((resolve) => requestIdleCallback(resolve)));
    }
    const scripts = (await Promise.all(sources)).sort((a, b) => a.file.localeCompare(b.file));
    return {
      files: scripts.map(({ file }) => file),
      bytes: scripts.reduce((sum, { source }) => sum + source.length, 0),
      gzipBytes: scripts.reduce((sum, { source }) => sum + gzipSync(source, { level: 9 }).length, 0),
    };
  } finally {
    await context.close();
  }
}

/** Milliseconds from asking for a page to its first text or picture, in a browser that knows nothing of it yet. */
export async function firstPaintMs(browser: Browser, url: string): Promise<number> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  try {
    const page = await context.newPage();
    await page.goto(url, { waitUntil: 'load' });
    return Number(
      await page.evaluate(
        () =>
          new Promise<number>((resolve) => {
            new PerformanceObserver((list) => {
              for (const { name, startTime } of list.getEntries()) {
                if (name === 'first-contentful-paint') resolve(startTime);
              }
            }).observe({ type: 'paint', buffered: true });
          }),
      ),
    );
  } finally {
    await context.close();
  }
}
