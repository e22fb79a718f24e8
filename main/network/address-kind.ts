import { BlockList, isIP } from 'node:net';

/**
 * What an address is, as far as it matters to somebody who is told to call it: `forbidden` is nobody's callback receiver and no object
 * store (link-local, metadata services of clouds, "this network", groups, reserved), `loopback` is this machine, `other` all else.
 */
export type AddressKind = 'forbidden' | 'loopback' | 'other';

const FORBIDDEN: readonly (readonly [address: string, bits: number])[] = [
  // "This network": 0.0.0.0 reaches the machine itself on many systems.
  ['0.0.0.0', 8],
  // Link-local; 169.254.169.254 and 169.254.0.23 are the metadata services of most clouds, Tencent's too.
  ['169.254.0.0', 16],
  // Metadata services elsewhere: Alibaba, Oracle, Azure.
  ['100.100.100.200', 32],
  ['192.0.0.192', 32],
  ['168.63.129.16', 32],
  // Groups, reserved, broadcast.
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
  ['::', 128],
  ['fe80::', 10],
  // Metadata services of AWS and Google.
  ['fd00:ec2::254', 128],
  ['fd20:ce::254', 128],
  ['ff00::', 8],
];

const forbidden = new BlockList();
for (const [address, bits] of FORBIDDEN) forbidden.addSubnet(address, bits, isIP(address) === 6 ? 'ipv6' : 'ipv4');

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

/** @param address IPv4 or IPv6 as text, without brackets; anything else is `forbidden`. */
export function addressKind(address: string): AddressKind {
  const bare = address.split('%', 1)[0] ?? '';
  const version = isIP(bare);
  if (version === 0) return 'forbidden';
  if (version === 4) return kindOf(bare, 'ipv4');
  const inner = embeddedIpv4(bare);
  return inner === null ? kindOf(bare, 'ipv6') : kindOf(inner, 'ipv4');
}

/** Whether a name or an address can mean only this machine. */
export function isLoopbackHost(host: string): boolean {
  return host === 'localhost' || host.endsWith('.localhost') || (isIP(host) !== 0 && addressKind(host) === 'loopback');
}

function kindOf(address: string, family: 'ipv4' | 'ipv6'): AddressKind {
  if (forbidden.check(address, family)) return 'forbidden';
  return loopback.check(address, family) ? 'loopback' : 'other';
}

/** The IPv4 address that an IPv6 address leads to: mapped (`::ffff:0:0/96`), compatible (`::/96`), NAT64 (`64:ff9b::/96`) or 6to4 (`2002::/16`). */
function embeddedIpv4(address: string): string | null {
  const groups = groupsOf(address);
  const [first = 0, second = 0, third = 0] = groups;
  if (first === 0x2002) return dotted(second, third);
  const [high = 0, low = 0] = groups.slice(6);
  const prefix = groups.slice(0, 6).join(':');
  const leads = prefix === '0:0:0:0:0:65535' || prefix === `${0x64}:${0xff9b}:0:0:0:0`;
  const isCompatible = prefix === '0:0:0:0:0:0' && (high !== 0 || low > 1);
  return leads || isCompatible ? dotted(high, low) : null;
}

function dotted(high: number, low: number): string {
  return [high >> 8, high & 255, low >> 8, low & 255].join('.');
}

/** The eight groups of an IPv6 address. */
function groupsOf(address: string): number[] {
  // The URL parser writes every form in one: lower case, no dotted tail, the longest run of zeros as `::`.
  const canonical = new URL(`http://[${address}]`).hostname.slice(1, -1);
  const [head = '', tail] = canonical.split('::');
  const read = (text: string): number[] =>
    text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16));
  const [before, after] = [read(head), read(tail ?? '')];
  return [...before, ...new Array<number>(8 - before.length - after.length).fill(0), ...after];
}
