import { app, dialog } from 'electron';
import { pickLanguage } from '../shared/texts/language.ts';
import { runDesktop } from './desktop/electron-desktop.ts';
import { desktopText } from './desktop/texts/texts.ts';

/** The appliance on a desktop: what the installed app starts. Servers start `headless.ts`. */

// Not awaited: Electron becomes ready only once this module has run to its end.
runDesktop({
  argv: process.argv.slice(app.isPackaged ? 1 : 2),
  variables: process.env,
  platform: process.platform,
}).catch((error: unknown) => {
  const name = desktopText(pickLanguage(app.getLocale()), 'app.name');
  dialog.showErrorBox(name, error instanceof Error ? error.message : String(error));
  app.exit(1);
});
