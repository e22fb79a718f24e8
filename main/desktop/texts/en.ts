/** Words of the desktop app in English; Chinese has exactly these keys. `{…}` is replaced by `desktopText`. */
export const en = {
  'app.name': 'TRTC Recorder',
  'app.about': 'Records TRTC rooms on this computer.',
  'quit.title': 'Quit TRTC Recorder?',
  'quit.one': 'One recording is running.',
  'quit.many': '{count} recordings are running.',
  'quit.detail':
    'If you stop now, everything recorded so far is finished and kept; uploads that are still open go on at the next start. You can also close the window and let the recordings go on: the box stays beside the clock.',
  'quit.stop': 'Stop recordings and quit',
  'quit.keep': 'Keep recording in the background',
  'quit.cancel': 'Cancel',
  'drain.title': 'Finishing',
  'drain.message': 'The recordings are being finished.',
  'drain.detail': 'This may take a minute or two. The app closes by itself.',
  'drain.leave': 'Quit now',
  'drain.wait': 'OK',
  'force.title': 'Quit now?',
  'force.message': 'The box is still finishing recordings.',
  'force.detail':
    'What was recorded is safe on the disk. If you quit now, the box finishes the files at its next start.',
  'force.yes': 'Quit now',
  'force.no': 'Wait',
  'start.title': 'TRTC Recorder cannot start',
  'start.again': 'Try again',
  'start.quit': 'Quit',
  'start.openOther': 'Open its console',
  'start.usePort': 'Use port {port} from now on',
  'start.openFolder': 'Show the folder',
  'lock.message': 'Another box is already working with the same data.',
  'lock.detail':
    'It was started without this app, as a service for example. Use that one, or stop it and try again. Its data:\n{directory}',
  'port.message': 'Port {port} of this computer is used by another program.',
  'port.detail':
    'Your own programs reach the box under this port. Close the other program and try again – it may be a second recorder. If you take another port, tell whoever sends requests to this box.',
  'port.detailNoOther': 'Your own programs reach the box under this port. Close the other program and try again.',
  'settings.message': 'The settings of the box cannot be used.',
  'settings.detail': '{problems}\n\nCorrect the file {file} and try again.',
  'environment.message': 'The box was started with a wrong environment variable.',
  'environment.detail': '{problem}\n\nCorrect it where the box is started, and start the box again.',
  'disk.title': 'TRTC Recorder waits for the disk',
  'disk.message': 'The disk keeps the box from starting.',
  'disk.detail': '{remedy}\n\nThe box tries again by itself every few seconds.',
  'disk.hide': 'Keep waiting',
  'other.message': 'The box could not start.',
  'other.detail':
    '{problem}\n\nTry again. If it stays like this, send the log files in this folder to your support:\n{logs}',
  'window.failed': 'The window of the console closed unexpectedly several times.',
  'window.failedDetail': 'Recordings are not affected. Open the console again from the icon beside the clock.',
} as const;

export type DesktopTextKey = keyof typeof en;
