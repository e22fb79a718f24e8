import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CosRig, labelOf, MIB, startCosRig } from '../../../test/support/cos-rig.ts';
import { startProxy } from '../../../test/support/proxy.ts';
import type { Resolve } from '../../network/guarded-connections.ts';
import { createTargetPolicy } from '../../network/targets.ts';
import { type CosClient, createCosClient } from './cos-client.ts';
import type { CosNetwork } from './route.ts';

// Where uploads go: never to addresses that are nobody's object store, and only to listed hosts when there is a list.

let rig: CosRig;
let file: string;
const asked: string[] = [];

beforeAll(async () => {
  rig = await startCosRig();
  file = await rig.file('f', MIB);
});
afterAll(() => rig.close());

const leadsTo =
  (address: string): Resolve =>
  (name, _options, done) => {
    asked.push(name);
    setImmediate(() => done(null, [{ address, family: 4 }]));
  };

function network(
  changes: Partial<CosNetwork> & { allowedHosts?: string[] | null; allowLoopback?: boolean },
): CosNetwork {
  const { allowedHosts = null, allowLoopback = true, ...rest } = changes;
  const targets = createTargetPolicy({ allowedHosts, allowLoopback });
  return { proxy: null, variables: {}, authorities: undefined, targets, ...rest };
}

function client(way: CosNetwork, endpoint?: string): CosClient {
  return createCosClient({
    ...{ region: 'ap-shanghai', bucket: 'test-123456789', secretId: 'id', secretKey: 'key', timeoutMs: 2000 },
    network: way,
    endpoint,
  });
}

async function outcome(way: CosNetwork, endpoint?: string): Promise<string> {
  const ended = await rig.upload(file, { client: client(way, endpoint) });
  if (ended.kind === 'blocked')
    expect(ended).toMatchObject({ remedy: 'checkAddress', message: expect.not.stringContaining('key') });
  return labelOf(ended);
}

describe('uploads', () => {
  it('stand still with a remedy when the name of the bucket leads to a metadata service', async () => {
    expect(await outcome(network({ resolve: leadsTo('169.254.169.254') }))).toBe('blocked AddressRefused');
    expect(asked).toContain('test-123456789.cos.ap-shanghai.myqcloud.com');
  });

  it('or to the box itself, where that is not allowed', async () => {
    expect(await outcome(network({ resolve: leadsTo('127.0.0.1'), allowLoopback: false }))).toBe(
      'blocked AddressRefused',
    );
  });

  it('or is not listed: then nobody even looks it up, also not through a proxy', async () => {
    asked.length = 0;
    const way = network({ allowedHosts: ['hooks.example.com'], resolve: leadsTo('10.0.0.1') });
    expect(await outcome(way)).toBe('blocked AddressRefused');
    const proxy = await startProxy();
    expect(await outcome({ ...way, proxy: proxy.url })).toBe('blocked AddressRefused');
    expect([asked, proxy.asked]).toEqual([[], []]);
    await proxy.close();
  });

  it('go to a gateway that the operator named, whatever is listed', async () => {
    const way = network({ allowedHosts: ['hooks.example.com'], allowLoopback: false });
    expect(labelOf(await rig.upload(file, { client: rig.client({ network: way }) }))).toBe('done');
  });

  it('but not even he can name an address that nobody is called at', async () => {
    expect(await outcome(network({}), 'http://169.254.169.254')).toBe('blocked AddressRefused');
  });
});
