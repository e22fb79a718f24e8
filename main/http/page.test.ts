import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { RecordingView } from '../../shared/view.ts';
import { FakeBox, HEALTHY, viewOf } from '../../test/support/fake-box.ts';
import { escapeHtml, html } from './html.ts';
import { formatLength, formatSize, PAGE_POLICY, renderPage } from './page.ts';
import { createHttpServer } from './server.ts';

const NOW_MS = Date.UTC(2030, 0, 1, 1);

function page(recordings: RecordingView[], changes: Partial<Parameters<typeof renderPage>[0]> = {}): string {
  return renderPage({ health: HEALTHY, recordings, hasOlder: false, language: 'en', nowMs: NOW_MS, ...changes });
}

function fileOf(changes: Partial<RecordingView['files'][number]> = {}): RecordingView['files'][number] {
  return {
    userId: 'user_55952145',
    stream: 'mix',
    startOffsetMs: 0,
    localPath: '/data/a.mp4',
    evictedAt: null,
    bytes: 12_345_678,
    durationMs: 3_723_000,
    objectKey: 'trtc/a.mp4',
    url: 'https://test-123456789.cos.ap-shanghai.myqcloud.com/trtc/a.mp4',
    uploadedBytes: 0,
    crc64: null,
    sha256: null,
    state: 'local',
    ...changes,
  };
}

/** Two texts that would run or load something if they reached the page as they are. */
const ATTACKS = ['<script>alert(1)</script>', `"><img src=x onerror='alert(1)'>`];

