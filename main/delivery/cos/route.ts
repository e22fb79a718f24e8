import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import type { Duplex } from 'node:stream';
import { checkServerIdentity, type PeerCertificate } from 'node:tls';
import { guardAgent, type Resolve } from '../../network/guarded-connections.ts';
import { type ProxyVariables, proxyFor } from '../../network/proxy.ts';
import { type TargetPolicy, type TargetRefusal, TargetRefusedError, type Trust } from '../../network/targets.ts';
import { TunnelAgent } from '../../network/tunnel-agent.ts';

/** How the box reaches the network. */
export interface CosNetwork {
  /** Address of an HTTP proxy for every request; null lets the variables decide. May hold a password. */
  proxy: string | null;
  /** Environment variables that name proxies. */
  variables: ProxyVariables;
  /** All authorities that TLS trusts, PEM; undefined means Node's own. */
  authorities: readonly string[] | undefined;
  /** Where connections may go; anywhere when undefined. Behind a proxy only names are judged: the proxy looks them up. */
  targets?: TargetPolicy | undefined;
  /** Looks names up; the operating system by default. */
  resolve?: Resolve | undefined;
}

/** Straight to COS, with Node's own authorities. */
export const DIRECT: CosNetwork = { proxy: null, variables: {}, authorities: undefined };

/** Where a client's requests go. */
export interface CosRoute {
  /** Holds the connections. */
  agent: HttpAgent;
  /** Proxy that gets plain requests in absolute form; null otherwise, also where the agent makes tunnels. */
  requestProxy: string | null;
  /** Ends all connections and refuses new ones: the SDK repeats calls that nobody waits for any more, and an Init that got through then
   * would leave an upload behind. */
  close(): void;
}

/**
 * @param how who named the target.
 * @param timeoutMs for a proxy to open a tunnel.
 */
export function createRoute(target: URL, how: Trust, network: CosNetwork, timeoutMs: number): CosRoute {
  const proxy = proxyFor(target, network.proxy, network.variables);
  const { targets } = network;
  const refusal = targets?.judgeHost(target.hostname, how) ?? null;
  const guarded = <A extends HttpAgent>(agent: A): A => {
    if (refusal !== null) return refusing(agent, target.hostname, refusal);
    // Through a proxy connections go to the proxy, which was named in the settings.
    return proxy === null && targets !== undefined ? guardAgent(agent, targets, how, network.resolve) : agent;
  };
  if (target.protocol === 'http:') return routeOver(guarded(new HttpAgent({ keepAlive: true })), proxy);
  const options = {
    keepAlive: true,
    ...(network.authorities === undefined ? {} : { ca: [...network.authorities] }),
    checkServerIdentity: (name: string, certificate: PeerCertificate) => {
      // A gateway that was named in the settings may identify itself by that name: it need not own one of COS.
      const problem = checkServerIdentity(name, certificate);
      return problem && checkServerIdentity(target.hostname, certificate) ? problem : undefined;
    },
  };
  const agent = proxy === null ? new HttpsAgent(options) : new TunnelAgent(proxy, timeoutMs, options);
  return routeOver(guarded(agent), null);
}

function refusing<A extends HttpAgent>(agent: A, host: string, reason: TargetRefusal): A {
  agent.createConnection = (_options: object, callback?: (error: Error | null, socket: Duplex) => void): undefined => {
    callback?.(new TargetRefusedError(host, reason), undefined as unknown as Duplex);
  };
  return agent;
}

function routeOver(agent: HttpAgent, requestProxy: string | null): CosRoute {
  return {
    agent,
    requestProxy,
    close() {
      agent.createConnection = refuse;
      agent.destroy();
    },
  };
}

function refuse(_options: object, callback?: (error: Error | null, socket: Duplex) => void): undefined {
  const error = Object.assign(new Error('The client was closed'), { code: 'ECONNABORTED' });
  // Node takes the socket only when there is no error, whatever its type says.
  callback?.(error, undefined as unknown as Duplex);
}
