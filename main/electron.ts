import { app, dialog } from 'electron';
import { runDesktop } from './desktop/electron-desktop.ts';

/** The appliance on a desktop: what the installed app starts. Servers start `headless.ts`. */

// Not awaited: Electron becomes ready only once this module has run to its end.
runDesktop({
  argv: process.argv.slice(app.isPackaged ? 1 : 2),
  variables: process.env,
  platform: process.platform,
}).catch((error: unknown) => {
  dialog.showErrorBox(app.getName(), error instanceof Error ? error.message : String(error));
  app.exit(1);
});
