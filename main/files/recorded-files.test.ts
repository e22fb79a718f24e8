import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { addRecording } from '../../test/support/new-recording.ts';
import type { FilesApi, OpenFile } from '../http/files-api.ts';
import type { FileRow, NewRecording } from '../store/rows.ts';
import { openStore, type Store } from '../store/store.ts';
import type { PreviewAnswer, Previews } from './previews.ts';
import { createRecordedFiles } from './recorded-files.ts';

const SHA256 = 'ab'.repeat(32);
const URL_IN_COS = 'https://test-123456789.cos.ap-shanghai.myqcloud.com/trtc/film.mp4';

let root: string;
let store: Store;
let files: FilesApi;
let isDiskAway: boolean;
let asked: [string, string | null][];
let thumbnail: PreviewAnswer<string>;

beforeEach(() => {
  root = mkdtempSync(path.join(tmpdir(), 'files-'));
  store = openStore(root, { now: Date.now });
  isDiskAway = false;
  asked = [];
  thumbnail = { kind: 'later' };
  const previews: Pick<Previews, 'thumbnail' | 'waveform'> = {
    thumbnail: async ({ version }, source) => {
      asked.push([version, source]);
      return thumbnail;
    },
    waveform: async ({ durationMs }) => ({ kind: 'ready', preview: { durationMs, peaks: [1] } }),
  };
  files = createRecordedFiles({ store, previews, isDiskAway: async () => isDiskAway });
});
afterEach(() => {
  store.close();
  rmSync(root, { recursive: true });
});

/** A recording that is being uploaded, with a file and its manifest on the disk. */
function recording(file: Partial<FileRow> = {}, changes: Partial<NewRecording> = {}): { id: string; film: string } {
  const { id } = addRecording(store, changes);
  store.recordings.move(id, 'accepted', 'joining');
  store.recordings.move(id, 'joining', 'finalizing');
  store.recordings.move(id, 'finalizing', 'uploading');
  mkdirSync(path.join(root, id));
  const film = path.join(root, id, 'film.mp4');
  writeFileSync(film, 'media');
  writeFileSync(`${film}.json`, '{"formatVersion":1}');
  store.files.put({
    ...{ recordingId: id, fileIndex: 0, userId: 'u', localPath: film, bytes: 5, durationMs: 1234, sha256: SHA256 },
    ...{ objectKey: 'trtc/film.mp4', url: URL_IN_COS },
    ...file,
  });
  return { id, film };
}

async function opened(answer: Promise<{ kind: string }>): Promise<OpenFile> {
  const file = (await answer) as OpenFile;
  expect(file.kind).toBe('file');
  await file.handle.close();
  return file;
}

describe('a file', () => {
  it('is opened as the row names it, and its tag is its checksum', async () => {
    const { id, film } = recording();
    expect(await opened(files.file(id, 0))).toMatchObject({
      ...{
        bytes: 5,
        modifiedAtMs: statSync(film).mtimeMs,
        etag: `"${SHA256}"`,
        mediaType: 'video/mp4',
        name: 'film.mp4',
      },
    });
    const sound = recording({ sha256: null, crc64: '7' }, { mode: '10', roomId: 2 });
    const other = recording({ sha256: null, crc64: '8' }, { mode: '10', roomId: 3 });
    const tags = await Promise.all([sound, other].map(async (one) => await opened(files.file(one.id, 0))));
    expect(tags.map(({ mediaType }) => mediaType)).toEqual(['audio/mpeg', 'audio/mpeg']);
    expect(new Set(tags.map(({ etag }) => etag)).size).toBe(2);
  });

  it('that is not there is refused as what it is', async () => {
    expect(await files.file('nobody', 0)).toMatchObject({ code: 'NOT_FOUND' });
    const { id: running } = addRecording(store, { roomId: 9 });
    expect(await files.file(running, 0)).toMatchObject({ code: 'FILE_NOT_READY' });
    const { id } = recording();
    expect(await files.file(id, 1)).toMatchObject({ code: 'FILE_NOT_FOUND' });
    const never = recording({ bytes: 0, state: 'failed' }, { roomId: 2 });
    expect(await files.file(never.id, 0)).toMatchObject({ code: 'FILE_NOT_FOUND' });
  });

  it('that the box gave up is named by its place in COS; one that was lost has none', async () => {
    const { id } = recording({ state: 'uploaded', evictedAtMs: 1 });
    const gone = await files.file(id, 0);
    expect(gone).toMatchObject({ code: 'FILE_NOT_HERE', url: URL_IN_COS });
    expect(gone).toHaveProperty('remedy.en', `Fetch it from COS: ${URL_IN_COS}`);
    const lost = recording({}, { roomId: 2 });
    rmSync(lost.film);
    expect(await files.file(lost.id, 0)).toEqual({ kind: 'problem', code: 'FILE_NOT_HERE' });
    isDiskAway = true;
    expect(await files.file(lost.id, 0)).toEqual({ kind: 'problem', code: 'DISK_AWAY' });
  });
});

describe('previews', () => {
  it('are made of what is there, later or not at all', async () => {
    const { id, film } = recording();
    expect(await files.thumbnail(id, 0)).toMatchObject({ code: 'PREVIEW_NOT_READY', retryAfterSeconds: 5 });
    thumbnail = { kind: 'failed' };
    expect(await files.thumbnail(id, 0)).toMatchObject({ code: 'PREVIEW_FAILED' });
    const picture = path.join(root, 'picture.jpg');
    writeFileSync(picture, 'jpeg');
    thumbnail = { kind: 'ready', preview: picture };
    expect(await opened(files.thumbnail(id, 0))).toMatchObject({ bytes: 4, mediaType: 'image/jpeg', name: 'film.jpg' });
    expect(asked).toEqual([1, 2, 3].map(() => [SHA256.slice(0, 16), film]));
    expect(await files.waveform(id, 0)).toEqual({ kind: 'waveform', durationMs: 1234, peaks: [1] });
  });

  it('of a file in COS are those made before', async () => {
    const { id } = recording({ state: 'uploaded', evictedAtMs: 1 });
    thumbnail = { kind: 'failed' };
    expect(await files.thumbnail(id, 0)).toMatchObject({ code: 'FILE_NOT_HERE', url: URL_IN_COS });
    expect(asked).toEqual([[SHA256.slice(0, 16), null]]);
  });

  it('are of pictures where there are some, and of sound where there is some', async () => {
    const sound = recording({}, { mode: '10' });
    const silent = recording({}, { mode: '01', roomId: 2 });
    expect(await files.thumbnail(sound.id, 0)).toMatchObject({ code: 'NO_PICTURE' });
    expect(await files.waveform(silent.id, 0)).toMatchObject({ code: 'NO_SOUND' });
  });
});

it('the manifest is read from beside the first file, also when that one is in COS only', async () => {
  const { id, film } = recording({ state: 'uploaded', evictedAtMs: 1 });
  expect(await files.manifest(id)).toEqual({ kind: 'manifest', manifest: { formatVersion: 1 } });
  rmSync(`${film}.json`);
  expect(await files.manifest(id)).toMatchObject({ code: 'FILE_NOT_HERE' });
  const { id: running } = addRecording(store, { roomId: 9 });
  expect(await files.manifest(running)).toMatchObject({ code: 'FILE_NOT_READY' });
});
