import type { Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ConsolePage, type ConsoleRig, startConsoleRig } from '../support/console-rig.ts';

// An operator sets the box up without ever seeing its settings file: what he saves counts, what is wrong is said beside it.

let rig: ConsoleRig;
let shown: ConsolePage;
let page: Page;

beforeAll(async () => {
  rig = await startConsoleRig({ name: 'settings', rooms: async () => ({}) });
  shown = await rig.open({ path: '/settings' });
  page = shown.page;
}, 240_000);
afterAll(async () => {
  await rig?.close();
});

async function settingsOfBox(): Promise<Record<string, Record<string, unknown>>> {
  const reply = await fetch(`${rig.rig.box.url}/api/settings`);
  return ((await reply.json()) as { values: Record<string, Record<string, unknown>> }).values;
}

const row = (key: string): Locator => page.locator(`[data-setting="${key}"]`);
const saveBar = (): Locator => page.locator('.save-bar');
const save = async () => await page.getByRole('button', { name: 'Save', exact: true }).click();
const saved = async () => await saveBar().getByText('Saved.').waitFor();
const reload = async (place: string) => await shown.visit(place);
const sizeOf = async (mode: string) => parseFloat((await page.locator(`[data-mode="${mode}"]`).textContent()) ?? '');

describe('the settings of the console', { timeout: 180_000 }, () => {
  it('what is changed and saved is there after a reload, and in the box', async () => {
    await shown.visit('/settings/storage');
    await page.getByRole('radio', { name: 'Keep for some days' }).click();
    await page.getByLabel('Keep for', { exact: true }).fill('14');
    await page.getByLabel('Keep up to', { exact: true }).fill('0.5');
    await saveBar().getByText('3 changes are not saved.').waitFor();
    await save();
    await saved();
    await reload('/settings/storage');
    expect(await page.getByRole('radio', { name: 'Keep for some days' }).isChecked()).toBe(true);
    expect(await page.getByLabel('Keep for', { exact: true }).inputValue()).toBe('14');
    expect((await settingsOfBox()).retention).toMatchObject({
      policy: 'keepDays',
      keepDays: 14,
      keepBytes: 500_000_000,
    });
    await row('retention.keepDays').getByRole('button', { name: 'Use default' }).click();
    expect(await page.getByLabel('Keep for', { exact: true }).inputValue()).toBe('30');
    await page.getByRole('button', { name: 'Discard' }).click();
    expect(await page.getByLabel('Keep for', { exact: true }).inputValue()).toBe('14');
    expect(await saveBar().isVisible()).toBe(false);
    expect(shown.complaints()).toEqual([]);
  });

  it('shows what an hour will take while the quality is changed, before anything is saved', async () => {
    await shown.visit('/settings/recording');
    const [soundBefore, before] = [await sizeOf('10'), await sizeOf('12')];
    await page.getByLabel('Quality factor', { exact: true }).fill('17');
    await expect.poll(() => sizeOf('12')).toBeGreaterThan(before);
    expect(await sizeOf('10')).toBe(soundBefore);
    await save();
    await saved();
    await reload('/settings/recording');
    expect(await page.getByLabel('Quality factor', { exact: true }).inputValue()).toBe('17');
    expect(await sizeOf('12')).toBeGreaterThan(before);
    expect((await settingsOfBox()).video?.crf).toBe(17);
    expect(shown.complaints()).toEqual([]);
  });

  it('says beside its field what is wrong and what to do, and keeps what was', async () => {
    await shown.visit('/settings/recording');
    await page.getByLabel('Quality factor', { exact: true }).fill('99');
    await save();
    await row('video.crf').getByRole('alert').getByText('This has to be 0 to 51.').waitFor();
    // The focus comes with the next picture.
    await expect.poll(() => page.evaluate(() => document.activeElement?.getAttribute('aria-invalid'))).toBe('true');
    await saveBar().getByText('Nothing was saved.').waitFor();
    expect((await settingsOfBox()).video?.crf).toBe(17);
    await page.getByRole('button', { name: 'Discard' }).click();
    expect(shown.complaints()).toEqual([]);

    // The box alone knows what a proxy may be.
    await shown.visit('/settings/upload');
    await page.getByLabel('Proxy for COS', { exact: true }).fill('ftp://nowhere');
    await save();
    const alert = row('network.proxy').getByRole('alert');
    await alert.waitFor();
    expect(await alert.textContent()).toMatch(/^Proxy for COS .+http.+\. .+/);
    expect(await page.getByLabel('Proxy for COS', { exact: true }).inputValue()).toBe('ftp://nowhere');
    expect((await settingsOfBox()).network?.proxy).toBeNull();
    expect(shown.complaints().every((one) => /400/.test(one))).toBe(true);
    expect(await shown.axe()).toEqual([]);
    await page.getByRole('button', { name: 'Discard' }).click();
  });

  it('what the machine installs can be seen in a browser, and changed only at the machine, which is said', async () => {
    await shown.visit('/settings/desktop');
    const updates = page.getByRole('region', { name: 'Updates of the desktop app' });
    await updates.getByText('changed only there').waitFor();
    const controls = updates.locator('.setting-control :is(input, textarea, button)');
    const disabled = await controls.evaluateAll((all) => all.map((one) => (one as HTMLInputElement).disabled));
    expect([disabled.length > 2, disabled.every(Boolean)]).toEqual([true, true]);
    expect(
      await page.getByRole('region', { name: 'Notices on the screen' }).getByText('changed only there').count(),
    ).toBe(0);
    expect(await page.getByRole('switch').first().isEnabled()).toBe(true);
    expect([await shown.axe(), shown.complaints()]).toEqual([[], []]);
  });

  it('asks before changes are left behind', async () => {
    await shown.visit('/settings/upload');
    await page.getByLabel('Proxy for COS', { exact: true }).fill('http://proxy');
    await page.getByRole('link', { name: 'Callback' }).click();
    await page.getByRole('alertdialog').getByRole('button', { name: 'Stay here' }).click();
    expect(await page.getByLabel('Proxy for COS', { exact: true }).inputValue()).toBe('http://proxy');
    await page.getByRole('link', { name: 'Callback' }).click();
    await page.getByRole('alertdialog').getByRole('button', { name: 'Leave without saving' }).click();
    await page.getByRole('heading', { name: 'Settings · Callback' }).waitFor();
    await page.getByRole('link', { name: 'Upload' }).click();
    expect(await page.getByLabel('Proxy for COS', { exact: true }).inputValue()).toBe('');
  });

  it('a section is done by the keyboard alone', async () => {
    await shown.visit('/settings/callback');
    const key = async (...keys: string[]) => {
      for (const one of keys) await page.keyboard.press(one);
    };
    const tabTo = async (control: Locator) => {
      for (let step = 0; step < 40; step += 1) {
        if (await control.evaluate((one) => one === document.activeElement)) return;
        await key('Tab');
      }
      throw new Error('the Tab key does not lead there');
    };
    await tabTo(page.getByLabel('Give up after', { exact: true }));
    await key('ControlOrMeta+A', '2');
    const unit = page.getByRole('combobox', { name: 'Unit for Give up after' });
    await tabTo(unit);
    await key('Enter');
    // The list moves the focus a moment after a key, and Enter takes what has it.
    const focused = page.locator('[role="option"]:focus');
    await focused.getByText('days').waitFor();
    await key('ArrowUp');
    await focused.getByText('hours').waitFor();
    await key('Enter');
    await page.getByRole('listbox').waitFor({ state: 'detached' });
    // The focus comes back a moment after the list is gone.
    await expect.poll(() => unit.evaluate((one) => one === document.activeElement)).toBe(true);
    await tabTo(page.getByRole('switch', { name: 'Only to certain hosts' }));
    await key('Space', 'Tab');
    await page.keyboard.type('hooks.example.com');
    await tabTo(page.getByRole('radio', { name: 'As long as nobody else reaches the box' }));
    // The choice follows the arrow key for as long as it is held down.
    const always = page.getByRole('radio', { name: 'Always' });
    await page.keyboard.down('ArrowDown');
    await expect.poll(() => always.isChecked()).toBe(true);
    await page.keyboard.up('ArrowDown');
    await tabTo(page.locator('summary'));
    await key('Enter');
    await tabTo(page.getByLabel('Time for one try', { exact: true }));
    await key('ControlOrMeta+A', '7');
    await tabTo(page.getByRole('button', { name: 'Save', exact: true }));
    await key('Enter');
    await saveBar().getByText('This counts after the next start of the box').waitFor();
    expect(await saveBar().textContent()).toContain('Only to certain hosts, Callbacks to this machine');
    const { callback, network } = await settingsOfBox();
    expect(callback).toMatchObject({ giveUpAfterMs: 2 * 3_600_000, timeoutMs: 7000 });
    expect(network).toMatchObject({ allowedHosts: ['hooks.example.com'], loopback: 'allow' });
  });

  it('keeps COS keys of the box without showing them, and forgets them', async () => {
    await shown.visit('/settings/upload');
    const card = page.getByRole('region', { name: 'COS keys of this box' });
    await card.getByText('From the environment of the box').waitFor();
    await card.getByLabel('SecretId').fill('AKIDstoredbyhand0001');
    await card.getByLabel('SecretKey').fill('a-key-that-nobody-sees');
    await card.getByRole('button', { name: 'Store keys' }).click();
    await card.getByText('Stored on this box').waitFor();
    await expect.poll(() => card.getByLabel('SecretKey').inputValue()).toBe('');
    await reload('/settings/upload');
    await card.getByText('Stored on this box').waitFor();
    const content = await page.content();
    expect(content).not.toContain('a-key-that-nobody-sees');
    expect(content).not.toContain('AKIDstoredbyhand0001');
    await card.getByRole('button', { name: 'Forget keys' }).click();
    await page.getByRole('alertdialog').getByRole('button', { name: 'Forget keys' }).click();
    await card.getByText('From the environment of the box').waitFor();
    expect(shown.complaints()).toEqual([]);
  });
});

