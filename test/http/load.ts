import { type Agent, request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { recordingBody } from './raw-attacks.ts';

/** Connections that cost a server without using it, and requests at a steady pace beside them. */

const SLOW_BYTE_EVERY_MS = 100;
const REOPEN_AFTER_MS = 50;

export interface Crowd {
  /** How many connections stand now. */
  open(): number;
  leave(): void;
}

export interface CrowdOptions {
  port: number;
  /** Connections that say nothing at all. */
  idle: number;
  /** Connections that send a request to record, a byte every tenth of a second. */
  slow: number;
}

/** Holds so many connections for as long as it is not told to leave; those that the server ends are made again. */
export function gatherCrowd({ port, idle, slow }: CrowdOptions): Crowd {
  const sockets = new Set<Socket>();
  const timers = new Set<NodeJS.Timeout>();
  let hasLeft = false;
  const body = recordingBody(970_000);
  const request = `POST / HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
  const join = (isSlow: boolean): void => {
    if (hasLeft) return;
    const socket = connect({ port, host: '127.0.0.1' });
    let at = 0;
    const drip = isSlow
      ? setInterval(() => socket.write(request[at++ % request.length] ?? ''), SLOW_BYTE_EVERY_MS)
      : undefined;
    socket.on('connect', () => sockets.add(socket));
    socket.on('error', () => {});
    socket.on('close', () => {
      clearInterval(drip);
      sockets.delete(socket);
      const timer = setTimeout(() => {
        timers.delete(timer);
        join(isSlow);
      }, REOPEN_AFTER_MS);
      timers.add(timer);
    });
    socket.resume();
  };
  for (let n = 0; n < idle + slow; n += 1) join(n >= idle);
  return {
    open: () => sockets.size,
    leave() {
      hasLeft = true;
      for (const timer of timers) clearTimeout(timer);
      for (const socket of sockets) socket.destroy();
    },
  };
}

export interface Paced {
  /** Milliseconds from the moment a request was due to the end of its answer, sorted. */
  latenciesMs: number[];
  /** How many answers there were of each status; `none` for requests without one. */
  statuses: Record<string, number>;
}

export interface PaceOptions {
  perSecond: number;
  requests: number;
  /** Sends the n-th request. @returns its status */
  send(n: number): Promise<number>;
}

/** Sends at fixed times whether or not earlier requests were answered, as independent callers do. */
export async function atPace({ perSecond, requests, send }: PaceOptions): Promise<Paced> {
  const latenciesMs: number[] = [];
  const statuses: Record<string, number> = {};
  const startedAt = performance.now();
  const one = async (n: number): Promise<void> => {
    const dueAt = startedAt + (n * 1000) / perSecond;
    await new Promise((resolve) => setTimeout(resolve, Math.max(1, dueAt - performance.now())));
    const status = await send(n).then(String, () => 'none');
    latenciesMs.push(performance.now() - dueAt);
    statuses[status] = (statuses[status] ?? 0) + 1;
  };
  await Promise.all(Array.from({ length: requests }, (_, n) => one(n)));
  latenciesMs.sort((a, b) => a - b);
  return { latenciesMs, statuses };
}

/** The latency that so many of a hundred requests did not exceed. */
export function percentile({ latenciesMs }: Paced, percent: number): number {
  return latenciesMs[Math.min(latenciesMs.length - 1, Math.ceil((latenciesMs.length * percent) / 100) - 1)] ?? 0;
}

export interface CallerOptions {
  baseUrl: string;
  /** Keeps the caller's connections. */
  agent: Agent;
}

/** Sends one request and gives the status of its answer. */
export type Caller = (method: string, path: string, body?: string, key?: string) => Promise<number>;

/** A caller that keeps its connections. One that the server had just given up is no failure: the request goes again by another. */
export function callerOf({ baseUrl, agent }: CallerOptions): Caller {
  const call: Caller = (method, path, body, key) =>
    new Promise((resolve, reject) => {
      const headers = { 'content-type': 'application/json', ...(key ? { 'idempotency-key': key } : {}) };
      const sent = request(new URL(path, baseUrl), { agent, method, headers }, (response) => {
        response.resume().on('end', () => resolve(response.statusCode ?? 0));
      });
      sent.on('error', (error) => {
        if (sent.reusedSocket && 'code' in error && error.code === 'ECONNRESET') resolve(call(method, path, body, key));
        else reject(error);
      });
      sent.end(body);
    });
  return call;
}
