import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Authority, createAuthority } from '../../../test/support/certificates.ts';
import { type CosRig, KEY, labelOf, MIB, startCosRig } from '../../../test/support/cos-rig.ts';
import { startProxy, type TestProxy } from '../../../test/support/proxy.ts';
import { trustedAuthorities } from '../../network/trust.ts';
import type { CosNetwork } from './route.ts';

const COS_NAMES = ['*.cos.ap-shanghai.myqcloud.com'];

let authority: Authority;
let plain: CosRig;
let secure: CosRig;
let file: string;
const closing: (() => Promise<void>)[] = [];

beforeAll(async () => {
  authority = createAuthority();
  plain = await startCosRig();
  secure = await startCosRig({ tls: authority.issue(COS_NAMES) });
  file = await plain.file('f', 2.5 * MIB);
});
afterAll(() => Promise.all([plain.close(), secure.close()]));
afterEach(async () => {
  plain.server.requests.length = 0;
  secure.server.requests.length = 0;
  for (const close of closing.splice(0)) await close();
});

async function proxy(user?: string): Promise<TestProxy> {
  const started = await startProxy(user);
  closing.push(started.close);
  return started;
}

function network(changes: Partial<CosNetwork> = {}): CosNetwork {
  const caPath = `${plain.directory}/ca.pem`;
  writeFileSync(caPath, authority.certificate);
  return { proxy: null, variables: {}, authorities: trustedAuthorities(caPath), ...changes };
}

const upload = async (rig: CosRig, way: CosNetwork): Promise<string> =>
  labelOf(await rig.upload(file, { client: rig.client({ network: way }) }));

describe('TLS', () => {
  it('trusts the authority of network.caPath, and blocks nothing without it: the line may be a portal’s', async () => {
    expect(await upload(secure, network())).toBe('done');
    expect(await secure.objectHash(KEY)).not.toBeNull();
    const outcome = await secure.upload(file, { client: secure.client() });
    expect(outcome).toMatchObject({ kind: 'later', retryAfterMs: 60_000, remedy: 'checkCertificate' });
    expect(labelOf(outcome)).toMatch(/UNABLE_TO_VERIFY_LEAF_SIGNATURE|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_GET/);
  });

  it.each([
    ['the gateway’s own address', ['127.0.0.1'], 30, 'done'],
    ['another name', ['portal.example'], 30, 'later ERR_TLS_CERT_ALTNAME_INVALID'],
    ['an expired one', COS_NAMES, -1, 'later CERT_HAS_EXPIRED'],
  ])('a certificate for %s', async (_name, names, days, expected) => {
    const rig = await startCosRig({ tls: authority.issue(names, days) });
    closing.push(rig.close);
    expect(await upload(rig, network())).toBe(expected);
  });
});

describe('a proxy', () => {
  it('from the settings carries plain requests, and TLS through tunnels that it cannot read', async () => {
    const way = await proxy('me:pass word');
    const address = way.url.replace('//', '//me:pass%20word@');
    expect(await upload(plain, network({ proxy: address }))).toBe('done');
    expect(way.asked.every((line) => line.includes(plain.server.url))).toBe(true);
    expect(way.asked.length).toBe(plain.server.requests.length);
    way.asked.length = 0;
    expect(await upload(secure, network({ proxy: address }))).toBe('done');
    expect(new Set(way.asked)).toEqual(new Set([`CONNECT 127.0.0.1:${secure.server.port}`]));
    // Tunnels are kept for further requests.
    expect(way.asked.length).toBeLessThan(secure.server.requests.length);
  });

  it.each(['plain', 'secure'] as const)('that wants a password blocks with a remedy (%s)', async (which) => {
    const way = await proxy('me:pass');
    const rig = which === 'plain' ? plain : secure;
    for (const address of [way.url, way.url.replace('//', '//me:wrong@')]) {
      const outcome = await rig.upload(file, { client: rig.client({ network: network({ proxy: address }) }) });
      expect(outcome).toMatchObject({ kind: 'blocked', remedy: 'proxyPassword' });
      expect(JSON.stringify(outcome)).not.toContain('wrong');
    }
    expect(rig.server.requests).toEqual([]);
  });

  it('that opens no tunnel, is not there, or never answers, is waited for', async () => {
    const way = await proxy();
    way.connectStatus = 403;
    expect(await upload(secure, network({ proxy: way.url }))).toBe('later ProxyRefused');
    await way.close();
    expect(await upload(secure, network({ proxy: way.url }))).toBe('later ECONNREFUSED');
    const silent = createServer(() => {});
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const address = silent.address();
    const port = typeof address === 'object' ? address?.port : 0;
    const client = secure.client({ timeoutMs: 100, network: network({ proxy: `http://127.0.0.1:${port}` }) });
    expect(labelOf(await secure.upload(file, { client }))).toMatch(/^later (ETIMEDOUT|ESOCKETTIMEDOUT|Deadline)$/);
    silent.close();
  });

  it('from the environment is not asked for this machine', async () => {
    const way = await proxy();
    const variables = { HTTP_PROXY: way.url, HTTPS_PROXY: way.url };
    expect(await upload(plain, network({ variables }))).toBe('done');
    expect(await upload(secure, network({ variables }))).toBe('done');
    expect(way.asked).toEqual([]);
  });
});
