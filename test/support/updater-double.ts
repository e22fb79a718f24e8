import { EventEmitter } from 'node:events';
import type { AppUpdater } from 'electron-updater';
import { app } from './electron-double.ts';
import { DoubleSession } from './electron-double-window.ts';

/**
 * A double of electron-updater for the app around it: what is offered, how a download ends and what an installation does is said by the
 * test. The real one is tried in `test/desktop/updates-electron-updater.test.ts`.
 */
class DoubleUpdater extends EventEmitter {
  autoDownload = true;
  autoInstallOnAppQuit = true;
  autoRunAppAfterInstall = true;
  allowDowngrade = true;
  allowPrerelease = true;
  disableWebInstaller = false;
  disableDifferentialDownload = false;
  logger: AppUpdater['logger'] = null;
  readonly netSession = DoubleSession.fromPartition('electron-updater');
  setFeedURL = (options: unknown): void => void updater.feeds.push(options);
  checkForUpdates = async () => {
    updater.checks += 1;
    if (updater.trouble) throw updater.trouble;
    const version = updater.offered;
    return { isUpdateAvailable: version !== null, updateInfo: { version: version ?? '0.0.1' } };
  };
  downloadUpdate = (token: DoubleToken): Promise<string[]> =>
    new Promise((resolve, reject) => {
      updater.downloads.push({ finish: () => resolve(['update']), fail: reject, token });
      token.onCancel = () => reject(new Error('cancelled'));
    });
  quitAndInstall = (isSilent?: boolean, isForceRunAfter?: boolean): void => {
    updater.installs.push([isSilent, isForceRunAfter]);
    updater.onInstall();
  };
}

class DoubleToken {
  cancelled = false;
  onCancel = (): void => {};
  cancel(): void {
    this.cancelled = true;
    this.onCancel();
  }
}

/** What tests see and change of the double. */
export const updater = {
  /** How often the package was asked for its updater. */
  loads: 0,
  feeds: [] as unknown[],
  checks: 0,
  /** Version at the feed, or null for nothing newer. */
  offered: null as string | null,
  trouble: null as Error | null,
  downloads: [] as { finish(): void; fail(error: Error): void; token: DoubleToken }[],
  installs: [] as (boolean | undefined)[][],
  /** As the real one: the app quits once the installation is under way. */
  onInstall: (): void => app.quit(),
  instance: new DoubleUpdater(),
  reset(): void {
    for (const list of [updater.feeds, updater.downloads, updater.installs]) list.length = 0;
    Object.assign(updater, { loads: 0, checks: 0, offered: null, trouble: null, onInstall: () => app.quit() });
    updater.instance = new DoubleUpdater();
  },
};

/** The package as it is imported. */
export const packageDouble = {
  default: {
    get autoUpdater(): DoubleUpdater {
      updater.loads += 1;
      return updater.instance;
    },
    CancellationToken: DoubleToken,
  },
};

/** What is used has the types it has in the package; what comes of a check is told in less. */
type Used = Exclude<keyof DoubleUpdater, keyof EventEmitter | 'netSession' | 'checkForUpdates' | 'downloadUpdate'>;
({}) as DoubleUpdater satisfies Pick<AppUpdater, Used>;
