import { expect, it } from 'vitest';
import { encodeKey } from './storage.ts';
import { parseTarget } from './target.ts';

const HOST = 'rec-1250000000.cos.ap-shanghai.myqcloud.com';

it.each([
  ['PUT', '/a', 'putObject'],
  ['PUT', '/a?partNumber=1&uploadId=x', 'uploadPart'],
  ['PUT', '/a?partNumber=1', 'uploadPart'],
  ['POST', '/a?uploads', 'initMultipart'],
  ['POST', '/a?uploads=', 'initMultipart'],
  ['POST', '/a?uploadId=x', 'completeMultipart'],
  ['POST', '/a', null],
  ['DELETE', '/a?uploadId=x', 'abortMultipart'],
  ['DELETE', '/a', 'deleteObject'],
  ['GET', '/a?uploadId=x', 'listParts'],
  ['GET', '/a', 'getObject'],
  ['GET', '/?uploads&prefix=a', 'listUploads'],
  ['GET', '/', null],
  ['HEAD', '/a', 'headObject'],
  ['PUT', '/a?acl', null],
  ['PATCH', '/a', null],
])('%s %s is %s', (method, requestTarget, operation) => {
  expect(parseTarget(method, requestTarget, HOST).operation).toBe(operation);
});

it('decodes the path once and normalises nothing', () => {
  const target = parseTarget('PUT', '/%E5%BD%95//a/../b%2520c?uploadId=x%2By&partNumber=12', HOST);
  expect(target).toMatchObject({ key: '录//a/../b%20c', uploadId: 'x+y', partNumber: 12, bucket: 'rec-1250000000' });
});

it('takes the absolute form that proxies are sent', () => {
  expect(parseTarget('PUT', `http://${HOST}/a/b?uploadId=1`, HOST)).toMatchObject({ key: 'a/b', uploadId: '1' });
});

it.each([
  ['127.0.0.1:9000', 'local'],
  ['localhost:9000', 'local'],
  ['Rec-1250000000.cos.ap-guangzhou.tencentcos.cn', 'rec-1250000000'],
  ['10-0.0.0.1', 'local'],
])('Host %s is bucket %s', (host, bucket) => {
  expect(parseTarget('GET', '/a', host).bucket).toBe(bucket);
});

it('refuses an escape that cannot be decoded', () => {
  expect(() => parseTarget('GET', '/%zz', HOST)).toThrow(URIError);
});

it('names files so that no key leaves its folder, meets another or is too long', () => {
  const keys = [
    '.',
    '..',
    '../../etc/passwd',
    'a/b',
    'a%2Fb',
    '录'.repeat(280),
    `${'录'.repeat(279)}音`,
    'x'.repeat(201),
    '*',
  ];
  const names = keys.map(encodeKey);
  expect(new Set(names).size).toBe(keys.length);
  for (const name of names) {
    expect(name).toMatch(/^[^/\\]{1,200}$/);
    expect(name).not.toMatch(/^\.+$/);
  }
});
