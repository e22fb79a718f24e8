import { describe, expect, it } from 'vitest';
import { FakeBox } from '../../test/support/fake-box.ts';
import { silentLogger } from '../logging.ts';
import type { LivePictureApi } from './live-picture-api.ts';
import { createHttpServer } from './server.ts';

async function answer(picture: LivePictureApi['picture']) {
  const app = createHttpServer({ box: new FakeBox(), version: '1', log: silentLogger(), livePictures: { picture } });
  const reply = await app.inject({ url: '/api/recordings/r1/picture', headers: { host: '127.0.0.1' } });
  await app.close();
  return reply;
}

describe('GET /api/recordings/:id/picture', () => {
  it('sends the picture, which nobody may keep', async () => {
    const asked: string[] = [];
    const reply = await answer(async (id) => {
      asked.push(id);
      return { kind: 'livePicture', jpeg: Uint8Array.of(0xff, 0xd8, 0xff, 0xd9) };
    });
    expect([reply.statusCode, reply.headers['content-type'], reply.headers['cache-control']]).toEqual([
      200,
      'image/jpeg',
      'no-store',
    ]);
    expect([...reply.rawPayload]).toEqual([0xff, 0xd8, 0xff, 0xd9]);
    expect(asked).toEqual(['r1']);
  });

  it.each(['NOT_FOUND', 'NO_LIVE_PICTURE', 'LIVE_PICTURE_NOT_YET'] as const)('says %s with a remedy', async (code) => {
    const reply = await answer(async () => ({ kind: 'problem', code }));
    expect(reply.statusCode).toBe(404);
    expect(reply.json()).toMatchObject({ code, remedy: expect.stringMatching(/\w/) });
  });
});
