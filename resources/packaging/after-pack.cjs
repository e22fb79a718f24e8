// Runs inside electron-builder once a program's folder is filled. On Linux the SDK's addon names its libraries without a place, and the
// loader looks for them beside the program: links lead from there to where they lie, so that they are shipped once.
const fs = require('node:fs');
const path = require('node:path');

const LIBRARIES = 'resources/app.asar.unpacked/node_modules/trtc-electron-sdk/build/Release';

exports.default = function linkLibraries({ appOutDir, electronPlatformName }) {
  if (electronPlatformName !== 'linux') return;
  const folder = path.join(appOutDir, LIBRARIES);
  if (!fs.existsSync(folder)) return;
  for (const name of fs.readdirSync(folder)) {
    const link = path.join(appOutDir, name);
    // Electron's own libraries come first.
    if (/\.so(\.\d+)*$/.test(name) && !fs.existsSync(link)) fs.symlinkSync(`${LIBRARIES}/${name}`, link);
  }
};
