import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import BetterSqlite3 from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { RecordingState } from '../../shared/recording.ts';
import { addRecording, SECRETS } from '../../test/support/new-recording.ts';
import { DATABASE_FILE } from './database.ts';
import { openStore, type Store } from './store.ts';
import { recordingView } from './view.ts';

const START_MS = Date.UTC(2026, 0, 1);
let directory: string;
let store: Store;
let nowMs: number;
const now = (): number => nowMs;

beforeEach(() => {
  nowMs = START_MS;
  directory = mkdtempSync(join(tmpdir(), 'box-store-'));
  store = openStore(directory, { now });
});
afterEach(() => {
  store.close();
  rmSync(directory, { recursive: true });
});

function reopen(): void {
  store.close();
  store = openStore(directory, { now });
}

function eventTypes(recordingId: string): string[] {
  return store.events.list({ recordingId }).map(({ type }) => type);
}

/** Moves a recording through states; throws when one move is not possible. */
function walk(id: string, ...states: RecordingState[]): void {
  for (const to of states) {
    const from = store.recordings.get(id)?.state as RecordingState;
    expect(store.recordings.move(id, from, to)).toBe(true);
  }
}

describe('uploads', () => {
  const head = {
    uploadId: 'U1',
    bucket: 'b-1',
    region: 'r',
    key: 'trtc/录音 1.mp4',
    partSize: 8,
    identity: { size: 20, mtimeNs: '1767225600000000001', inode: '18446744073709551615' },
  };
  const part = { number: 2, offset: 8, length: 8, md5: 'm', crc64: '18446744073709551615', etag: '"e"' };

  it('remembers an upload and its parts across a restart, per file', () => {
    const { id } = addRecording(store);
    const journal = store.uploadJournal(id, 0);
    expect(journal.load()).toBeNull();
    journal.saveInit(head);
    journal.savePart(part);
    journal.savePart({ ...part, number: 1, offset: 0 });
    journal.savePart({ ...part, etag: '"f"' });
    expect(store.uploadJournal(id, 1).load()).toBeNull();
    reopen();
    expect(store.uploadJournal(id, 0).load()).toEqual({
      ...head,
      parts: [
        { ...part, number: 1, offset: 0 },
        { ...part, etag: '"f"' },
      ],
    });
  });

  it('never mixes the parts of two uploads', () => {
    const { id } = addRecording(store);
    const journal = store.uploadJournal(id, 0);
    journal.saveInit(head);
    journal.savePart(part);
    journal.saveInit({ ...head, uploadId: 'U2' });
    expect(journal.load()).toEqual({ ...head, uploadId: 'U2', parts: [] });
    journal.clear();
    journal.clear();
    expect(journal.load()).toBeNull();
    expect(() => journal.savePart(part)).toThrow(/FOREIGN KEY/);
  });
});

describe('secrets on disk', () => {
  it('appear in no file of the data directory, before or after the end', () => {
    const { id } = addRecording(store);
    const leaked = (): string[] =>
      readdirSync(directory).filter((name) => {
        const bytes = readFileSync(join(directory, name));
        return Object.values(SECRETS).some((secret) => secret !== null && bytes.includes(secret));
      });
    expect(leaked()).toEqual([]);
    // The search itself works: what is not secret is found.
    expect(readFileSync(join(directory, `${DATABASE_FILE}-wal`)).includes('user_55952145')).toBe(true);
    walk(id, 'notifying', 'failed');
    reopen();
    expect(leaked()).toEqual([]);
  });

  it('do not open for another recording', () => {
    const first = addRecording(store);
    const second = addRecording(store, { roomId: 2 });
    const db = new BetterSqlite3(join(directory, DATABASE_FILE));
    db.prepare(
      'UPDATE recording_secrets SET sealed = (SELECT sealed FROM recording_secrets WHERE recording_id = ?) WHERE recording_id = ?',
    ).run(first.id, second.id);
    db.close();
    expect(store.recordings.secrets(first.id)).toEqual(SECRETS);
    expect(() => store.recordings.secrets(second.id)).toThrow(expect.objectContaining({ code: 'SECRET_UNREADABLE' }));
  });
});

