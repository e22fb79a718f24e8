import type { RecordingRow } from '../store/rows.ts';

/** What of a recording its file name is made of. */
export type NamedRecording = Pick<
  RecordingRow,
  'id' | 'sdkAppId' | 'roomId' | 'strRoomId' | 'userId' | 'mode' | 'startedAtMs' | 'createdAtMs' | 'cosPath'
>;

/** Mixed audio alone is MP3, everything with pictures MP4. */
export function mediaKind(mode: RecordingRow['mode']): 'mp3' | 'mp4' {
  return mode === '10' ? 'mp3' : 'mp4';
}

function utcStamp(epochMs: number): string {
  return `${new Date(epochMs).toISOString().slice(0, 19).replaceAll(/[-:]/g, '')}Z`;
}

/**
 * `<SdkAppId>_<RoomId or base64url StrRoomId>_<UserId>_<UTC yyyyMMddTHHmmssZ>_<first 8 of id>.mp4|mp3`.
 * Everything in it is letters, digits, `_`, `-` and one dot, so that it is safe as a file name and as an object key anywhere.
 */
export function fileName(recording: NamedRecording): string {
  const room =
    recording.roomId === null
      ? Buffer.from(recording.strRoomId ?? '', 'utf8').toString('base64url')
      : String(recording.roomId);
  const stamp = utcStamp(recording.startedAtMs ?? recording.createdAtMs);
  const unique = recording.id.slice(0, 8);
  return `${recording.sdkAppId}_${room}_${recording.userId}_${stamp}_${unique}.${mediaKind(recording.mode)}`;
}

/** Path in the bucket plus file name, without a leading slash (COS keys have none). */
export function objectKey(recording: NamedRecording): string {
  const folders = recording.cosPath.split('/').filter((part) => part !== '');
  return [...folders, fileName(recording)].join('/');
}
