import { readFile } from 'node:fs/promises';
import { productPath } from '../../../product-root.ts';
import type { PlaneKernel } from './kernel.ts';

const DEFAULT_PATH = productPath('resources/kernel/mix.wasm');

/**
 * Reads and starts the compiled mixing kernel. Each call makes an independent one with its own memory.
 * @param wasmPath where the module is; by default `resources/kernel/mix.wasm` of this installation
 * @throws Error with code KERNEL_MISSING when the file is not there
 */
export async function loadKernel(wasmPath: string = DEFAULT_PATH): Promise<PlaneKernel> {
  let bytes: Buffer<ArrayBuffer>;
  try {
    bytes = await readFile(wasmPath);
  } catch (cause) {
    const error = new Error(`The mixing kernel cannot be read from ${wasmPath}. "npm run build:kernel" makes it.`, {
      cause,
    });
    throw Object.assign(error, { code: 'KERNEL_MISSING' });
  }
  const { instance } = await WebAssembly.instantiate(bytes, {});
  return instance.exports as unknown as PlaneKernel;
}
