import { existsSync } from 'node:fs';
import path from 'node:path';

/** Where the product's own files lie, in a checkout (`main/…`), compiled (`dist/app/main/…`) and inside the archive of a package alike. */

/**
 * The folder with the product's `package.json`: the checkout, or the root of the archive. Whatever is read at run time is named from
 * here and not from the place of the code, which differs between the three.
 */
export const PRODUCT_ROOT = rootAbove(import.meta.dirname);

/** Full path of one of the product's own files, named from its root with forward slashes, such as `resources/kernel/mix.wasm`. */
export function productPath(relative: string): string {
  return path.join(PRODUCT_ROOT, relative);
}

/** @throws Error when no folder above holds a package.json: files were copied out of their installation one by one */
function rootAbove(start: string): string {
  for (let directory = start; ; directory = path.dirname(directory)) {
    if (existsSync(path.join(directory, 'package.json'))) return directory;
    if (directory === path.dirname(directory)) {
      throw new Error(`No package.json lies above ${start}: this installation is not whole. Install the box again.`);
    }
  }
}
