import { describe, expect, it } from 'vitest';
import { EnvironmentError, readEnvironment } from './environment.ts';

describe('readEnvironment', () => {
  it('reads what is there and takes empty text for absent', () => {
    expect(readEnvironment({ CFS_PATH: ' ', HOME: '/home/x' })).toEqual({
      recordingsDirectory: null,
      cosEndpoint: null,
      cosCredentials: null,
      callbackKey: null,
      ffmpegPath: null,
    });
    expect(
      readEnvironment({
        CFS_PATH: '/mnt/audio/',
        RECORDER_COS_ENDPOINT: 'http://127.0.0.1:9000/',
        RECORDER_COS_SECRET_ID: 'id',
        RECORDER_COS_SECRET_KEY: 'key',
        RECORDER_CALLBACK_KEY: 'sign',
        FFMPEG_PATH: '/usr/bin/ffmpeg',
      }),
    ).toEqual({
      recordingsDirectory: '/mnt/audio/',
      cosEndpoint: 'http://127.0.0.1:9000',
      cosCredentials: { secretId: 'id', secretKey: 'key' },
      callbackKey: 'sign',
      ffmpegPath: '/usr/bin/ffmpeg',
    });
  });

  it.each(['two words', 'ключ', 'x'.repeat(129)])('refuses the callback key %s without showing it', (value) => {
    const read = () => readEnvironment({ RECORDER_CALLBACK_KEY: value });
    expect(read).toThrow(/^RECORDER_CALLBACK_KEY must be/);
    expect(read).not.toThrow(value);
  });

  it('takes an endpoint with TLS', () => {
    expect(readEnvironment({ RECORDER_COS_ENDPOINT: 'https://gateway.example:8443/' }).cosEndpoint).toBe(
      'https://gateway.example:8443',
    );
  });

  it.each(['127.0.0.1:9000', 'not a url', 'http://a:b@127.0.0.1', 'http://127.0.0.1/cos', 'ftp://x'])(
    'refuses the endpoint %s by name',
    (value) => {
      expect(() => readEnvironment({ RECORDER_COS_ENDPOINT: value })).toThrow(EnvironmentError);
      expect(() => readEnvironment({ RECORDER_COS_ENDPOINT: value })).toThrow(/^RECORDER_COS_ENDPOINT /);
    },
  );

  it('names the missing half of a key pair and never shows the other', () => {
    expect(() => readEnvironment({ RECORDER_COS_SECRET_ID: 'AKIDx' })).toThrow(/^RECORDER_COS_SECRET_KEY is missing/);
    expect(() => readEnvironment({ RECORDER_COS_SECRET_KEY: 'hidden' })).toThrow(
      expect.not.objectContaining({ message: expect.stringContaining('hidden') }),
    );
  });
});
