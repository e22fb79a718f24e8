import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { app, BrowserWindow, double, utilityProcess } from './electron-double.ts';

// What tests rely on without looking.

beforeEach(() => double.reset());
afterEach(() => double.reset());

it('quitting asks, then closes every window, and any of them can keep the app', () => {
  const order: string[] = [];
  for (const name of ['before-quit', 'will-quit', 'quit']) app.on(name, () => order.push(name));
  const window = new BrowserWindow();
  const keep = (event: { preventDefault(): void }): void => event.preventDefault();
  window.on('close', keep);
  app.quit();
  expect([order, double.exitCode, window.isDestroyed()]).toEqual([['before-quit'], null, false]);
  window.off('close', keep);
  app.quit();
  expect([order, double.exitCode]).toEqual([['before-quit', 'before-quit', 'will-quit', 'quit'], 0]);
  app.exit(3);
  expect(double.exitCode).toBe(0);
});

it('a utility process is a process of its own with the port of one, and its end is told once', async () => {
  const directory = await mkdtemp(path.join(tmpdir(), 'recorder-double-'));
  const script = path.join(directory, 'echo.mjs');
  await writeFile(
    script,
    `process.parentPort.on('message', ({ data }) => {
       process.parentPort.postMessage({ data, isFork: process.send !== undefined, args: process.argv.slice(2) });
       if (data === 'end') setTimeout(() => process.exit(7), 50);
     });`,
  );
  const child = utilityProcess.fork(script, ['a'], { stdio: 'pipe' });
  const messages: unknown[] = [];
  const exits: number[] = [];
  child.on('message', (message) => messages.push(message));
  child.on('exit', (code: number) => exits.push(code));
  child.postMessage({ number: 1 });
  child.postMessage('end');
  // What it said last may come after the news of its end.
  await vi.waitFor(() => expect([messages.length, exits]).toEqual([2, [7]]), 30_000);
  expect(messages).toEqual([
    { data: { number: 1 }, isFork: false, args: ['a'] },
    { data: 'end', isFork: false, args: ['a'] },
  ]);
  expect([child.pid, child.kill(), exits.length]).toEqual([undefined, false, 1]);
  await rm(directory, { recursive: true });
});
