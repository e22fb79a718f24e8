import { describe, expect, it } from 'vitest';
import { EnvironmentError, readEnvironment } from './environment.ts';

describe('readEnvironment', () => {
  it('reads what is there and takes empty text for absent', () => {
    expect(readEnvironment({ CFS_PATH: ' ', HOME: '/home/x' })).toEqual({
      recordingsDirectory: null,
      cosEndpoint: null,
      cosCredentials: null,
      ffmpegPath: null,
    });
    expect(
      readEnvironment({
        CFS_PATH: '/mnt/audio/',
        RECORDER_COS_ENDPOINT: 'http://127.0.0.1:9000/',
        RECORDER_COS_SECRET_ID: 'id',
        RECORDER_COS_SECRET_KEY: 'key',
        FFMPEG_PATH: '/usr/bin/ffmpeg',
      }),
    ).toEqual({
      recordingsDirectory: '/mnt/audio/',
      cosEndpoint: 'http://127.0.0.1:9000',
      cosCredentials: { secretId: 'id', secretKey: 'key' },
      ffmpegPath: '/usr/bin/ffmpeg',
    });
  });

  it.each([
    '127.0.0.1:9000',
    'not a url',
    'https://127.0.0.1',
    'http://a:b@127.0.0.1',
    'http://127.0.0.1/cos',
    'ftp://x',
  ])('refuses the endpoint %s by name', (value) => {
    expect(() => readEnvironment({ RECORDER_COS_ENDPOINT: value })).toThrow(EnvironmentError);
    expect(() => readEnvironment({ RECORDER_COS_ENDPOINT: value })).toThrow(/^RECORDER_COS_ENDPOINT /);
  });

  it('names the missing half of a key pair and never shows the other', () => {
    expect(() => readEnvironment({ RECORDER_COS_SECRET_ID: 'AKIDx' })).toThrow(/^RECORDER_COS_SECRET_KEY is missing/);
    expect(() => readEnvironment({ RECORDER_COS_SECRET_KEY: 'hidden' })).toThrow(
      expect.not.objectContaining({ message: expect.stringContaining('hidden') }),
    );
  });
});
