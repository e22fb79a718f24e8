import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';

/** The vendor's npm package. */
export const SDK_PACKAGE = 'trtc-electron-sdk';
/** File name of its native addon, the same on every system. */
export const ADDON_FILE = 'trtc_electron_sdk.node';

const require = createRequire(import.meta.url);

/** Where the vendor's native addon belongs and whether it is there. Loads nothing of the SDK. */
export function findAddon(): { present: boolean; path: string } {
  const file = path.join(path.dirname(require.resolve(`${SDK_PACKAGE}/package.json`)), 'build', 'Release', ADDON_FILE);
  return { present: existsSync(file), path: file };
}

/** Version of the vendor's package. Loads nothing of the SDK. */
export function sdkVersion(): string {
  const { version } = require(`${SDK_PACKAGE}/package.json`) as { version: string };
  return version;
}
