import type { CreateOptions } from '../../main/store/recordings.ts';
import type { NewRecording, RecordingRow, RecordingSecrets } from '../../main/store/rows.ts';
import type { Store } from '../../main/store/store.ts';

/** A request as the store takes it; every field can be replaced. */
export function newRecording(changes: Partial<NewRecording> = {}): NewRecording {
  return {
    sdkAppId: 1_400_000_000,
    roomId: 43_474,
    userId: 'user_55952145',
    mode: '12',
    isReserve: false,
    callbackUrl: null,
    cosRegion: 'ap-shanghai',
    cosBucket: 'test-123456789',
    cosPath: '/trtc',
    simulated: false,
    ...changes,
  };
}

export const SECRETS: RecordingSecrets = {
  userSig: 'eJwtzMOCKSIGNATURE',
  secretId: 'AKIDmockSecretId',
  secretKey: 'mockSecretKeyValue',
  token: 'mockSessionToken',
};

/** Creates a recording and hands its row out. */
export function addRecording(
  store: Store,
  changes: Partial<NewRecording> = {},
  options: CreateOptions = {},
): RecordingRow {
  const result = store.recordings.create(newRecording(changes), SECRETS, options);
  if (result.kind !== 'created') throw new Error(`expected a new recording, got ${result.kind}`);
  return result.recording;
}
