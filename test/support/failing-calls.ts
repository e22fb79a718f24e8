/** Errors of a disk, as the system words them. */
export const DISK_CODES = ['ENOSPC', 'EIO', 'EDQUOT', 'EROFS'] as const;

/** The system's error with a code. */
export function systemError(code: string, call = 'write'): NodeJS.ErrnoException {
  return Object.assign(new Error(`${code}: injected, ${call}`), { code, syscall: call });
}

/** Counts calls and says which of them is to fail. */
export interface CallCounter {
  /** To be called at the beginning of every call: throws when its turn to fail has come. */
  note(call: string): void;
  /** Calls so far. */
  readonly count: number;
  /** The call that failed, or null. */
  readonly failed: string | null;
}

/** The `failAt`th call fails with the error made by `error`, and only that one; with 0 none does. */
export function failOnce(failAt: number, error: (call: string) => Error): CallCounter {
  let count = 0;
  let failed: string | null = null;
  return {
    get count() {
      return count;
    },
    get failed() {
      return failed;
    },
    note(call) {
      count += 1;
      if (count !== failAt) return;
      failed = call;
      throw error(call);
    },
  };
}

/** An object with synchronous methods that pass the counter first. */
export function countedSync<T extends object>(target: T, counter: CallCounter): T {
  return new Proxy(target, {
    get(object, name) {
      const value: unknown = Reflect.get(object, name, object);
      if (typeof value !== 'function') return value;
      return (...args: unknown[]) => {
        counter.note(String(name));
        return value.apply(object, args) as unknown;
      };
    },
  });
}

/** An object with promising methods that pass the counter first; so do those of the handles that its `open` resolves with. */
export function countedAsync<T extends object>(target: T, counter: CallCounter, prefix = ''): T {
  return new Proxy(target, {
    get(object, name) {
      const value: unknown = Reflect.get(object, name, object);
      if (typeof value !== 'function') return value;
      return async (...args: unknown[]) => {
        // A close that fails has closed nevertheless.
        if (name === 'close') await value.apply(object, args);
        counter.note(`${prefix}${String(name)}`);
        if (name === 'close') return undefined;
        const result: unknown = await value.apply(object, args);
        return name === 'open' ? countedAsync(result as object, counter, 'handle.') : result;
      };
    },
  });
}