describe('access', { timeout: 240_000 }, () => {
  const roleOf = async (token: string) => {
    const reply = await fetch(`${rig.rig.box.url}/api/session`, { headers: { authorization: `Bearer ${token}` } });
    return ((await reply.json()) as { name?: string | null }).name ?? null;
  };
  const create = async (name: string, role: string): Promise<string> => {
    await page.getByRole('button', { name: 'New token' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Name').fill(name);
    await dialog.getByRole('radio', { name: new RegExp(`^${role}`) }).click();
    await dialog.getByRole('button', { name: 'Create token' }).click();
    return await takeSecret();
  };
  const takeSecret = async (): Promise<string> => {
    const secret = await page.getByLabel('Token', { exact: true }).inputValue();
    await page.keyboard.press('Escape');
    expect(await page.getByLabel('Token', { exact: true }).inputValue()).toBe(secret);
    await page.getByRole('button', { name: 'I have kept it' }).click();
    return secret;
  };
  const tokens: Record<string, string> = {};

  it('a token is shown once and works; a new secret ends the old one', async () => {
    await shown.visit('/settings/access');
    tokens.desk = await create('desk', 'operate');
    tokens.keeper = await create('keeper', 'admin');
    expect(await roleOf(tokens.desk)).toBe('desk');
    await reload('/settings/access');
    await page.getByRole('rowheader', { name: 'desk' }).waitFor();
    expect(await page.content()).not.toContain(tokens.desk);
    const old = tokens.desk;
    await page.getByRole('button', { name: 'New secret for desk' }).click();
    await page.getByRole('alertdialog').getByRole('button', { name: 'New secret' }).click();
    tokens.desk = await takeSecret();
    expect(await roleOf(tokens.desk)).toBe('desk');
    expect(await roleOf(old)).toBeNull();
    await create('gone', 'record');
    await page.getByRole('button', { name: 'Delete gone' }).click();
    await page.getByRole('alertdialog').getByRole('button', { name: 'Delete' }).click();
    await page.getByRole('rowheader', { name: 'gone' }).waitFor({ state: 'detached' });
    expect(shown.complaints()).toEqual([]);
  });

  it('who may only operate sees everything, can change nothing, and is told why', async () => {
    await page.getByRole('switch', { name: 'Ask for a token on this machine, too' }).click();
    await save();
    await saveBar().getByText('Ask for a token on this machine, too.').waitFor();
    await page.goto('about:blank');
    await rig.restart();
    await page.goto(`${rig.rig.box.url}/`);
    await page.fill('#token', tokens.desk ?? '');
    await page.click('button');
    await page.getByRole('link', { name: 'Settings' }).click();
    await page.getByText('you are signed in as “desk” with the role “operate”').waitFor();
    await page.locator('.settings-form input').first().waitFor();
    for (const control of await page
      .locator('.settings-form :is(input, textarea, [role=switch], [role=combobox])')
      .all()) {
      expect(await control.isDisabled()).toBe(true);
    }
    expect(await saveBar().count()).toBe(0);
    shown.complaints();
    await page.getByRole('link', { name: 'Access' }).click();
    await page.getByText('Only a token with the role “admin” may see and change tokens.').waitFor();
    expect(await page.getByRole('button', { name: 'New token' }).count()).toBe(0);
    expect(shown.complaints()).toEqual([]);
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.locator('#token').waitFor();
  });

  it('who gives the token he is signed in with a new secret stays, and reads it', async () => {
    const old = tokens.keeper ?? '';
    await page.goto(`${rig.rig.box.url}/#/settings/access`);
    await page.fill('#token', old);
    await page.click('button');
    await page.getByRole('link', { name: 'Settings' }).click();
    await page.getByRole('link', { name: 'Access' }).click();
    await page.getByRole('button', { name: 'New secret for keeper' }).click();
    await page.getByRole('alertdialog').getByText('this browser goes on').waitFor();
    await page.getByRole('alertdialog').getByRole('button', { name: 'New secret' }).click();
    const secret = await takeSecret();
    expect([await roleOf(secret), await roleOf(old)]).toEqual(['keeper', null]);
    await page.reload();
    await page.getByText('Signed in as “keeper” with the role “admin”.').waitFor();
  });
});
