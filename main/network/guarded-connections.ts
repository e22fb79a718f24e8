import { type LookupAddress, type LookupOptions, lookup as systemLookup } from 'node:dns';
import type { Agent } from 'node:http';
import type { LookupFunction, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { type TargetPolicy, TargetRefusedError, type Trust } from './targets.ts';

/** Looks up all addresses of a name; the operating system's resolver by default. */
export type Resolve = (
  name: string,
  options: LookupOptions & { all: true },
  done: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void;

/**
 * A `lookup` for sockets that hands out only addresses the policy allows. It is asked anew for every connection, so a name that leads
 * elsewhere the second time is judged the second time as well.
 */
export function guardedLookup(
  policy: TargetPolicy,
  how: Trust = 'request',
  resolve: Resolve = systemLookup,
): LookupFunction {
  return (name, options, done) => {
    resolve(name, { ...options, all: true }, (error, addresses) => {
      if (error) return done(error, '');
      const refusals = addresses.map(({ address }) => policy.judgeAddress(address, name, how));
      const allowed = addresses.filter((_, index) => refusals[index] === null);
      const [first] = allowed;
      if (first === undefined) return done(new TargetRefusedError(name, refusals[0] ?? 'forbidden'), '');
      return options.all ? done(null, allowed) : done(null, first.address, first.family);
    });
  };
}

type Connected = (error: Error | null, socket: Duplex) => void;
/** What of an agent is needed to stand in its way; its own type knows no `options`. */
type OpenAgent = Agent & {
  options: { lookup?: LookupFunction };
  createConnection(options: { host?: string | null | undefined }, callback?: Connected): Duplex | null | undefined;
};

/** Makes an agent connect only where the policy allows. Sockets look up names alone, so addresses are judged before. @returns the agent */
export function guardAgent<A extends Agent>(agent: A, policy: TargetPolicy, how: Trust, resolve?: Resolve): A {
  const open = agent as unknown as OpenAgent;
  open.options.lookup = guardedLookup(policy, how, resolve);
  const connect = open.createConnection.bind(agent);
  open.createConnection = (options, callback) => {
    const host = options.host ?? 'localhost';
    const refusal = policy.judgeHost(host, how);
    if (refusal === null) return connect(options, callback);
    // Node takes the socket only when there is no error, whatever its type says.
    callback?.(new TargetRefusedError(host, refusal), undefined as unknown as Socket);
    return undefined;
  };
  return agent;
}