describe('the page', () => {
  test('shows room, user, mode, state in words, length, size, next try and the link', () => {
    const recording = viewOf({
      id: 'a b',
      state: 'uploading',
      endReason: 'dissolved',
      attempts: 2,
      nextAttemptAt: new Date(NOW_MS + 4200).toISOString(),
      files: [fileOf({ uploadedBytes: 5_000_000 })],
    });
    const text = page([recording]);
    for (const piece of [
      '>43474<',
      '<td>user_55952145</td>',
      'sound and pictures (MP4)',
      '<strong>uploading to COS</strong>',
      '<small>the room was dissolved</small>',
      '<small>5 MB of 12.3 MB uploaded</small>',
      '>1:02:03<',
      '>12.3 MB<',
      'in 5 s (try 3)',
      'href="/api/recordings/a%20b"',
      '<meta http-equiv="refresh" content="2">',
    ]) {
      expect(text).toContain(piece);
    }
  });

  test('files on the box can be played and saved, those in COS only or still growing cannot', () => {
    const hrefs = (recording: RecordingView) =>
      [...page([recording]).matchAll(/href="([^"]*\/files\/[^"]*)"/g)].map(([, href]) => href);
    const here = [fileOf(), fileOf({ localPath: null })];
    expect(hrefs(viewOf({ id: 'r', state: 'uploading', files: here }))).toEqual([
      '/api/recordings/r/files/0',
      '/api/recordings/r/files/0?download=true',
    ]);
    for (const state of ['recording', 'finalizing'] as const) {
      expect(hrefs(viewOf({ id: 'r', state, files: here }))).toEqual([]);
    }
    const attack = ATTACKS[0] ?? '';
    const shown = page([viewOf({ id: attack, state: 'done', files: [fileOf({ userId: attack }), fileOf()] })]);
    expect(shown).not.toContain(attack);
    expect(shown).toContain(`Play ${escapeHtml(attack)} mix`);
  });

  test('every text from outside is escaped', () => {
    for (const attack of ATTACKS) {
      const text = page([
        viewOf({
          id: attack,
          request: { ...viewOf().request, RoomId: null, StrRoomId: attack, UserId: attack },
          failure: { code: attack, message: attack },
          blocked: { code: attack, message: attack, remedy: attack },
        }),
      ]);
      expect(text).not.toContain(attack);
      expect(text).not.toMatch(/<script|<img/);
      expect(text.split(escapeHtml(attack)).length - 1).toBe(7);
    }
  });

  test('says loudly when rooms are simulated, and only then', () => {
    const banner = 'class="banner simulated"';
    expect(page([])).not.toContain(banner);
    expect(page([viewOf()])).not.toContain(banner);
    expect(page([viewOf({ simulated: true })])).toContain(banner);
    expect(page([], { health: { ...HEALTHY, simulated: true } })).toContain('Simulated rooms');
  });

  test('says why new recordings are refused and what blocks one', () => {
    const health = { ...HEALTHY, accepting: false, problems: ['FFMPEG_MISSING' as const] };
    expect(page([], { health })).toContain('FFMPEG_MISSING: No working ffmpeg');
    const blocked = { code: 'InvalidAccessKeyId', message: 'COS knows no such key.', remedy: 'Store the right key.' };
    const text = page([viewOf({ state: 'uploading', blocked })]);
    expect(text).toContain('InvalidAccessKeyId: COS knows no such key. Store the right key.');
    expect(text).toContain('waits until this is mended');
  });

  test('says what could not be told to a caller, how to send it again, and what to look out for', () => {
    const callback = {
      ...{ event: null, deliveryId: 'd', state: 'parked' as const, attempts: 9, nextAttemptAt: null, lastStatus: 500 },
      ...{ lastError: 'HTTP status 500', createdAt: '2030-01-01T00:00:00.000Z', endedAt: null },
    } as const;
    const warning = { code: 'USERSIG_EXPIRES', at: '2030-01-01T02:00:00.000Z' } as const;
    const recording = viewOf({
      id: 'a',
      callbacks: [callback],
      warnings: [{ ...warning, message: { en: 'UserSig expires in 1:00 h', zh: 'UserSig 将过期' } }],
    });
    expect(page([recording])).toContain('(HTTP status 500). To send it again: POST /api/recordings/a/callback');
    expect(page([recording])).toContain('UserSig expires in 1:00 h');
    expect(page([recording], { language: 'zh' })).toContain('UserSig 将过期');
    expect(page([recording], { language: 'zh' })).toContain('重新发送：POST /api/recordings/a/callback');
    expect(page([viewOf({ callbacks: [{ ...callback, state: 'delivered' }] })])).not.toContain('/callback');
  });

  test('speaks Chinese too', () => {
    const text = page([viewOf({ state: 'waiting' })], { language: 'zh' });
    expect(text).toContain('<html lang="zh-CN">');
    expect(text).toContain('已进房');
    expect(text).not.toMatch(/waiting for|Recorder<|sound and/);
  });

  test('an empty box and a full one', () => {
    expect(page([])).toContain('No recordings yet');
    expect(page([viewOf()], { hasOlder: true })).toContain('Only the newest 1 are shown');
  });

  test('the policy allows the style sheet it has and nothing else', () => {
    const style = /<style>([\s\S]*)<\/style>/.exec(page([]))?.[1] ?? '';
    expect(style).not.toBe('');
    expect(PAGE_POLICY).toContain(`'sha256-${createHash('sha256').update(style).digest('base64')}'`);
    expect(PAGE_POLICY).toContain("default-src 'none'");
    expect(page([viewOf()])).not.toMatch(/<script|<link|style=| on\w+=|javascript:/);
  });

  test('is served with its policy in the language of the browser, one hundred at most', async () => {
    const box = new FakeBox();
    box.recordings = Array.from({ length: 101 }, (_, index) => viewOf({ id: `id-${index}` }));
    const silent = () => {};
    const app = createHttpServer({
      box,
      version: '1',
      nowMs: () => NOW_MS,
      log: { debug: silent, info: silent, warn: silent, error: silent },
    });
    const response = await app.inject({ url: '/', headers: { 'accept-language': 'zh-TW,zh;q=0.8' } });
    expect(response.headers).toMatchObject({
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': PAGE_POLICY,
      'content-language': 'zh-CN',
      'x-content-type-options': 'nosniff',
      'cache-control': 'no-store',
    });
    expect(response.body.match(/<td>user_/g)).toHaveLength(100);
    expect(response.body).toContain('只显示最新的 100 条');
    await app.close();
  });
});

describe('html', () => {
  test('what is put in never leaves its place', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const { html: built } = html`<p title="${text}">${text}</p>`;
        expect(built).toMatch(/^<p title="[^"<>]*">[^<>]*<\/p>$/);
      }),
    );
  });

  test('pieces built by the tag stay as they are, null is nothing', () => {
    expect(html`<b>${html`<i>${'&'}</i>`}${null}${[html`<u>1</u>`, html`<u>2</u>`]}${3}</b>`.html).toBe(
      '<b><i>&amp;</i><u>1</u><u>2</u>3</b>',
    );
  });
});

test.each([
  [0, '0:00:00'],
  [999, '0:00:00'],
  [59_999, '0:00:59'],
  [3_600_000, '1:00:00'],
  [360_000_000, '100:00:00'],
])('length of %d ms', (durationMs, expected) => {
  expect(formatLength(durationMs)).toBe(expected);
});

test.each([
  [0, '0 B'],
  [999, '999 B'],
  [1000, '1 kB'],
  [999_949, '1 MB'],
  [12_345_678, '12.3 MB'],
  [987_654_321, '988 MB'],
  [2e9, '2 GB'],
  [5e15, '5000 TB'],
])('size of %d bytes', (bytes, expected) => {
  expect(formatSize(bytes)).toBe(expected);
});
