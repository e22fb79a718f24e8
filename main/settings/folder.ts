import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { SettingsError } from './settings.ts';

const KEY = 'storage.directory';

/**
 * Creates the folder and writes into it once, so that a folder that cannot be used is refused when it is chosen and not when the first
 * recording begins. Null asks for nothing.
 * @throws SettingsError naming `storage.directory`
 */
export function requireWritableFolder(directory: string | null): void {
  if (directory === null) return;
  const trial = path.join(directory, `.box-${process.pid}.trial`);
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    writeFileSync(trial, 'may be removed');
    rmSync(trial);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
    const problem = {
      key: KEY,
      rule: 'writable',
      message: `names a folder that the box cannot write to (${code}); connect its disk, correct the path, or give the box's user the right`,
      zh: `指定的目录无法写入（${code}）；请连接该磁盘、更正路径，或为运行录制盒的用户授权`,
    };
    throw new SettingsError('settings.json', [problem], { cause: error });
  }
}
