import { readFile } from 'node:fs/promises';
import { productPath } from '../../../product-root.ts';
import type { PlaneKernel } from './kernel.ts';
import type { SoundFunctions } from './sound.ts';
import { SoundKernel } from './sound-kernel.ts';

const DEFAULT_PATH = productPath('resources/kernel/mix.wasm');

/**
 * Reads and starts the compiled mixing kernel for pictures. Each call makes an independent one with its own memory.
 * @param wasmPath where the module is; by default `resources/kernel/mix.wasm` of this installation
 * @throws Error with code KERNEL_MISSING when the file is not there
 */
export async function loadKernel(wasmPath: string = DEFAULT_PATH): Promise<PlaneKernel> {
  return (await startModule(wasmPath)) as unknown as PlaneKernel;
}

/**
 * Starts the same module for sound, with memory of its own that holds nothing else: a page, and the weights of the rates that are heard.
 * @param wasmPath where the module is; by default `resources/kernel/mix.wasm` of this installation
 * @throws Error with code KERNEL_MISSING when the file is not there
 */
export async function loadSoundKernel(wasmPath: string = DEFAULT_PATH): Promise<SoundKernel> {
  return new SoundKernel((await startModule(wasmPath)) as unknown as SoundFunctions);
}

async function startModule(wasmPath: string): Promise<WebAssembly.Exports> {
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
  return instance.exports;
}
