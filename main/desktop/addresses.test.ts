import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { consoleAddress, judgeAddress, loopbackAddress, placeOfLink } from './addresses.ts';

const ORIGIN = 'http://127.0.0.1:8787';

describe('addresses that a page wants to open', () => {
  it.each([
    [`${ORIGIN}/#/start`, 'own'],
    [`${ORIGIN}/api/recordings/1/files/a.mp4`, 'own'],
    ['http://127.0.0.1:8788/', 'refused'],
    ['https://127.0.0.1:8787/', 'refused'],
    ['http://localhost:8787/', 'refused'],
    [`http://user:pass@127.0.0.1:8787/`, 'refused'],
    ['https://b-1.cos.ap-shanghai.myqcloud.com/a/b.mp4', 'outside'],
    ['https://b-1.cos.ap-shanghai.tencentcos.cn/a/b.mp4', 'outside'],
    ['http://b-1.cos.ap-shanghai.myqcloud.com/a', 'refused'],
    ['https://user@b-1.cos.ap-shanghai.myqcloud.com/a', 'refused'],
    ['https://myqcloud.com.evil.example/', 'refused'],
    ['https://evilmyqcloud.com/', 'refused'],
    ['https://gateway.example:9000/bucket/a.mp4', 'outside'],
    ['https://gateway.example/bucket/a.mp4', 'refused'],
    ['file:///etc/passwd', 'refused'],
    ['javascript:alert(1)', 'refused'],
    ['smb://server/share', 'refused'],
    ['', 'refused'],
  ])('%s: %s', (address, verdict) => {
    expect(judgeAddress(address, ORIGIN, 'https://gateway.example:9000')).toBe(verdict);
  });

  it('its own is what has scheme, host and port of the box, and nothing else', () => {
    const scheme = fc.constantFrom('http', 'https', 'ftp', 'ws');
    const host = fc.constantFrom('127.0.0.1', '127.0.0.1.nip.io', 'localhost', '[::1]', 'x@127.0.0.1', '2130706433');
    const port = fc.constantFrom(':8787', ':08787', ':87870', '', ':443');
    fc.assert(
      fc.property(scheme, host, port, fc.string(), (protocol, name, number, rest) => {
        const isSame = protocol === 'http' && ['127.0.0.1', '2130706433'].includes(name) && /^:0?8787$/.test(number);
        const verdict = judgeAddress(`${protocol}://${name}${number}/${rest}`, ORIGIN, null);
        expect(verdict).toBe(isSame ? 'own' : 'refused');
      }),
    );
  });
});

it.each([
  [
    'trtc-recorder://recording/0b51b3f4-1111-4222-8333-444455556666',
    '/recordings/0b51b3f4-1111-4222-8333-444455556666',
  ],
  ['trtc-recorder://recording/box1-0b51/', '/recordings/box1-0b51'],
  ['TRTC-RECORDER://Recording/a', '/recordings/a'],
  ['trtc-recorder://recording/', null],
  ['trtc-recorder://recording/a/b', null],
  ['trtc-recorder://recording/..', null],
  ['trtc-recorder://recording/a%2Fb', null],
  ['trtc-recorder://recording/a?x=1', null],
  ['trtc-recorder://recording/a#x', null],
  [`trtc-recorder://recording/${'a'.repeat(65)}`, null],
  ['trtc-recorder://start', null],
  ['https://recording/a', null],
  [' trtc-recorder://recording/a', null],
])('link %s leads to %s', (link, place) => {
  expect(placeOfLink(link)).toBe(place);
});

it('addresses of the box', () => {
  expect(loopbackAddress('http://0.0.0.0:8787')).toBe('http://127.0.0.1:8787');
  expect(loopbackAddress('https://[::]:9')).toBe('https://[::1]:9');
  expect(loopbackAddress('http://192.168.1.5:8787/')).toBe('http://192.168.1.5:8787');
  expect(consoleAddress('http://127.0.0.1:8787', '/recordings/a')).toBe('http://127.0.0.1:8787/#/recordings/a');
});
