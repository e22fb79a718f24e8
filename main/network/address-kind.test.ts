import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addressKind, isLoopbackHost } from './address-kind.ts';

describe('addressKind', () => {
  it.each([
    '169.254.169.254',
    '169.254.0.23',
    '169.254.0.0',
    '100.100.100.200',
    '168.63.129.16',
    '192.0.0.192',
    '0.0.0.0',
    '0.1.2.3',
    '224.0.0.1',
    '239.255.255.250',
    '240.0.0.1',
    '255.255.255.255',
    'fe80::1',
    'fe80::1%eth0',
    'febf::1',
    'fd00:ec2::254',
    'fd20:ce::254',
    'ff02::1',
    '::',
    '::ffff:169.254.169.254',
    '::ffff:a9fe:a9fe',
    '::169.254.169.254',
    '64:ff9b::169.254.169.254',
    '2002:a9fe:a9fe::1',
    '::ffff:0.0.0.0',
    'metadata.google.internal',
    '',
    '127.1',
  ])('%s is forbidden', (address) => expect(addressKind(address)).toBe('forbidden'));

  it.each([
    '127.0.0.1',
    '127.255.255.254',
    '::1',
    '::ffff:127.0.0.1',
    '::ffff:7f00:1',
    '64:ff9b::7f00:1',
    '2002:7f00:1::',
  ])('%s is this machine', (address) => expect(addressKind(address)).toBe('loopback'));

  it.each([
    '10.0.0.1',
    '192.168.1.2',
    '172.16.0.1',
    '100.64.0.1',
    '100.100.100.201',
    '8.8.8.8',
    '2001:db8::1',
    'fd00:ec2::255',
    'fc00::1',
    'fec0::1',
    '64:ff9b::808:808',
  ])('%s is any other', (address) => expect(addressKind(address)).toBe('other'));

  it('judges an IPv4 address the same however IPv6 leads to it', () => {
    fc.assert(
      fc.property(fc.ipV4(), (address) => {
        const [a = 0, b = 0, c = 0, d = 0] = address.split('.').map(Number);
        const hex = [(a << 8) | b, (c << 8) | d].map((group) => group.toString(16));
        const forms = [
          `::ffff:${address}`,
          `64:ff9b::${address}`,
          `2002:${hex.join(':')}::1`,
          `0:0:0:0:0:FFFF:${hex.join(':')}`,
        ];
        expect(new Set([address, ...forms].map(addressKind)).size).toBe(1);
      }),
      { examples: [['169.254.169.254'], ['127.0.0.1'], ['10.0.0.1'], ['0.0.0.0']] },
    );
  });

  it('takes any text', () => {
    fc.assert(fc.property(fc.oneof(fc.string(), fc.ipV6()), (text) => void addressKind(text)));
  });
});

it.each([
  ['127.0.0.1', true],
  ['127.8.9.10', true],
  ['::1', true],
  ['::ffff:127.0.0.1', true],
  ['localhost', true],
  ['box.localhost', true],
  ['0.0.0.0', false],
  ['::', false],
  ['192.168.1.2', false],
  ['localhost.example.com', false],
  ['', false],
])('%j means this machine alone: %s', (host, expected) => {
  expect(isLoopbackHost(host)).toBe(expected);
});
