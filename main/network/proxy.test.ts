import { describe, expect, it } from 'vitest';
import { type ProxyVariables, proxyFor, proxyForDisplay, proxyProblem } from './proxy.ts';

const COS = new URL('https://rec-1250000000.cos.ap-shanghai.myqcloud.com');
const PROXY = 'http://proxy.example:3128';

describe('proxyFor', () => {
  const cases: [string, string, string | null, ProxyVariables, string | null][] = [
    ['nothing said', COS.href, null, {}, null],
    ['the setting wins over the variables', COS.href, PROXY, { HTTPS_PROXY: 'http://other', NO_PROXY: '*' }, PROXY],
    ['the setting counts for this machine too', 'http://127.0.0.1:9', PROXY, {}, PROXY],
    ['https takes HTTPS_PROXY', COS.href, null, { HTTPS_PROXY: PROXY, HTTP_PROXY: 'http://other' }, PROXY],
    ['https falls back to HTTP_PROXY', COS.href, null, { http_proxy: PROXY }, PROXY],
    ['http does not take HTTPS_PROXY', 'http://gateway.example', null, { HTTPS_PROXY: PROXY }, null],
    ['a bare host is one of http', COS.href, null, { HTTPS_PROXY: 'proxy.example:3128' }, PROXY],
    ['a proxy we cannot use is none', COS.href, null, { HTTPS_PROXY: 'socks5://proxy.example' }, null],
    ['this machine is asked directly', 'http://localhost:9', null, { HTTP_PROXY: PROXY }, null],
    ['so is ::1', 'http://[::1]:9', null, { HTTP_PROXY: PROXY }, null],
    ['NO_PROXY for all', COS.href, null, { HTTPS_PROXY: PROXY, NO_PROXY: '*' }, null],
    ['NO_PROXY by domain', COS.href, null, { HTTPS_PROXY: PROXY, no_proxy: 'a.b, .myqcloud.com' }, null],
    ['NO_PROXY by another domain', COS.href, null, { HTTPS_PROXY: PROXY, NO_PROXY: 'qcloud.com' }, PROXY],
    ['NO_PROXY with the port', COS.href, null, { HTTPS_PROXY: PROXY, NO_PROXY: 'myqcloud.com:443' }, null],
    ['NO_PROXY with another port', COS.href, null, { HTTPS_PROXY: PROXY, NO_PROXY: 'myqcloud.com:80' }, PROXY],
    ['an empty variable is none', COS.href, null, { HTTPS_PROXY: '' }, null],
  ];
  it.each(cases)('%s', (_name, target, setting, variables, expected) => {
    expect(proxyFor(new URL(target), setting, variables)).toBe(expected);
  });
});

describe('proxyProblem', () => {
  it.each(['http://proxy:3128', 'http://user:secret@proxy:3128', 'http://10.0.0.1'])('takes %s', (address) => {
    expect(proxyProblem(address)).toBeNull();
    expect(proxyForDisplay(address)).not.toContain('secret');
  });

  it.each(['proxy:3128', 'nonsense', 'socks5://u:secret@p', 'https://u:secret@p', 'http://u:secret@p/path'])(
    'refuses %s without repeating it',
    (address) => {
      const problem = proxyProblem(address);
      expect(problem).toMatch(/http:\/\//);
      expect(problem).not.toContain('secret');
    },
  );
});
