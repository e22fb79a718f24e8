import type { AddressInfo } from 'node:net';
import type { FastifyInstance } from 'fastify';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createHttpServer } from '../../main/http/server.ts';
import { silentLogger } from '../../main/logging.ts';
import { type AccessRig, accessRig } from '../support/access-rig.ts';
import { launchChromium } from '../support/chromium.ts';
import { FakeBox, viewOf } from '../support/fake-box.ts';

// Signing in with a real browser: what it sends with forms and keeps as cookies decides, not what we believe it does.

let browser: Browser;
let rig: AccessRig;
let app: FastifyInstance;
let url: string;

beforeAll(async () => {
  rig = accessRig();
  const box = new FakeBox();
  box.recordings = [viewOf({ id: 'known' })];
  app = createHttpServer({ box, version: '1.2.3', access: rig.access, log: silentLogger() });
  await app.listen({ host: '127.0.0.1', port: 0 });
  url = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`;
  browser = await launchChromium();
}, 240_000);
afterAll(async () => {
  await browser?.close();
  await app?.close();
});

describe('the page of a box that demands tokens', () => {
  it('asks for one, lets in, and lets out again; no policy is broken on the way', async () => {
    const context = await browser.newContext();
    const page = await context.newPage();
    const complaints: string[] = [];
    page.on('console', (message) => {
      if (message.type() === 'error' && !message.text().includes('401')) complaints.push(message.text());
    });
    await page.goto(url);
    await page.fill('#token', 'box_wrong');
    await page.click('button');
    await page.waitForSelector('[role="alert"]');
    await page.fill('#token', rig.tokens.operate);
    await page.click('button');
    await page.waitForSelector('table');
    expect(await page.textContent('table')).toContain('user_55952145');
    expect(await page.evaluate('document.cookie')).toBe('');
    expect(await context.cookies()).toMatchObject([{ httpOnly: true, sameSite: 'Strict', path: '/' }]);
    await page.click('form[action="/logout"] button');
    await page.waitForSelector('#token');
    expect(await context.cookies()).toEqual([]);
    await page.goto(url);
    expect(await page.locator('#token').count()).toBe(1);
    expect(complaints).toEqual([]);
    // The policy is in force: not even the page's own address may be fetched by a script.
    expect(await page.evaluate("fetch('/api/session').then((reply) => reply.status, () => 'blocked')")).toBe('blocked');
    await context.close();
  }, 120_000);
});
