import { createHash } from 'node:crypto';
import { type FileHandle, open, stat } from 'node:fs/promises';
import path from 'node:path';
import { CAPTURING_STATES, mediaOf } from '../../shared/recording.ts';
import type { Text } from '../../shared/texts/language.ts';
import { manifestName } from '../delivery/manifest.ts';
import type { ProblemResult } from '../http/box-api.ts';
import type { FilesApi, OpenFile } from '../http/files-api.ts';
import { mediaKind } from '../recordings/naming.ts';
import type { MediaFileRow, RecordingRow } from '../store/rows.ts';
import type { Store } from '../store/store.ts';
import type { PreviewAnswer, PreviewOf, Previews } from './previews.ts';

export interface RecordedFilesDeps {
  store: Pick<Store, 'recordings' | 'files'>;
  previews: Pick<Previews, 'thumbnail' | 'waveform'>;
  /** Whether the disk of the recordings is out of reach: what cannot be seen is not gone. */
  isDiskAway(): Promise<boolean>;
}

const MEDIA_TYPES = { mp4: 'video/mp4', mp3: 'audio/mpeg' } as const;
/** A manifest is some kilobytes; what is larger is none. */
const MAX_MANIFEST_BYTES = 64 * 1024 ** 2;
const PREVIEW_RETRY_SECONDS = 5;
/** Of a checksum, enough to tell one file of a recording from its successor. */
const VERSION_CHARS = 16;

/** Finished files as the API hands them out. What is read is what the rows name, nothing else. */
export function createRecordedFiles(deps: RecordedFilesDeps): FilesApi {
  const { previews } = deps;
  return {
    async file(recordingId, index) {
      const found = findFile(deps, recordingId, index);
      if ('code' in found) return found;
      return await openMedia(deps, found);
    },
    async thumbnail(recordingId, index) {
      const found = findFile(deps, recordingId, index);
      if ('code' in found) return found;
      if (!mediaOf(found.row.mode).video) return problem('NO_PICTURE');
      const made = await previewed(deps, found, (of, source) => previews.thumbnail(of, source));
      if (made.kind === 'problem') return made;
      const handle = await openOrNull(made.preview);
      if (handle === null) return problem('PREVIEW_FAILED');
      const name = `${path.parse(found.file.localPath).name}.jpg`;
      return await opened(handle, { etag: `"${versionOf(found.file)}-jpg"`, mediaType: 'image/jpeg', name });
    },
    async waveform(recordingId, index) {
      const found = findFile(deps, recordingId, index);
      if ('code' in found) return found;
      if (!mediaOf(found.row.mode).audio) return problem('NO_SOUND');
      const made = await previewed(deps, found, (of, source) => previews.waveform(of, source));
      return made.kind === 'problem' ? made : { kind: 'waveform', ...made.preview };
    },
    async manifest(recordingId) {
      const found = findFile(deps, recordingId, 0);
      if ('code' in found) return found;
      const uploaded = deps.store.files.manifest(recordingId);
      const handle = await openOrNull(uploaded?.localPath ?? manifestName(found.file.localPath));
      if (handle === null) return await missing(deps, uploaded?.state === 'uploaded' ? uploaded.url : null);
      try {
        if ((await handle.stat()).size > MAX_MANIFEST_BYTES) throw new Error('the manifest is too large to be one');
        const manifest = JSON.parse(await handle.readFile('utf8')) as Record<string, unknown>;
        return { kind: 'manifest', manifest };
      } finally {
        await handle.close();
      }
    },
  };
}

interface Found {
  row: RecordingRow;
  file: MediaFileRow;
}

/** A file that was made, whether it is still here or not. */
function findFile({ store }: RecordedFilesDeps, recordingId: string, index: number): Found | ProblemResult {
  const row = store.recordings.get(recordingId);
  if (!row) return problem('NOT_FOUND');
  const isGrowing = (CAPTURING_STATES as readonly string[]).includes(row.state) || row.state === 'finalizing';
  if (isGrowing) return problem('FILE_NOT_READY');
  const file = store.files.list(recordingId)[index];
  return file === undefined || file.bytes === 0 ? problem('FILE_NOT_FOUND') : { row, file };
}

async function openMedia(deps: RecordedFilesDeps, { row, file }: Found): Promise<OpenFile | ProblemResult> {
  const handle = file.evictedAtMs === null ? await openOrNull(file.localPath) : null;
  if (handle === null) return await missing(deps, file.state === 'uploaded' ? file.url : null);
  return await opened(handle, {
    etag: `"${versionOf(file)}"`,
    mediaType: MEDIA_TYPES[mediaKind(row.mode)],
    name: path.basename(file.localPath),
  });
}

async function opened(
  handle: FileHandle,
  facts: Pick<OpenFile, 'etag' | 'mediaType' | 'name'>,
): Promise<OpenFile | ProblemResult> {
  try {
    const { size, mtimeMs } = await handle.stat();
    return { kind: 'file', handle, bytes: size, modifiedAtMs: mtimeMs, ...facts };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** Null when there is no such file. Rejects when there is one that cannot be read. */
async function openOrNull(file: string): Promise<FileHandle | null> {
  try {
    return await open(file, 'r');
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR')) return null;
    throw error;
  }
}

async function missing({ isDiskAway }: RecordedFilesDeps, url: string | null): Promise<ProblemResult> {
  if (await isDiskAway()) return problem('DISK_AWAY');
  if (url === null) return problem('FILE_NOT_HERE');
  const remedy: Text = { en: `Fetch it from COS: ${url}`, zh: `请从 COS 获取：${url}` };
  return { ...problem('FILE_NOT_HERE'), remedy, url };
}

/** Asks for a preview. A file that is gone gives one only if it was made before. */
async function previewed<Preview>(
  deps: RecordedFilesDeps,
  { file }: Found,
  ask: (of: Omit<PreviewOf, 'path'>, source: string | null) => Promise<PreviewAnswer<Preview>>,
): Promise<{ kind: 'ready'; preview: Preview } | ProblemResult> {
  const { recordingId, fileIndex: index, durationMs, localPath } = file;
  const version = versionOf(file).slice(0, VERSION_CHARS);
  const isHere = file.evictedAtMs === null && (await isThere(localPath));
  const answer = await ask({ recordingId, index, version, durationMs }, isHere ? localPath : null);
  switch (answer.kind) {
    case 'ready':
      return answer;
    case 'later':
      return { ...problem('PREVIEW_NOT_READY'), retryAfterSeconds: PREVIEW_RETRY_SECONDS };
    case 'failed':
      return isHere ? problem('PREVIEW_FAILED') : await missing(deps, file.state === 'uploaded' ? file.url : null);
  }
}

async function isThere(file: string): Promise<boolean> {
  return await stat(file).then(
    () => true,
    () => false,
  );
}

/** Tells the content of a file: its checksum where there is one. */
function versionOf({ sha256, crc64, bytes, fileIndex, recordingId }: MediaFileRow): string {
  if (sha256 !== null) return sha256;
  const facts = [recordingId, fileIndex, bytes, crc64].join(' ');
  return createHash('sha256').update(facts).digest('hex');
}

function problem(code: ProblemResult['code']): ProblemResult {
  return { kind: 'problem', code };
}
