import { BlockList, isIP } from 'node:net';

/** Entries of lists of hosts: a name, `*.` and a name for everything below it, an address, or a network as `10.0.0.0/8`. Pure. */

/** What is wrong with an entry, or null. */
export function hostPatternProblem(entry: string): string | null {
  if (networkOf(entry) !== null) return null;
  if (/^(\*\.)?[a-z0-9_]([a-z0-9_.-]*[a-z0-9_])?$/.test(entry) && !/^[0-9.]+$/.test(entry)) return null;
  return 'must be a host name in lower case, *.NAME, an address, or a network such as 10.0.0.0/8, without scheme and port';
}

/** Entries that passed `hostPatternProblem`, ready to be asked. */
export interface HostPatterns {
  /** Whether any entry is an address or a network. */
  readonly holdsAddresses: boolean;
  /** @param name in lower case. */
  matchesName(name: string): boolean;
  matchesAddress(address: string): boolean;
}

export function hostPatterns(entries: readonly string[]): HostPatterns {
  const networks = new BlockList();
  const names = new Set<string>();
  const suffixes: string[] = [];
  let holdsAddresses = false;
  for (const entry of entries) {
    const network = networkOf(entry);
    if (network !== null) {
      networks.addSubnet(network.address, network.bits, network.family);
      holdsAddresses = true;
    } else if (entry.startsWith('*.')) suffixes.push(entry.slice(1));
    else names.add(entry);
  }
  return {
    holdsAddresses,
    matchesName: (name) => names.has(name) || suffixes.some((suffix) => name.endsWith(suffix)),
    matchesAddress: (address) => {
      const version = isIP(address);
      return version !== 0 && networks.check(address, version === 6 ? 'ipv6' : 'ipv4');
    },
  };
}

function networkOf(entry: string): { address: string; bits: number; family: 'ipv4' | 'ipv6' } | null {
  const [address = '', bitsText, ...rest] = entry.split('/');
  const version = isIP(address);
  if (version === 0 || rest.length > 0 || address.includes('%')) return null;
  const longest = version === 6 ? 128 : 32;
  if (bitsText !== undefined && !/^[0-9]{1,3}$/.test(bitsText)) return null;
  const bits = bitsText === undefined ? longest : Number(bitsText);
  return bits > longest ? null : { address, bits, family: version === 6 ? 'ipv6' : 'ipv4' };
}
