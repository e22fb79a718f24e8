import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { app } from 'electron';
import { replaceFile } from '../settings/atomic-file.ts';
import { autostartPath, autostartText } from './autostart.ts';

/** Whether the system starts the app when the person logs in. */
export interface LoginItem {
  /** Null where it cannot be done: a checkout is not installed. */
  get(): boolean | null;
  set(isOn: boolean): void;
}

/** At login the tray is enough. */
const LOGIN_ARGUMENTS = ['--hidden'];

export interface LoginItemDeps {
  platform: NodeJS.Platform;
  variables: Readonly<Record<string, string | undefined>>;
  /** Name of the app as people read it. */
  name: string;
}

/** Windows and macOS have a call for it, Linux desktops a folder. */
export function createLoginItem({ platform, variables, name }: LoginItemDeps): LoginItem {
  if (!app.isPackaged) return { get: () => null, set: () => {} };
  if (platform !== 'linux') {
    return {
      get: () => app.getLoginItemSettings({ args: LOGIN_ARGUMENTS }).openAtLogin,
      set: (openAtLogin) => app.setLoginItemSettings({ openAtLogin, args: LOGIN_ARGUMENTS }),
    };
  }
  const file = autostartPath(variables, os.homedir());
  return {
    get: () => isSwitchedOn(file),
    set(isOn) {
      if (!isOn) return rmSync(file, { force: true });
      mkdirSync(path.dirname(file), { recursive: true });
      const program = variables.APPIMAGE ?? process.execPath;
      replaceFile(file, autostartText({ program, arguments: LOGIN_ARGUMENTS, name }));
    },
  };
}

/** Desktops switch an entry off by a line in it. */
function isSwitchedOn(file: string): boolean {
  try {
    const text = readFileSync(file, 'utf8');
    return !/^(Hidden=true|X-GNOME-Autostart-enabled=false)\s*$/m.test(text);
  } catch {
    return false;
  }
}
