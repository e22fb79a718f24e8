import { describe, expect, it } from 'vitest';
import { FAILURE_KINDS } from '../recordings/transitions.ts';
import type { MediaFileRow, RecordingRow } from '../store/rows.ts';
import { buildResult } from './result.ts';

function recordingRow(changes: Partial<RecordingRow> = {}): RecordingRow {
  return {
    id: '3ab91f65-87d4-4840-8fc8-73a1b4b8f986',
    state: 'notifying',
    createdAtMs: 0,
    sdkAppId: 1_400_000_000,
    roomId: 43_474,
    strRoomId: null,
    userId: 'recorder',
    mode: '12',
    isReserve: true,
    alsoSingle: false,
    layout: null,
    namesJson: '{}',
    callbackUrl: null,
    userSigExpiresAtMs: null,
    cosRegion: 'ap-shanghai',
    cosBucket: 'test-123456789',
    cosPath: '/trtc',
    usesStoredCredentials: false,
    simulated: false,
    startedAtMs: Date.UTC(2026, 0, 2, 3, 4, 5),
    endedAtMs: null,
    cutMs: 0,
    timelineMs: 9000.7,
    endReason: 'dissolved',
    stopRequested: null,
    firstMediaAtMs: null,
    idleSinceAtMs: null,
    captureAttempts: 1,
    picturesSent: 0,
    picturesSkipped: 0,
    framesReceived: 0,
    framesDropped: 0,
    outcome: 'delivered',
    failureKind: null,
    failureCode: null,
    failureMessage: null,
    attempts: 0,
    nextAtMs: null,
    blockedCode: null,
    blockedRemedy: null,
    lastError: null,
    waitRemedy: null,
    waitUntilAtMs: null,
    waitingSinceAtMs: null,
    uploadPace: 0,
    updatedAtMs: 0,
    ...changes,
  };
}

const FILE: MediaFileRow = {
  recordingId: '3ab91f65-87d4-4840-8fc8-73a1b4b8f986',
  fileIndex: 0,
  stream: 'mix',
  startOffsetMs: 0,
  userId: 'recorder',
  localPath: '/data/secret-place/x.mp4',
  bytes: 1_234_567,
  durationMs: 9000.4,
  objectKey: 'trtc/x.mp4',
  url: 'https://test-123456789.cos.ap-shanghai.myqcloud.com/trtc/x.mp4',
  uploadedBytes: 1_234_567,
  crc64: '18446744073709551615',
  sha256: 'ab'.repeat(32),
  etag: '"e"',
  state: 'uploaded',
  failureCode: null,
  message: null,
  evictedAtMs: null,
};

