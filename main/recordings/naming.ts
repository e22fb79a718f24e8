import { createHash } from 'node:crypto';
import { mediaOf } from '../../shared/recording.ts';
import { USER_ID } from '../../shared/request-rules.ts';
import type { OutputName } from '../capture/messages.ts';
import type { RecordingRow } from '../store/rows.ts';
import { describeOutput } from './outputs.ts';
import { uuidOf } from './recording-id.ts';

/** What of a recording its file name is made of. */
export type NamedRecording = Pick<
  RecordingRow,
  'id' | 'sdkAppId' | 'roomId' | 'strRoomId' | 'userId' | 'mode' | 'startedAtMs' | 'createdAtMs' | 'cosPath'
>;

/** Audio alone is MP3, everything with pictures MP4. */
export function mediaKind(mode: RecordingRow['mode']): 'mp3' | 'mp4' {
  return mediaOf(mode).video ? 'mp4' : 'mp3';
}

function utcStamp(epochMs: number): string {
  return `${new Date(epochMs).toISOString().slice(0, 19).replaceAll(/[-:]/g, '')}Z`;
}

/**
 * `<SdkAppId>_<RoomId or base64url StrRoomId>_<UserId>_<UTC yyyyMMddTHHmmssZ>_<first 8 of the id's UUID>.mp4|mp3` for the mix; files of one user
 * have his id and `main` or `aux` (his screen) in the place of the recorder's, and the same time: that of the recording's t=0.
 * Everything in it is letters, digits, `_`, `-` and one dot, so that it is safe as a file name and as an object key anywhere.
 */
export function fileName(recording: NamedRecording, output: OutputName = 'mix'): string {
  const room =
    recording.roomId === null
      ? Buffer.from(recording.strRoomId ?? '', 'utf8').toString('base64url')
      : String(recording.roomId);
  const stamp = utcStamp(recording.startedAtMs ?? recording.createdAtMs);
  const unique = uuidOf(recording.id).slice(0, 8);
  const whose = whoseOf(recording, output);
  return `${recording.sdkAppId}_${room}_${whose}_${stamp}_${unique}.${mediaKind(recording.mode)}`;
}

/**
 * Names of all files of a recording. Users whose ids differ in nothing but case would share one file on many disks, and a recorder may
 * be called `bob_main`: a name that is taken gets a number.
 */
export function fileNames(recording: NamedRecording, outputs: readonly OutputName[]): Map<OutputName, string> {
  const taken = new Set<string>();
  const names = new Map<OutputName, string>();
  for (const output of outputs) {
    const wanted = fileName(recording, output);
    let name = wanted;
    for (let number = 2; taken.has(name.toLowerCase()); number += 1) name = wanted.replace(/(?=\.\w+$)/, `_${number}`);
    taken.add(name.toLowerCase());
    names.set(output, name);
  }
  return names;
}

function whoseOf(recording: NamedRecording, output: OutputName): string {
  const { stream, userId } = describeOutput(output);
  if (userId === null) return recording.userId;
  // What comes from the room may be anything; ids that TRTC would not take have no place in a path.
  const safe = USER_ID.test(userId) ? userId : createHash('sha256').update(userId).digest('base64url');
  return `${safe}_${stream === 'sub' ? 'aux' : 'main'}`;
}

/** Path in the bucket plus file name, without a leading slash (COS keys have none). */
export function objectKey(recording: NamedRecording, name: string = fileName(recording)): string {
  const folders = recording.cosPath.split('/').filter((part) => part !== '');
  return [...folders, name].join('/');
}
