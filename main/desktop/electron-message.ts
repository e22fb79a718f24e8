import { app, BaseWindow, dialog, type MessageBoxOptions } from 'electron';

const HOST_SIZE = { width: 460, height: 120 } as const;

/**
 * Shows a message and waits for the answer, while the box goes on. With `signal` the message can be taken away: it counts as cancelled.
 *
 * On macOS a message without a window holds up the whole process until somebody answers, with the box in it, and cannot be taken away; on
 * Linux its answer comes up to half a minute late while the app has no window. So it gets a small one of its own there.
 * @returns which of the buttons
 */
export async function showMessage(options: MessageBoxOptions, platform = process.platform): Promise<number> {
  if (platform === 'win32') return (await dialog.showMessageBox(options)).response;
  const host = new BaseWindow({
    ...{ ...HOST_SIZE, title: options.title ?? '', center: true, resizable: false, minimizable: false },
    ...{ closable: false, maximizable: false, fullscreenable: false },
  });
  try {
    if (platform === 'darwin') app.focus({ steal: true });
    return (await dialog.showMessageBox(host, options)).response;
  } finally {
    host.destroy();
  }
}