describe('the result', () => {
  it('is the contract with additions, for a delivered file', () => {
    const gap = { atMs: 100.4, durationMs: 20.6, reason: 'boxDown', cut: true } as const;
    expect(buildResult(recordingRow(), [FILE], [gap])).toEqual({
      SdkAppId: '1400000000',
      RoomId: '43474',
      UserId: 'recorder',
      StrRoomId: '',
      Files: [
        {
          UserId: 'recorder',
          RecordFile: 'https://test-123456789.cos.ap-shanghai.myqcloud.com/trtc/x.mp4',
          Status: 1,
          Message: 'success',
          Stream: 'mix',
          StartOffsetMs: 0,
          Bytes: 1_234_567,
          DurationMs: 9000,
          Crc64: '18446744073709551615',
        },
      ],
      RequestId: '3ab91f65-87d4-4840-8fc8-73a1b4b8f986',
      EndReason: 'dissolved',
      StartedAt: '2026-01-02T03:04:05.000Z',
      DurationMs: 9000,
      Bytes: 1_234_567,
      Crc64: '18446744073709551615',
      Gaps: [{ AtMs: 100, DurationMs: 21, Reason: 'boxDown', Cut: true }],
    });
  });

  it('begins with the contract keys in their order, names the string room, and says when the room was simulated', () => {
    const result = buildResult(recordingRow({ roomId: null, strRoomId: 'room A', simulated: true }), [FILE], []);
    expect(Object.keys(result ?? {}).slice(0, 5)).toEqual(['SdkAppId', 'RoomId', 'UserId', 'StrRoomId', 'Files']);
    expect(result).toMatchObject({ RoomId: '', StrRoomId: 'room A', Simulated: true });
  });

  it.each([
    ['recording', 'recording failed: the UserSig has expired'],
    ['transcoding', 'transcoding failed: the UserSig has expired'],
    ['upload', 'write to COS failed: the UserSig has expired'],
  ] as const)('has one failed entry when the %s failed', (failureKind, message) => {
    expect(FAILURE_KINDS).toContain(failureKind);
    const failed = recordingRow({
      outcome: 'failed',
      failureKind,
      failureCode: 'X',
      failureMessage: 'the UserSig has expired',
      startedAtMs: null,
      endReason: 'error',
      timelineMs: 0,
    });
    // A file that never reached COS is not shown as one.
    const files = failureKind === 'upload' ? [{ ...FILE, state: 'failed' as const }] : [];
    const result = buildResult(failed, files, []);
    expect(result?.Files).toMatchObject([{ UserId: 'recorder', RecordFile: '', Status: 0, Message: message }]);
    expect(result?.Files[0]).not.toHaveProperty('Bytes');
    expect(result).toMatchObject({ StartedAt: null, Bytes: 0, Crc64: null, DurationMs: 0, EndReason: 'error' });
  });

  it('is not there before the outcome is known, and never names a local path', () => {
    expect(buildResult(recordingRow({ outcome: null }), [FILE], [])).toBeNull();
    expect(JSON.stringify(buildResult(recordingRow(), [FILE], []))).not.toContain('secret-place');
  });
});

describe('the result of several files', () => {
  const single = (userId: string, changes: Partial<MediaFileRow> = {}): MediaFileRow => ({
    ...FILE,
    fileIndex: 1,
    userId,
    stream: 'main',
    startOffsetMs: 1_500.4,
    durationMs: 4_000,
    crc64: '1',
    ...changes,
  });

  it('names each recorded user, what the file holds and where it begins', () => {
    const screen = single('alice', { stream: 'sub', startOffsetMs: 6_000, durationMs: 5_000 });
    const result = buildResult(recordingRow({ mode: '02' }), [single('alice'), single('bob'), screen], []);
    expect(result?.Files.map(({ UserId, Stream, StartOffsetMs }) => [UserId, Stream, StartOffsetMs])).toEqual([
      ['alice', 'main', 1_500],
      ['bob', 'main', 1_500],
      ['alice', 'sub', 6_000],
    ]);
    // None of them is the recording as a whole.
    expect(result).toMatchObject({ UserId: 'recorder', DurationMs: 11_000, Bytes: 3 * FILE.bytes, Crc64: null });
    expect(result).not.toHaveProperty('Manifest');
  });

  it('takes length and checksum from the mix when there is one, and names the manifest once it is uploaded', () => {
    const manifest = { ...FILE, stream: 'manifest', url: 'https://x/y.json' } as const;
    const files = [FILE, single('alice')];
    expect(buildResult(recordingRow(), files, [], manifest)).toMatchObject({
      DurationMs: 9000,
      Crc64: FILE.crc64,
      Manifest: 'https://x/y.json',
    });
    expect(buildResult(recordingRow(), files, [], { ...manifest, state: 'failed' })).not.toHaveProperty('Manifest');
  });

  it('says of each file what became of it', () => {
    const row = recordingRow({ outcome: 'failed', failureKind: 'transcoding', failureMessage: 'no way' });
    const files = [
      single('alice', { state: 'failed', bytes: 0, message: 'no way' }),
      single('bob'),
      single('carol', { state: 'failed', message: 'too large' }),
    ];
    expect(buildResult(row, files, [])?.Files.map(({ UserId, Status, Message }) => [UserId, Status, Message])).toEqual([
      ['alice', 0, 'transcoding failed: no way'],
      ['bob', 1, 'success'],
      ['carol', 0, 'write to COS failed: too large'],
    ]);
  });
});
