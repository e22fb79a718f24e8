import fs from 'node:fs';
import fsPromises, { type FileHandle } from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import path from 'node:path';
import type { CallCounter } from './failing-calls.ts';

const ASYNC_CALLS = [
  'open',
  'rename',
  'rm',
  'unlink',
  'stat',
  'readdir',
  'mkdir',
  'readFile',
  'writeFile',
  'link',
] as const;
const SYNC_CALLS = ['openSync', 'renameSync', 'rmSync', 'unlinkSync', 'linkSync', 'mkdirSync', 'statSync'] as const;
/** Synchronous calls that take a descriptor. */
const SYNC_HANDLE_CALLS = ['writeFileSync', 'writeSync', 'fsyncSync', 'fdatasyncSync', 'closeSync'] as const;
const HANDLE_CALLS = ['read', 'write', 'sync', 'datasync', 'stat', 'truncate', 'close'] as const;

type Anything = (...args: unknown[]) => unknown;
type Table = Record<string, Anything>;

/**
 * Passes every file call of this process that goes below `root` through the counter, whoever makes it: promises, descriptors,
 * synchronous calls and read streams. Nothing of the product has to know. Call the result to end it.
 */
export async function failDisk(root: string, counter: CallCounter): Promise<() => void> {
  const undo: (() => void)[] = [];
  const handles = new WeakSet<object>();
  const descriptors = new Set<number>();
  const isBelow = (place: unknown): boolean => typeof place === 'string' && path.resolve(place).startsWith(root);
  const replace = (owner: object, name: string, make: (original: Anything) => Anything): void => {
    const table = owner as Table;
    const original = table[name];
    if (original === undefined) return;
    table[name] = make(original);
    undo.push(() => {
      table[name] = original;
    });
  };

  for (const name of ASYNC_CALLS) {
    replace(fsPromises, name, (original) => async (...args) => {
      if (!isBelow(args[0])) return await original.apply(fsPromises, args);
      counter.note(name);
      const result = await original.apply(fsPromises, args);
      if (name === 'open') handles.add(result as object);
      return result;
    });
  }
  for (const name of SYNC_CALLS) {
    replace(fs, name, (original) => (...args) => {
      if (!isBelow(args[0])) return original.apply(fs, args);
      counter.note(name);
      const result = original.apply(fs, args);
      if (name === 'openSync') descriptors.add(result as number);
      return result;
    });
  }
  for (const name of SYNC_HANDLE_CALLS) {
    replace(fs, name, (original) => (...args) => {
      if (!descriptors.has(args[0] as number)) return original.apply(fs, args);
      // A close that fails has closed nevertheless.
      if (name === 'closeSync') original.apply(fs, args);
      if (name === 'closeSync') descriptors.delete(args[0] as number);
      counter.note(name);
      return name === 'closeSync' ? undefined : original.apply(fs, args);
    });
  }
  // Streams open and read through the calls with callbacks.
  for (const name of ['open', 'read'] as const) {
    replace(fs, name, (original) => (...args) => {
      const isOurs = name === 'open' ? isBelow(args[0]) : descriptors.has(args[0] as number);
      const callback = args.at(-1) as (error: Error | null, value?: unknown) => void;
      if (!isOurs) return original.apply(fs, args);
      try {
        counter.note(`stream.${name}`);
      } catch (error) {
        return setImmediate(() => callback(error as Error));
      }
      if (name === 'read') return original.apply(fs, args);
      return original.apply(fs, [
        ...args.slice(0, -1),
        (error: Error | null, descriptor?: unknown) => {
          if (typeof descriptor === 'number') descriptors.add(descriptor);
          callback(error, descriptor);
        },
      ]);
    });
  }
  const prototype = await handlePrototype();
  for (const name of HANDLE_CALLS) {
    replace(
      prototype,
      name,
      (original) =>
        async function (this: FileHandle, ...args: unknown[]) {
          if (!handles.has(this)) return await original.apply(this, args);
          if (name === 'close') await original.apply(this, args);
          counter.note(`handle.${name}`);
          return name === 'close' ? undefined : await original.apply(this, args);
        },
    );
  }
  syncBuiltinESMExports();
  return () => {
    for (const step of undo.reverse()) step();
    syncBuiltinESMExports();
  };
}

async function handlePrototype(): Promise<object> {
  const handle = await fsPromises.open(process.execPath, 'r');
  const prototype: object = Object.getPrototypeOf(handle) as object;
  await handle.close();
  return prototype;
}
