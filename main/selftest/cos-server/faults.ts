import type { Operation, Target } from './target.ts';

/** Deliberate misbehaviour of the local object store, for tests and demonstrations. */

export interface FaultMatch {
  /** HTTP method, upper case. */
  method?: string;
  operation?: Operation;
  partNumber?: number;
  key?: string;
}

/** What goes wrong. */
export type FaultEffect =
  /** An XML error instead of the operation, after the body was read. `requestId: false` leaves out the service's request id. */
  | { kind: 'error'; status: number; code: string; message?: string; requestId?: boolean; retryAfterSeconds?: number }
  /** A web page such as a hotel's login portal sends, with no trace of the service. 302 carries a Location. */
  | { kind: 'portal'; status: 200 | 302 | 403 | 407; html?: string }
  /** The server's clock differs from the true one: signatures are judged and `Date` is sent by it. */
  | { kind: 'clockSkew'; skewMs: number }
  | { kind: 'delay'; delayMs: number }
  /** The body is read, an answer never comes. */
  | { kind: 'hang' }
  /** The body is read at this pace. */
  | { kind: 'throttle'; bytesPerSecond: number }
  | { kind: 'resetBeforeBody' }
  | { kind: 'resetMidBody'; afterBytes: number }
  /** The operation is done, then the connection is reset instead of the answer. */
  | { kind: 'replyLost' }
  /** The operation is done, the connection is closed after this many bytes of the answer's body. */
  | { kind: 'replyCut'; afterBytes: number }
  /** One bit of the body is turned over on the way in. */
  | { kind: 'corruptBody' }
  | { kind: 'missingEtag' }
  | { kind: 'wrongEtag' }
  | { kind: 'missingCrc' }
  | { kind: 'wrongCrc' }
  /** Complete answers 200 with an `<Error>` in its body; with `performed` the object exists nevertheless. */
  | { kind: 'okWithError'; code: string; performed?: boolean }
  /** The upload is forgotten just before the operation. */
  | { kind: 'forgetUpload' }
  /** The answer is sent, then the kept-alive connection is closed. */
  | { kind: 'closeAfterReply'; afterMs: number };

export type Fault = FaultEffect & {
  match?: FaultMatch;
  /** First matching request that is hit, counted from 1 (default). */
  nth?: number;
  /** How many matching requests in a row are hit; default 1. */
  times?: number;
};

type EffectOf<K extends FaultEffect['kind']> = Extract<FaultEffect, { kind: K }>;

/** The faults that apply to one request. */
export class ActiveFaults {
  readonly #effects: readonly FaultEffect[];

  constructor(effects: readonly FaultEffect[]) {
    this.#effects = effects;
  }

  /** The first active fault of this kind. */
  find<K extends FaultEffect['kind']>(kind: K): EffectOf<K> | undefined {
    return this.#effects.find((effect): effect is EffectOf<K> => effect.kind === kind);
  }

  has(kind: FaultEffect['kind']): boolean {
    return this.find(kind) !== undefined;
  }
}

/** The planned faults. Each counts the requests that match it. */
export class FaultList {
  readonly #entries: { fault: Fault; seen: number }[] = [];

  /** Plans a fault and returns a function that takes it back. */
  add(fault: Fault): () => void {
    const entry = { fault, seen: 0 };
    this.#entries.push(entry);
    return () => {
      const index = this.#entries.indexOf(entry);
      if (index >= 0) this.#entries.splice(index, 1);
    };
  }

  clear(): void {
    this.#entries.length = 0;
  }

  /** Counts a request and tells which faults hit it. */
  take(method: string, target: Target): ActiveFaults {
    const hit: FaultEffect[] = [];
    for (const entry of this.#entries) {
      if (!matches(entry.fault.match ?? {}, method, target)) continue;
      entry.seen += 1;
      const first = entry.fault.nth ?? 1;
      if (entry.seen >= first && entry.seen < first + (entry.fault.times ?? 1)) hit.push(entry.fault);
    }
    return new ActiveFaults(hit);
  }
}

function matches(match: FaultMatch, method: string, target: Target): boolean {
  return (
    (match.method === undefined || match.method === method) &&
    (match.operation === undefined || match.operation === target.operation) &&
    (match.partNumber === undefined || match.partNumber === target.partNumber) &&
    (match.key === undefined || match.key === target.key)
  );
}
