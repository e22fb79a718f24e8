import { app, BaseWindow, dialog, type MessageBoxOptions } from 'electron';

const HOST_SIZE = { width: 460, height: 120 } as const;

/**
 * Shows a message and waits for the answer, while the box goes on. With `signal` the message can be taken away: it counts as cancelled.
 *
 * On macOS a message without a window holds up the whole process until somebody answers, with the box in it, and cannot be taken away.
 * So it gets a small window of its own there.
 * @returns which of the buttons
 */
export async function showMessage(options: MessageBoxOptions, platform = process.platform): Promise<number> {
  if (platform !== 'darwin') return (await dialog.showMessageBox(options)).response;
  const host = new BaseWindow({
    ...{ ...HOST_SIZE, title: options.title ?? '', center: true, resizable: false, minimizable: false },
    ...{ closable: false, maximizable: false, fullscreenable: false },
  });
  try {
    app.focus({ steal: true });
    return (await dialog.showMessageBox(host, options)).response;
  } finally {
    host.destroy();
  }
}