describe('damage', () => {
  it('moves an unreadable event to quarantine, whole, and shows the others', () => {
    const { id } = addRecording(store);
    walk(id, 'joining');
    const db = new BetterSqlite3(join(directory, DATABASE_FILE));
    db.prepare("UPDATE events SET data_json = '{broken' WHERE seq = 1").run();
    db.close();
    expect(eventTypes(id)).toEqual(['state']);
    const [row, ...others] = store.quarantine.list();
    expect(others).toEqual([]);
    expect(row).toMatchObject({ tableName: 'events', rowKey: '1', atMs: START_MS });
    expect(JSON.parse(row?.content ?? '')).toMatchObject({ type: 'accepted', data_json: '{broken', recording_id: id });
    expect(eventTypes(id)).toEqual(['state']);
    expect(store.quarantine.list()).toHaveLength(1);
  });

  it('loses no accepted request when the process is killed right after, in the middle of further work', () => {
    const script = `
      const { openStore } = await import(process.argv[1]);
      const { addRecording } = await import(process.argv[2]);
      const store = openStore(process.argv[3], { now: Date.now });
      for (let roomId = 1; roomId <= 5; roomId += 1) {
        const { id } = addRecording(store, { roomId });
        if (roomId > 2) store.recordings.move(id, 'accepted', 'joining');
      }
      store.transaction(() => {
        addRecording(store, { roomId: 99 });
        process.kill(process.pid, 'SIGKILL');
      });`;
    store.close();
    const urls = ['./store.ts', '../../test/support/new-recording.ts'].map(
      (path) => new URL(path, import.meta.url).href,
    );
    const child = spawnSync(process.execPath, ['--input-type=module', '-e', script, ...urls, directory], {
      timeout: 20_000,
    });
    expect([child.signal, child.stderr.toString()]).toEqual(['SIGKILL', '']);
    store = openStore(directory, { now });
    const rows = store.recordings.list().map(({ roomId, state }) => [roomId, state]);
    expect(rows).toEqual([
      [5, 'joining'],
      [4, 'joining'],
      [3, 'joining'],
      [2, 'accepted'],
      [1, 'accepted'],
    ]);
    for (const { id } of store.recordings.list()) expect(store.recordings.secrets(id)).toEqual(SECRETS);
  });
});

describe('the view', () => {
  it('shows a recording without its secrets and without the secret parts of its callback', () => {
    const { id } = addRecording(store, { callbackUrl: 'https://user:pass@example.com/hook?key=hidden#x' });
    store.recordings.move(id, 'accepted', 'joining', { startedAtMs: START_MS });
    walk(id, 'recording', 'finalizing');
    store.files.put({
      recordingId: id,
      fileIndex: 0,
      userId: 'user_55952145',
      localPath: '/data/x.mp4',
      bytes: 1000,
      durationMs: 12_000.4,
      objectKey: 'trtc/x.mp4',
      url: 'https://test-123456789.cos.ap-shanghai.myqcloud.com/trtc/x.mp4',
    });
    walk(id, 'uploading');
    store.recordings.update(id, {
      attempts: 3,
      nextAtMs: START_MS + 1000,
      blockedCode: 'COS_KEY_REFUSED',
      blockedRemedy: 'enter the right key',
      lastError: 'COS_KEY_REFUSED: SignatureDoesNotMatch',
    });
    const row = store.recordings.get(id);
    if (row === undefined) throw new Error('missing');
    const view = recordingView(store, row, { uploadedBytes: 400 });
    expect(view).toMatchObject({
      id,
      state: 'uploading',
      startedAt: '2026-01-01T00:00:00.000Z',
      endedAt: null,
      request: {
        SdkAppId: 1_400_000_000,
        RoomId: 43_474,
        StrRoomId: null,
        Callback: 'https://example.com/hook',
        CosConfig: { Region: 'ap-shanghai', Bucket: 'test-123456789', Path: '/trtc' },
      },
      files: [{ bytes: 1000, durationMs: 12_000, uploadedBytes: 400, state: 'local' }],
      attempts: 3,
      nextAttemptAt: '2026-01-01T00:00:01.000Z',
      blocked: { code: 'COS_KEY_REFUSED', remedy: 'enter the right key' },
      result: null,
    });
    const text = JSON.stringify(view);
    for (const hidden of [...Object.values(SECRETS), 'pass', 'hidden']) expect(text).not.toContain(hidden);
  });

  it('counts an upload in the order of the files and leaves the manifest out', () => {
    const { id } = addRecording(store, { mode: '02', names: { a: '甲' }, layout: 'speaker' });
    const sizes = [100, 200, 300];
    for (const [fileIndex, bytes] of sizes.entries()) {
      const place = { localPath: `/${fileIndex}.mp4`, objectKey: 'k', url: 'https://x' };
      const stream = fileIndex === 1 ? 'sub' : 'main';
      const times = { durationMs: 9, startOffsetMs: 1_000.4 };
      store.files.put({ recordingId: id, fileIndex, userId: 'a', stream, ...place, ...times, bytes, sha256: 'ab' });
    }
    const manifest = { localPath: '/m.json', objectKey: 'm', url: 'https://m', bytes: 5, durationMs: 0 };
    store.files.put({ recordingId: id, fileIndex: 3, userId: 'a', stream: 'manifest', ...manifest });
    store.files.update(id, 0, { state: 'uploaded' });
    store.files.update(id, 2, { state: 'failed', bytes: 0 });
    const view = recordingView(store, store.recordings.get(id)!, { uploadedBytes: 180 });
    expect(view.request).toMatchObject({ Mode: '02', AlsoSingle: false, Layout: 'speaker', Names: { a: '甲' } });
    expect(view.files).toMatchObject([
      { stream: 'main', uploadedBytes: 100, startOffsetMs: 1_000, sha256: 'ab', localPath: '/0.mp4' },
      { stream: 'sub', uploadedBytes: 80 },
      { stream: 'main', uploadedBytes: 0, localPath: null, state: 'failed' },
    ]);
    expect(view.files).toHaveLength(3);
    expect(store.files.manifest(id)).toMatchObject({ fileIndex: 3, url: 'https://m', state: 'local' });
  });
});
