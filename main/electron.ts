import { app, dialog } from 'electron';
import { pickLanguage } from '../shared/texts/language.ts';
import { readDesktopArguments } from './desktop/arguments.ts';
import { runDesktop } from './desktop/electron-desktop.ts';
import { desktopText } from './desktop/texts/texts.ts';

/** The appliance on a desktop: what the installed app starts. Servers start `headless.ts`. */

const argv = process.argv.slice(app.isPackaged ? 1 : 2);
// Not awaited: Electron becomes ready only once this module has run to its end.
runDesktop({ argv, variables: process.env, platform: process.platform }).catch((error: unknown) => {
  const words = error instanceof Error ? error.message : String(error);
  process.stderr.write(`${words}\n`);
  // Nobody may be there to close a message at a login: a service manager sees the end instead and starts the app again.
  if (!readDesktopArguments(argv).isHidden) {
    dialog.showErrorBox(desktopText(pickLanguage(app.getLocale()), 'app.name'), words);
  }
  app.exit(1);
});
