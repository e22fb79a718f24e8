import { mkdtemp, rm, symlink } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ffmpegPath } from '../../../test/support/flash-and-beep.ts';
import { ffmpegEnvironment, findFfmpeg, inspectFfmpeg } from './ffmpeg.ts';

const ENCODERS = [' V..... libx264   H.264', ' A..... aac    AAC', ' A..... libmp3lame  MP3', ' V..... png   PNG'];
const ABOUT =
  'ffmpeg version 7.1 Copyright\nconfiguration: --enable-gpl --enable-libx264\nlibavutil      59. 39.100 / 59.';

/** Builds that exist in a world of our own, by path, each with its encoders. */
function world(builds: Record<string, string[]>) {
  return {
    preferred: null as string | null,
    searchPath: ['/opt/none', '/usr/bin'].join(path.delimiter),
    loadPackage: (name: string): unknown => {
      throw new Error(`Cannot find module '${name}'`);
    },
    isExecutable: async (file: string) => file in builds,
    run: async (file: string, args: string[]) => {
      const encoders = builds[file];
      if (!encoders) throw new Error(`spawn ${file} ENOENT\nwith more lines`);
      return args.includes('-version') ? ABOUT : ['Encoders:', ' ------', ...encoders].join('\n');
    },
  };
}

describe('the order of looking', () => {
  it('prefers FFMPEG_PATH', async () => {
    const found = await findFfmpeg({ ...world({ '/a': ENCODERS, '/usr/bin/ffmpeg': ENCODERS }), preferred: '/a' });
    expect(found).toMatchObject({ kind: 'found', source: 'FFMPEG_PATH', path: '/a', version: '7.1', tried: [] });
  });

  it('takes the packages next, and their files outside of a packed archive', async () => {
    const unpacked = '/app/app.asar.unpacked/ffmpeg';
    const packages: Record<string, unknown> = {
      'ffmpeg-static': null,
      '@ffmpeg-installer/ffmpeg': { path: '/app/app.asar/ffmpeg' },
    };
    const found = await findFfmpeg({ ...world({ [unpacked]: ENCODERS }), loadPackage: (name) => packages[name] });
    expect(found).toMatchObject({
      kind: 'found',
      source: '@ffmpeg-installer/ffmpeg',
      path: unpacked,
      tried: [
        { source: 'FFMPEG_PATH', path: null, problem: 'not set' },
        { source: 'ffmpeg-static', path: null, problem: 'has no binary for this platform' },
      ],
    });
  });

  it('passes over a build that cannot encode what is needed', async () => {
    const builds = { '/poor': ENCODERS.slice(1), '/usr/bin/ffmpeg': ENCODERS };
    const found = await findFfmpeg({ ...world(builds), preferred: '/poor' });
    expect(found).toMatchObject({ kind: 'found', source: 'PATH', path: path.join('/usr/bin', 'ffmpeg') });
    expect(found.tried[0]).toEqual({ source: 'FFMPEG_PATH', path: '/poor', problem: 'lacks the encoders libx264' });
  });

  it('tells everything it tried when there is none', async () => {
    const missing = await findFfmpeg({ ...world({}), preferred: '/nowhere' });
    expect(missing).toMatchObject({ kind: 'missing', remedy: expect.stringContaining('FFMPEG_PATH') });
    expect(missing.tried.map(({ source, problem }) => `${source}: ${problem}`)).toEqual([
      'FFMPEG_PATH: spawn /nowhere ENOENT',
      'ffmpeg-static: not installed',
      '@ffmpeg-installer/ffmpeg: not installed',
      'PATH: no ffmpeg in any of its directories',
    ]);
  });
});

describe('what a build says about itself', () => {
  it.each([
    ['libavutil      56. 24.101 / 56. 24.101', false],
    ['libavutil      57. 28.100 / 57. 28.100', false],
    ['libavutil      58.  2.100 / 58.  2.100', true],
    ['libavutil      60.  8.100 / 60.  8.100', true],
  ])('%s: -fps_mode %s', async (line, hasFpsMode) => {
    const facts = await inspectFfmpeg('x', async () => `ffmpeg version N-1\nconfiguration: \n${line}\n`);
    expect(facts).toMatchObject({ hasFpsMode, licence: 'LGPL', version: 'N-1' });
  });

  it('is asked of the real program', async () => {
    const found = await findFfmpeg({ preferred: ffmpegPath });
    expect(found).toMatchObject({ kind: 'found', source: 'FFMPEG_PATH', path: ffmpegPath, licence: 'GPL' });
  });

  it('is not believed of another program', async () => {
    await expect(inspectFfmpeg(process.execPath)).rejects.toThrow();
  });
});

describe('with real files', () => {
  let directory: string;
  beforeAll(async () => {
    directory = await mkdtemp(path.join(os.tmpdir(), 'ffmpeg-'));
    await symlink(ffmpegPath, path.join(directory, 'ffmpeg'));
  });
  afterAll(() => rm(directory, { recursive: true, force: true }));

  it.skipIf(process.platform === 'win32')(
    'finds ffmpeg on the PATH (with a shell script, so not on Windows)',
    async () => {
      const loadPackage = world({}).loadPackage;
      const found = await findFfmpeg({ preferred: null, searchPath: directory, loadPackage });
      expect(found).toMatchObject({ kind: 'found', source: 'PATH', path: path.join(directory, 'ffmpeg') });
    },
  );
});

it('keeps credentials in the environment from ffmpeg', () => {
  const environment = { PATH: '/bin', RECORDER_COS_SECRET_KEY: 'secret', HOME: undefined };
  expect(ffmpegEnvironment(environment)).toEqual({ PATH: '/bin' });
});
