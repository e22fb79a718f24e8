import { readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { app } from 'electron';
import type { Logger } from '../logging.ts';
import { replaceFile } from '../settings/atomic-file.ts';
import { VERSION } from '../version.ts';
import type { UpdateFeed } from './electron-update-feed.ts';
import { NO_UPDATE, type UpdateState } from './updates.ts';

/** macOS unpacks and examines the update only then. */
const INSTALL_WITHIN_MS = 180_000;
/** Tells the next start which version was to be there. */
const MARK_FILE = 'update.json';

export interface Installation {
  version: string;
  /** The app is started again afterwards. */
  isRestart: boolean;
  /** Image that an AppImage was started from, or undefined. */
  appImage: string | undefined;
  /** systemd runs the app: it ends whatever the app leaves behind, and starts it anew when it fails. */
  isService: boolean;
}

/** The app is over when this is called. Whatever comes of it, a box that was to come back does: if need be, as it was. */
export function installUpdate({ updater }: UpdateFeed, installation: Installation): void {
  const { version, isRestart, appImage, isService } = installation;
  replaceFile(path.join(app.getPath('userData'), MARK_FILE), JSON.stringify({ version }));
  const isStartedByService = isRestart && isService;
  const giveUp = (): void => {
    if (isRestart && !isService) app.relaunch(appImage ? { execPath: appImage } : {});
    app.exit(isStartedByService ? 1 : 0);
  };
  const timer = setTimeout(giveUp, INSTALL_WITHIN_MS);
  app.once('quit', () => clearTimeout(timer));
  updater.once('error', giveUp);
  if (isStartedByService) {
    app.once('will-quit', (event) => {
      event.preventDefault();
      app.exit(1);
    });
  }
  // An AppImage starts its successor before it is gone itself.
  app.releaseSingleInstanceLock();
  updater.autoRunAppAfterInstall = isRestart;
  updater.quitAndInstall(true, isRestart && !isService);
}

/** What became of an installation before this start. */
export function afterInstallation(log: Pick<Logger, 'info' | 'warn'>): UpdateState {
  const file = path.join(app.getPath('userData'), MARK_FILE);
  let version: unknown;
  try {
    ({ version } = JSON.parse(readFileSync(file, 'utf8')) as { version?: unknown });
    rmSync(file);
  } catch {
    return NO_UPDATE;
  }
  if (version === VERSION) {
    log.info({ version }, 'the app was updated');
    return NO_UPDATE;
  }
  log.warn({ version, running: VERSION }, 'an update was not installed');
  return { ...NO_UPDATE, failure: { kind: 'notInstalled', count: 1 } };
}
