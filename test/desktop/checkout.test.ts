import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { expect, it } from 'vitest';
import { ROOT } from '../support/source-tree.ts';

it('"npm run desktop" without the program of Electron says how to get it, and what works without', () => {
  const { status, stderr, stdout } = spawnSync(process.execPath, [path.join(ROOT, 'main/dev/desktop.mjs')], {
    env: { ...process.env, ELECTRON_OVERRIDE_DIST_PATH: path.join(ROOT, 'test/no-such-folder') },
    encoding: 'utf8',
  });
  expect([status, stdout]).toEqual([1, '']);
  expect(stderr).toContain('node node_modules/electron/install.js');
  expect(stderr).toContain('npm run box -- serve');
  expect(stderr).not.toMatch(/\n\s+at /);
});
