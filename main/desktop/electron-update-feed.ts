import type { AppUpdater } from 'electron-updater';
import type { Logger } from '../logging.ts';
import { isThisMachine } from '../network/proxy.ts';
import { withoutSecrets } from './updates.ts';

/** Electron's requests have no deadline of their own. */
export interface UpdateDeadlines {
  checkWithinMs: number;
  /** A download from which nothing comes for so long is given up. */
  stalledAfterMs: number;
}

const DEADLINES: UpdateDeadlines = { checkWithinMs: 60_000, stalledAfterMs: 120_000 };

/** The updater with the address of one feed. */
export interface UpdateFeed {
  /** @returns the version of something newer, or null */
  check(): Promise<string | null>;
  /** Fetches what the last check found and compares it with the feed's sum. */
  fetch(signal: AbortSignal): Promise<void>;
  updater: Pick<AppUpdater, 'autoRunAppAfterInstall' | 'quitAndInstall' | 'once'>;
}

/** Loads the updater, which is loaded nowhere else. */
export async function createUpdateFeed(
  url: string,
  log: Pick<Logger, 'debug' | 'warn'>,
  deadlines: UpdateDeadlines = DEADLINES,
): Promise<UpdateFeed> {
  // CommonJS that asks for Electron when it is loaded, and makes its updater when it is asked for.
  const { autoUpdater, CancellationToken } = (await import('electron-updater')).default;
  Object.assign(autoUpdater, {
    // Nothing happens by itself: when to fetch and to install is decided here, after the recordings.
    ...{ autoDownload: false, autoInstallOnAppQuit: false },
    ...{ allowDowngrade: false, allowPrerelease: false, disableWebInstaller: true, logger: loggerOf(log) },
    // Fetching parts only cannot be let go for a recording, and asks more of a server than to hand out files.
    disableDifferentialDownload: true,
  } satisfies Partial<AppUpdater>);
  const { netSession } = autoUpdater;
  // A redirect must not leave the way on which nobody can change anything.
  netSession.webRequest.onBeforeRequest({ urls: ['http://*/*'] }, ({ url: asked }, callback) => {
    callback({ cancel: !isThisMachine(new URL(asked).hostname) });
  });
  autoUpdater.setFeedURL({ provider: 'generic', url });
  return {
    updater: autoUpdater,
    async check() {
      const timer = setTimeout(() => void netSession.closeAllConnections(), deadlines.checkWithinMs);
      try {
        const result = await autoUpdater.checkForUpdates();
        if (result === null) throw new UnsupportedError();
        return result.isUpdateAvailable ? result.updateInfo.version : null;
      } finally {
        clearTimeout(timer);
      }
    },
    async fetch(signal) {
      const token = new CancellationToken();
      const cancel = (): void => {
        token.cancel();
        // The updater stops waiting then, but would go on loading.
        void netSession.closeAllConnections();
      };
      const timer = setTimeout(cancel, deadlines.stalledAfterMs);
      const onProgress = (): void => void timer.refresh();
      signal.addEventListener('abort', cancel, { once: true });
      autoUpdater.on('download-progress', onProgress);
      try {
        await autoUpdater.downloadUpdate(token);
      } catch (error) {
        throw token.cancelled && !signal.aborted ? new Error('timed out: nothing more came of the update') : error;
      } finally {
        clearTimeout(timer);
        autoUpdater.off('download-progress', onProgress);
        signal.removeEventListener('abort', cancel);
      }
    },
  };
}

/** This copy was not installed by a package that can replace itself. */
class UnsupportedError extends Error {
  readonly code = 'UNSUPPORTED';
}

function loggerOf(log: Pick<Logger, 'debug' | 'warn'>): NonNullable<AppUpdater['logger']> {
  const say =
    (level: 'debug' | 'warn') =>
    (message?: unknown): void =>
      log[level]({ updater: withoutSecrets(String(message)) }, 'the updater says');
  return { debug: say('debug'), info: say('debug'), warn: say('warn'), error: say('warn') };
}
