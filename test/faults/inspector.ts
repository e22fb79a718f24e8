import { setTimeout as sleep } from 'node:timers/promises';

/** Looks into a running Node process through its inspector, which SIGUSR1 opens on this machine only. */
export interface Inspector {
  /** Collects garbage, all of it. */
  collectGarbage(): Promise<void>;
  /** Value of an expression in the process; it must be JSON. */
  evaluate<T>(expression: string): Promise<T>;
  close(): void;
}

/** Environment under which the inspector takes any free port instead of its usual one. */
export const INSPECTABLE = { NODE_OPTIONS: '--inspect-port=127.0.0.1:0' };

const OPEN_WITHIN_MS = 60_000;
const ANSWER_WITHIN_MS = 30_000;

/** @param log what the process wrote to stderr so far, where it tells its inspector's address */
export async function openInspector(pid: number, log: () => string): Promise<Inspector> {
  process.kill(pid, 'SIGUSR1');
  const address = await addressIn(log);
  const socket = new WebSocket(address);
  await new Promise<void>((resolve, reject) => {
    socket.addEventListener('open', () => resolve(), { once: true });
    socket.addEventListener('error', () => reject(new Error(`no inspector at ${address}`)), { once: true });
  });
  const waiting = new Map<number, (reply: Reply) => void>();
  socket.addEventListener('message', ({ data }) => {
    const reply = JSON.parse(String(data)) as Reply;
    if (reply.id !== undefined) waiting.get(reply.id)?.(reply);
  });
  let last = 0;
  const call = async (method: string, params: Record<string, unknown> = {}): Promise<Reply> => {
    last += 1;
    const id = last;
    const { promise, resolve, reject } = Promise.withResolvers<Reply>();
    const timer = setTimeout(() => reject(new Error(`${method} was not answered`)), ANSWER_WITHIN_MS);
    waiting.set(id, resolve);
    socket.send(JSON.stringify({ id, method, params }));
    const reply = await promise.finally(() => {
      clearTimeout(timer);
      waiting.delete(id);
    });
    if (reply.error) throw new Error(`${method}: ${reply.error.message}`);
    return reply;
  };
  return {
    async collectGarbage() {
      // Twice: what finalizers let go in the first round is gone after the second.
      await call('HeapProfiler.collectGarbage');
      await call('HeapProfiler.collectGarbage');
    },
    async evaluate<T>(expression: string) {
      const reply = await call('Runtime.evaluate', { expression, returnByValue: true });
      return reply.result?.result?.value as T;
    },
    close: () => socket.close(),
  };
}

interface Reply {
  id?: number;
  error?: { message: string };
  result?: { result?: { value?: unknown } };
}

async function addressIn(log: () => string): Promise<string> {
  const deadline = performance.now() + OPEN_WITHIN_MS;
  while (performance.now() < deadline) {
    const address = /ws:\/\/127\.0\.0\.1:\d+\/[\w-]+/.exec(log())?.[0];
    if (address) return address;
    await sleep(50);
  }
  throw new Error('the process does not open its inspector');
}
