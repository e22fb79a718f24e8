import { describe, expect, it } from 'vitest';
import { hostPatternProblem, hostPatterns } from './host-patterns.ts';
import { createTargetPolicy } from './targets.ts';

describe('lists of hosts', () => {
  it.each([
    'hooks.example.com',
    '*.example.com',
    'recorder_1',
    '10.0.0.1',
    '10.0.0.0/8',
    'fd00::/8',
    '::1',
    'a',
    '1password.com',
  ])('%s is an entry', (entry) => expect(hostPatternProblem(entry)).toBeNull());
  it.each([
    '',
    '*',
    'https://a.b',
    'a.b:80',
    'A.b',
    '10.0.0.0/33',
    '10.0.0',
    '10.0.0.0/8/8',
    'fe80::1%eth0',
    '*.',
    'a/b',
    'a b',
    '-a',
    '999.1.1.1',
  ])('%j is none', (entry) => expect(hostPatternProblem(entry)).toContain('must be a host name'));

  it('match names whole or below, and addresses in networks', () => {
    const list = hostPatterns(['hooks.example.com', '*.cos.example', '10.0.0.0/8', 'fd00::/8']);
    const names = ['hooks.example.com', 'x.hooks.example.com', 'a.b.cos.example', 'cos.example', 'evilcos.example'];
    expect(names.map(list.matchesName)).toEqual([true, false, true, false, false]);
    const addresses = ['10.255.0.1', '11.0.0.1', 'fd12::1', 'fe00::1', '::ffff:10.0.0.1', 'hooks.example.com'];
    expect(addresses.map(list.matchesAddress)).toEqual([true, false, true, false, true, false]);
  });
});

describe('where the box goes', () => {
  const anywhere = createTargetPolicy({ allowedHosts: null, allowLoopback: false });
  const withLoopback = createTargetPolicy({ allowedHosts: null, allowLoopback: true });

  it.each(['169.254.169.254', '[fe80::1]', '[::ffff:169.254.169.254]', '0.0.0.0', '224.0.0.1'])(
    'never to %s',
    (host) => {
      const listed = createTargetPolicy({ allowedHosts: ['169.254.0.0/16', '0.0.0.0/0', '::/0'], allowLoopback: true });
      for (const policy of [anywhere, withLoopback, listed]) {
        expect(policy.judgeHost(host)).toBe('forbidden');
        expect(policy.judgeHost(host, 'operator')).toBe('forbidden');
      }
    },
  );

  it('to itself only when that is allowed, or listed by address', () => {
    for (const host of ['127.0.0.1', '[::1]', 'localhost', 'LOCALHOST.', 'a.localhost', '[::ffff:127.0.0.1]']) {
      expect([anywhere.judgeHost(host), withLoopback.judgeHost(host)], host).toEqual(['loopback', null]);
      expect(anywhere.judgeHost(host, 'operator')).toBeNull();
    }
    const listed = createTargetPolicy({ allowedHosts: ['127.0.0.1', 'evil.example'], allowLoopback: false });
    expect(listed.judgeHost('127.0.0.1')).toBeNull();
    expect(listed.judgeAddress('127.0.0.1', 'localhost')).toBeNull();
    expect(listed.judgeHost('127.0.0.2')).toBe('loopback');
    const named = createTargetPolicy({ allowedHosts: ['evil.example'], allowLoopback: false });
    expect(named.judgeHost('evil.example')).toBeNull();
    expect(named.judgeAddress('127.0.0.1', 'evil.example')).toBe('loopback');
  });

  it('to names and addresses of the list, and to names that lead into its networks', () => {
    const policy = createTargetPolicy({ allowedHosts: ['hooks.example.com', '10.0.0.0/8'], allowLoopback: true });
    expect(['hooks.example.com', 'HOOKS.example.com.', '10.1.2.3'].map((host) => policy.judgeHost(host))).toEqual([
      null,
      null,
      null,
    ]);
    expect(policy.judgeHost('11.0.0.1')).toBe('notListed');
    // Where this one leads is seen when it is called.
    expect(policy.judgeHost('other.example.com')).toBeNull();
    expect(policy.judgeAddress('10.9.9.9', 'other.example.com')).toBeNull();
    expect(policy.judgeAddress('11.0.0.1', 'other.example.com')).toBe('notListed');
    expect(policy.judgeAddress('11.0.0.1', 'hooks.example.com')).toBeNull();
    const names = createTargetPolicy({ allowedHosts: ['hooks.example.com'], allowLoopback: true });
    expect(names.judgeHost('other.example.com')).toBe('notListed');
    expect(names.judgeHost('other.example.com', 'operator')).toBeNull();
  });
});
