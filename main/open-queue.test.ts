import { mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openQueue } from './open-queue.ts';
import { SECRET_KEY_FILE } from './settings/secrets.ts';
import { defaultSettings } from './settings/settings.ts';

let directory: string;
let lines: string[];
beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'queue-'));
  lines = [];
});
afterEach(() => rmSync(directory, { recursive: true }));

const open = () => {
  const log = pino({ level: 'error' }, { write: (line: string) => void lines.push(line) });
  return openQueue({ dataDirectory: directory, settings: defaultSettings(), log });
};

it('a new key beside secrets of an older one is told, on a new box there is nothing to tell', async () => {
  const first = await open();
  first.store.boxSecrets.set('cos', 'text');
  first.store.close();
  const key = path.join(directory, SECRET_KEY_FILE);
  renameSync(key, `${key}.away`);
  expect(lines).toEqual([]);

  const second = await open();
  expect(lines).toEqual([expect.stringContaining('put secret.key back')]);
  expect(() => second.store.boxSecrets.get('cos')).toThrow(expect.objectContaining({ code: 'SECRET_UNREADABLE' }));
  second.store.close();

  renameSync(`${key}.away`, key);
  const third = await open();
  expect([third.store.boxSecrets.get('cos')?.text, lines.length]).toEqual(['text', 1]);
  third.store.close();
});
