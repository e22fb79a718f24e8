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
  'update.title': 'Install version {version}?',
  'update.none': 'The app ends in order, installs the new version and starts again by itself.',
  'update.detail':
    'The box takes no requests for a minute or two. Uploads that are open go on afterwards. The system may ask for the password of an administrator.',
  'update.detailRunning':
    'If you install now, they are ended first; everything recorded so far is finished and kept, but they do not go on afterwards. "Later" leaves them alone: the update stays ready.',
  'update.now': 'Install and restart',
  'update.stop': 'Stop recordings and install',
  'update.later': 'Later',
  'update.readyTitle': 'Version {version} is ready',
  'update.readyText': 'Click here, or choose it in the menu of the icon when it suits.',
  'update.newest': 'You have the newest version, {version}.',
  'update.found': 'There is a newer version, {version}.',
  'update.foundIdle': 'It is being fetched. The menu of the icon says when it is ready.',
  'update.foundBusy':
    'It is fetched once nothing is being recorded and finished. The menu of the icon says when it is ready.',
  'update.trouble': 'Updates do not work',
  'update.unreachable':
    'The address for updates does not answer: {feed}\n\nCheck the network and that server. The app tries again by itself.',
  'update.certificate':
    "The certificate of the address for updates is not trusted: {feed}\n\nAdd the authority that made it to those of this computer, or correct that server's certificate.",
  'update.insecure':
    'The address for updates leads on to one without https: {feed}\n\nCorrect that server; nothing is fetched where others could change it on the way.',
  'update.refused':
    'The server of the updates refuses to answer: {feed}\n\nAllow this computer to read that folder without a password.',
  'update.empty':
    'There is no list of versions at the address for updates: {feed}\n\nPut the files of the update folder there (latest*.yml beside the packages), or correct the address in the settings.',
  'update.wrongList':
    'The list of versions at the address for updates cannot be used, or the package that it names is not there: {feed}\n\nPut all files of one version there, and the list (latest*.yml) last.',
  'update.damaged':
    'The package at the address for updates is not the one that its list describes: {feed}\n\nIt was not installed. Copy package and list anew from one release; ask who else can write into that folder.',
  'update.signature':
    'The new version is not signed as this one is.\n\nIt was not installed. Take the packages from where this one came from.',
  'update.disk':
    'The update cannot be written to the disk of this computer.\n\nMake room, or allow this user to write to the folder of the app.',
  'update.unsupported':
    'This copy of the app does not update itself.\n\nInstall newer versions by hand. Of the packages for Linux, the AppImage and the deb can update themselves.',
  'update.notInstalled':
    'The last update was fetched, but is not installed.\n\nTry it again; the system may have asked for a password. If it fails again, install the newer version by hand.',
  'update.other': 'Looking for a newer version did not work.\n\nThe app tries again by itself; the log says more.',
  'start.title': 'TRTC Recorder cannot start',
  'start.byItself': 'The box also tries again by itself every ten seconds.',
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
  'address.message': 'This computer does not have the address {host} at present.',
  'address.detail':
    'The settings tell the box to listen there. Connect the network and try again, or correct http.host in the file {file}.',
  'settings.message': 'The settings of the box cannot be used.',
  'settings.detail': '{problems}\n\nCorrect the file {file} and try again.',
  'environment.message': 'The box was started with a wrong environment variable.',
  'environment.detail': '{problem}\n\nCorrect it where the box is started, and start the box again.',
  'key.message': 'The keychain of this computer does not open the key of the stored secrets.',
  'key.detail':
    'It is locked, was reset, or belongs to another user or computer. Nothing was changed or deleted.\n\nUnlock the keychain, or sign in as the user who set the box up, and try again. Where that is no longer possible: if you have a copy of secret.key, put it into the folder of the box. If you have none, move secret.key.sealed out of that folder; the box then makes a new key, and all keys that were stored for COS have to be given again.\n\nFolder of the box:\n{directory}',
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
