// Puts the configuration of electron-builder together: electron-builder.yml and, of what is installed, the packages nothing loads.

import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { superfluousPatterns } from './runtime-packages.mjs';

// Comes with electron-builder, which reads its own configuration by it.
const { load } = createRequire(createRequire(import.meta.url).resolve('electron-builder'))('js-yaml');

/** electron-builder's configuration as an object. */
export function packageConfig(root) {
  const config = load(readFileSync(path.join(root, 'electron-builder.yml'), 'utf8'));
  return { ...config, files: [...config.files, ...superfluousPatterns(root)] };
}

/** What a package for this machine cannot do without, as `{ file, what, remedy }`; empty when all of it is installed. */
export function missingNatives(root, platform = process.platform) {
  const sdk = 'node_modules/trtc-electron-sdk/build/Release/trtc_electron_sdk.node';
  const ffmpeg = `node_modules/ffmpeg-static/ffmpeg${platform === 'win32' ? '.exe' : ''}`;
  return [
    {
      file: sdk,
      what: 'the native addon of the TRTC SDK',
      remedy: 'npm rebuild trtc-electron-sdk (needs web.sdk.qcloud.com)',
    },
    { file: ffmpeg, what: 'ffmpeg', remedy: 'npm rebuild ffmpeg-static (needs github.com)' },
  ].filter(({ file }) => !existsSync(path.join(root, file)));
}
