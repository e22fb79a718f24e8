import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import BetterSqlite3 from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CALLBACK_EVENTS, type CallbackEvent } from '../../shared/callback-events.ts';
import type { RecordingState } from '../../shared/recording.ts';
import { addRecording } from '../../test/support/new-recording.ts';
import { DATABASE_FILE, migrate } from './database.ts';
import { MIGRATIONS } from './migrations.ts';
import type { RecordingPatch } from './rows.ts';
import { openStore, type Store } from './store.ts';

const START_MS = Date.UTC(2026, 0, 1);
let directory: string;
let store: Store;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'box-announce-'));
  store = openStore(directory, { now: () => START_MS });
});
afterEach(() => {
  store.close();
  rmSync(directory, { recursive: true });
});

function wanting(events: readonly CallbackEvent[], callbackUrl: string | null = 'http://127.0.0.1/a'): string {
  return addRecording(store, { events, callbackUrl }).id;
}

function told(id: string): (string | null)[] {
  return store.callbacks.listOf(id).map(({ event }) => event);
}

/** Moves a recording through states. */
function walk(id: string, ...states: [RecordingState, RecordingPatch?][]): void {
  for (const [to, patch] of states) {
    expect(store.recordings.move(id, store.recordings.get(id)!.state, to, patch)).toBe(true);
  }
}

describe('what a recording goes through', () => {
  it('is told once each, interruptions as often as they come, in order and with the move', () => {
    const id = wanting(CALLBACK_EVENTS);
    walk(id, ['joining'], ['waiting', { startedAtMs: START_MS }], ['recording']);
    walk(id, ['joining'], ['waiting'], ['recording'], ['joining'], ['waiting'], ['recording']);
    walk(id, ['finalizing', { endReason: 'kicked', timelineMs: 9_000.4 }], ['uploading']);
    walk(id, ['notifying', { outcome: 'delivered' }]);
    expect(told(id)).toEqual([
      'recording.waiting',
      'recording.started',
      'recording.interrupted',
      'recording.resumed',
      'recording.interrupted',
      'recording.resumed',
      'recording.ended',
    ]);
    const bodies = store.callbacks.listOf(id).map(({ body }) => JSON.parse(body));
    expect(bodies.at(-1)).toMatchObject({ RequestId: id, Data: { EndReason: 'kicked', DurationMs: 9_000 } });
    expect(bodies[2]).toMatchObject({ Data: { Reason: 'captureRestarted' } });
  });

  it('before the room was entered is no interruption, and a failure is an end', () => {
    const id = wanting(CALLBACK_EVENTS);
    walk(id, ['joining']);
    walk(id, ['notifying', { endReason: 'error', failureCode: 'ENTER_ROOM_-3320', outcome: 'failed' }]);
    expect(told(id)).toEqual(['recording.ended']);
    expect(JSON.parse(store.callbacks.listOf(id)[0]?.body ?? '').Data).toEqual({
      EndReason: 'error',
      DurationMs: 0,
      FailureCode: 'ENTER_ROOM_-3320',
    });
  });

  it('is told only to whom wants it', () => {
    const id = wanting(['recording.resumed', 'recording.ended']);
    const silent = addRecording(store, { roomId: 5, callbackUrl: 'http://127.0.0.1/b' }).id;
    for (const one of [id, silent]) {
      walk(one, ['joining'], ['waiting', { startedAtMs: START_MS }], ['joining'], ['waiting'], ['notifying']);
    }
    expect([told(id), told(silent)]).toEqual([['recording.resumed', 'recording.ended'], []]);
    expect([store.announcements.wanted(id), store.announcements.wanted(silent)]).toEqual([
      ['recording.resumed', 'recording.ended'],
      [],
    ]);
  });

  it('is either moved and told, or neither', () => {
    const id = wanting(CALLBACK_EVENTS);
    walk(id, ['joining']);
    expect(() =>
      store.transaction(() => {
        walk(id, ['waiting', { startedAtMs: START_MS }]);
        throw new Error('power cut');
      }),
    ).toThrow('power cut');
    expect([store.recordings.get(id)?.state, told(id)]).toEqual(['joining', []]);
    walk(id, ['waiting', { startedAtMs: START_MS }]);
    expect(told(id)).toEqual(['recording.waiting']);
  });

  it('moves on when what was told cannot be read any more', () => {
    const id = wanting(CALLBACK_EVENTS);
    const db = new BetterSqlite3(join(directory, DATABASE_FILE));
    db.prepare("UPDATE callback_events SET told_json = '{broken', wanted_json = '7'").run();
    db.close();
    walk(id, ['joining'], ['waiting', { startedAtMs: START_MS }]);
    expect(told(id)).toEqual([]);
  });
});

describe('a pair', () => {
  it('ends only what was begun, and may begin again', () => {
    const id = wanting(CALLBACK_EVENTS);
    const tell = (event: CallbackEvent) => store.announcements.tell(id, { event, data: { Code: 'X' } });
    for (const event of ['resumed', 'blocked', 'blocked', 'resumed', 'resumed', 'blocked'] as const)
      tell(`upload.${event}`);
    expect(told(id)).toEqual(['upload.blocked', 'upload.resumed', 'upload.blocked']);
  });
});

describe('the migration', () => {
  it('keeps results that were on their way, and those delivered', () => {
    const db = new BetterSqlite3(':memory:');
    migrate(db, MIGRATIONS.slice(0, 2));
    db.exec(`
      INSERT INTO recordings (id, state, created_at_ms, sdk_app_id, room_id, user_id, mode, is_reserve, cos_region, cos_bucket,
        cos_path, uses_stored_credentials, simulated, updated_at_ms)
        SELECT id, 'done', 1, 2, seq, 'u', '12', 1, 'a', 'b', '/', 0, 0, 1 FROM (SELECT 'r1' AS id, 1 AS seq UNION SELECT 'r2', 2);
      INSERT INTO callbacks (recording_id, delivery_id, url, body, attempts, state, last_status, created_at_ms, ended_at_ms)
        VALUES ('r2', 'd2', 'http://x', '{"b":2}', 4, 'pending', 503, 20, NULL), ('r1', 'd1', 'http://y', '{"b":1}', 1, 'delivered', 200, 10, 11);`);
    migrate(db, MIGRATIONS);
    expect(db.prepare('SELECT * FROM callbacks ORDER BY seq').all()).toMatchObject([
      { recording_id: 'r1', delivery_id: 'd1', event: null, body: '{"b":1}', state: 'delivered', ended_at_ms: 11 },
      { recording_id: 'r2', delivery_id: 'd2', event: null, attempts: 4, state: 'pending', queued_at_ms: 20 },
    ]);
    const another =
      "INSERT INTO callbacks (recording_id, delivery_id, url, body, state, created_at_ms, queued_at_ms) VALUES ('r1', 'd3', 'u', 'b', 'pending', 1, 1)";
    expect(() => db.exec(another)).toThrow(/UNIQUE/);
    db.exec("DELETE FROM recordings WHERE id = 'r1'");
    db.close();
  });
});
