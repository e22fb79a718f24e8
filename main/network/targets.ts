import { isIP } from 'node:net';
import { addressKind, isLoopbackHost } from './address-kind.ts';
import { type HostPatterns, hostPatterns } from './host-patterns.ts';

/** Which machines the box calls when a request tells it to. Pure. */
export interface TargetPolicy {
  /**
   * What is known before the name is looked up: null means that it may be tried.
   * @param host of a URL: with or without brackets.
   */
  judgeHost(host: string, how?: Trust): TargetRefusal | null;
  /** Whether a connection for `host` may go to `address`, which its name was found to have. */
  judgeAddress(address: string, host: string, how?: Trust): TargetRefusal | null;
}

/** `operator`: the target was named by whoever set the box up, not by a request; only addresses that are never called are refused. */
export type Trust = 'operator' | 'request';

export type TargetRefusal = 'forbidden' | 'loopback' | 'notListed';

export interface TargetRules {
  /** Hosts that may be called; null for all. See `hostPatternProblem`. */
  allowedHosts: readonly string[] | null;
  /** Whether this machine itself may be called without being listed by its address. */
  allowLoopback: boolean;
}

/** Node's code on the error of a connection that was refused for where it would have gone. */
export const TARGET_REFUSED = 'AddressRefused';

/** A connection was not made because of where it would have gone. The message names the host, and never more of an address. */
export class TargetRefusedError extends Error {
  readonly code = TARGET_REFUSED;
  readonly reason: TargetRefusal;
  constructor(host: string, reason: TargetRefusal) {
    super(`${host} ${WHY[reason]}`);
    this.name = 'TargetRefusedError';
    this.reason = reason;
  }
}

const WHY: Readonly<Record<TargetRefusal, string>> = {
  forbidden: 'leads to an address that the box never calls (link-local, metadata service, multicast or reserved)',
  loopback: 'leads to the box itself, which the setting network.loopback does not allow',
  notListed: 'is not in the setting network.allowedHosts',
};

export function createTargetPolicy({ allowedHosts, allowLoopback }: TargetRules): TargetPolicy {
  const listed: HostPatterns | null = allowedHosts === null ? null : hostPatterns(allowedHosts);

  const judgeAddress: TargetPolicy['judgeAddress'] = (address, host, how = 'request') => {
    const kind = addressKind(address);
    if (kind === 'forbidden') return 'forbidden';
    if (how === 'operator') return null;
    const isListed = listed?.matchesAddress(address) ?? false;
    if (kind === 'loopback' && !allowLoopback && !isListed) return 'loopback';
    return listed === null || isListed || listed.matchesName(bareHost(host)) ? null : 'notListed';
  };

  const judgeHost: TargetPolicy['judgeHost'] = (host, how = 'request') => {
    const name = bareHost(host);
    if (isIP(name) !== 0) return judgeAddress(name, name, how);
    if (how === 'operator') return null;
    const mayBeListedByAddress = listed?.holdsAddresses ?? false;
    if (isLoopbackHost(name) && !allowLoopback && !mayBeListedByAddress) return 'loopback';
    return listed === null || mayBeListedByAddress || listed.matchesName(name) ? null : 'notListed';
  };

  return { judgeHost, judgeAddress };
}

/** A host name as it is compared: lower case, without brackets and without the root's dot. */
function bareHost(host: string): string {
  return host
    .replace(/^\[|\]$/g, '')
    .replace(/\.$/, '')
    .toLowerCase();
}
