import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { REMEDIES } from '../../shared/texts/remedies.ts';
import type { RecordingView } from '../../shared/view.ts';
import { FakeBox, HEALTHY } from '../../test/support/fake-box.ts';
import { addRecording } from '../../test/support/new-recording.ts';
import { openStore, type Store } from '../store/store.ts';
import { createMetrics } from './metrics.ts';

let directory: string;
let store: Store;
let box: FakeBox;
let nowMs: number;
let scrape: () => Promise<Map<string, number>>;
let text: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'metrics-'));
  nowMs = Date.UTC(2030, 0, 1);
  store = openStore(directory, { now: () => nowMs });
  box = new FakeBox();
  const metrics = createMetrics({ store, box, readers: () => 3, version: '1.2.3', now: () => nowMs });
  scrape = async () => {
    text = (await metrics()).text;
    const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
    return new Map(
      lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ')))]),
    );
  };
});
afterEach(() => {
  store.close();
  rmSync(directory, { recursive: true });
});

let room = 1;
function record(): string {
  room += 1;
  return addRecording(store, { roomId: room }).id;
}

/** Takes a recording along its way. */
function moveTo(
  id: string,
  ...states: ('joining' | 'waiting' | 'recording' | 'finalizing' | 'uploading' | 'notifying' | 'done')[]
) {
  for (const state of states) {
    const from = store.recordings.get(id)!.state;
    expect(store.recordings.move(id, from, state, state === 'finalizing' ? { endedAtMs: nowMs } : {})).toBe(true);
  }
}

function addFile(recordingId: string, bytes: number): void {
  store.files.put({
    ...{ recordingId, fileIndex: 0, userId: 'u', localPath: `/x/${recordingId}.mp4`, bytes, durationMs: 1000 },
    ...{ objectKey: 'k', url: 'https://x' },
  });
}

describe('the numbers', () => {
  it('are those of box and store', async () => {
    const [a, b] = [record(), record()];
    moveTo(a, 'joining', 'waiting', 'recording');
    moveTo(b, 'joining', 'waiting', 'recording', 'finalizing', 'uploading');
    addFile(b, 10_000_000);
    store.callbacks.ensure(b, 'https://x/', '{}');
    const journal = store.uploadJournal(b, 0);
    const where = { bucket: 'b', region: 'r', key: 'k', uploadId: 'u', partSize: 4_000_000 };
    journal.saveInit({ ...where, identity: { size: 10_000_000, mtimeNs: '1', inode: '1' } });
    journal.savePart({ number: 1, offset: 0, length: 4_000_000, md5: '', crc64: '1', etag: 'e' });
    nowMs += 90_000;
    box.healthNow = { ...HEALTHY, problems: ['DISK_RESERVE'], accepting: false };
    const found = await scrape();
    expect(Object.fromEntries(found)).toMatchObject({
      'recorder_build_info{version="1.2.3",simulated="false"}': 1,
      'recorder_recordings{state="recording"}': 1,
      'recorder_recordings{state="uploading"}': 1,
      'recorder_recordings{state="done"}': 0,
      recorder_capturing_recordings: 1,
      recorder_capacity_recordings: 8,
      'recorder_capacity_room{kind="mixed"}': 7,
      'recorder_capacity_room{kind="sound"}': 90,
      recorder_capacity_load_cores: 0.2,
      recorder_capacity_limit_cores: 1.6,
      'recorder_capacity_basis{basis="measured"}': 1,
      recorder_capacity_relieved_recordings: 0,
      recorder_accepting: 0,
      'recorder_problem{code="DISK_RESERVE"}': 1,
      recorder_deliveries_blocked: 0,
      recorder_upload_backlog_bytes: 6_000_000,
      recorder_upload_backlog_files: 1,
      recorder_upload_backlog_oldest_age_seconds: 90,
      'recorder_callbacks{state="pending"}': 1,
      'recorder_callbacks{state="parked"}': 0,
      recorder_disk_free_bytes: 50e9,
      recorder_disk_reserve_bytes: 2e9,
      recorder_event_readers: 3,
      recorder_recordings_without_sound: 0,
      recorder_encode_speed_ratio: 1,
      recorder_line_up: 1,
    });
    box.healthNow = { ...HEALTHY, disk: { freeBytes: null, totalBytes: null, reserveBytes: 5, bytesPerHour: 1 } };
    const later = await scrape();
    expect(later.get('recorder_problem{code="DISK_RESERVE"}')).toBeUndefined();
    expect(later.get('recorder_disk_free_bytes')).toBeNaN();
  });

  it('count the recordings that get no sound', async () => {
    const [silent] = [record(), record()];
    const warnings = [{ code: 'SOUND_MISSING', at: '2030-01-01T00:00:00.000Z', message: { en: '', zh: '' } }];
    box.recordings = [{ id: silent, warnings } as unknown as RecordingView];
    expect((await scrape()).get('recorder_recordings_without_sound')).toBe(1);
  });

  it('say that the line is down while uploads wait for it', async () => {
    const id = record();
    moveTo(id, 'joining', 'waiting', 'recording', 'finalizing', 'uploading');
    store.recordings.update(id, { nextAtMs: nowMs + 1, waitRemedy: REMEDIES.checkLine.en });
    const found = await scrape();
    expect([found.get('recorder_line_up'), found.get('recorder_deliveries_waiting_for_line')]).toEqual([0, 1]);
  });

  it('counters only grow: over ends, deletions and recordings that came and went between two scrapes', async () => {
    const total = (found: Map<string, number>): (number | undefined)[] => [
      found.get('recorder_pictures_sent_total'),
      found.get('recorder_pictures_skipped_total'),
      found.get('recorder_frames_dropped_total'),
      found.get('recorder_sdk_problems_total{level="warning"}'),
      found.get('recorder_sdk_problems_total{level="error"}'),
    ];
    expect(total(await scrape())).toEqual([0, 0, 0, 0, 0]);
    const a = record();
    moveTo(a, 'joining', 'waiting', 'recording');
    store.recordings.update(a, { picturesSent: 90, picturesSkipped: 10, framesDropped: 2 });
    store.sdkProblems.add({ recordingId: a, level: 'warning', code: 1, text: 'x', count: 4 });
    expect(total(await scrape())).toEqual([90, 10, 2, 4, 0]);
    expect(text).toMatch(/^recorder_encode_speed_ratio 0\.9$/m);
    store.recordings.update(a, { picturesSent: 190 });
    store.sdkProblems.add({ recordingId: a, level: 'error', code: 2, text: 'y', count: 1 });
    moveTo(a, 'finalizing');
    nowMs += 15_000;
    expect(total(await scrape())).toEqual([190, 10, 2, 4, 1]);
    expect(text).toMatch(/^recorder_encode_speed_ratio 1$/m);
    const b = record();
    moveTo(b, 'joining', 'waiting', 'recording', 'finalizing', 'uploading', 'notifying', 'done');
    store.recordings.update(b, { picturesSent: 5 });
    nowMs += 15_000;
    expect(total(await scrape())).toEqual([195, 10, 2, 4, 1]);
    nowMs += 15_000;
    expect(total(await scrape())).toEqual([195, 10, 2, 4, 1]);
    nowMs += 3_600_000;
    for (let n = 0; n < 3; n += 1) expect(total(await scrape())).toEqual([195, 10, 2, 4, 1]);
  });
});

describe('the names', () => {
  it('follow the rules: a prefix, base units, _total for counters alone, help and type for each', async () => {
    await scrape();
    const types = [...text.matchAll(/^# TYPE (recorder_\w+) (\w+)$/gm)].map(([, name = '', type = '']) => ({
      name,
      type,
    }));
    expect(types.length).toBeGreaterThan(20);
    for (const { name, type } of types) {
      expect(name).toMatch(/^recorder_[a-z]+(_[a-z]+)*$/);
      expect(name.endsWith('_total'), name).toBe(type === 'counter');
      expect(name).not.toMatch(/_(ms|milliseconds|kb|mb|percent)\b/);
      expect(text).toMatch(new RegExp(`^# HELP ${name} \\S.*\\.$`, 'm'));
    }
    expect(text).toMatch(/^process_resident_memory_bytes \d/m);
  });

  it('of the example alert rules, and of the manual, are all there', async () => {
    await scrape();
    const known = new Set([...text.matchAll(/^# TYPE (\w+) /gm)].map(([, name]) => name));
    const rules = readFileSync(new URL('../../resources/prometheus/alerts.yml', import.meta.url), 'utf8');
    const expressions = [...rules.matchAll(/^\s+expr: (.*)$/gm)].map(([, expression = '']) => expression);
    expect(expressions.length).toBe([...rules.matchAll(/- alert: \w+$/gm)].length);
    expect(expressions.length).toBeGreaterThan(8);
    const namesIn = (from: string): string[] => from.match(/\b(recorder|nodejs|process)_\w+/g) ?? [];
    const used = [...expressions.flatMap(namesIn), ...namesIn(rules)];
    expect(used.filter((name) => !known.has(name))).toEqual([]);
    const manual = readFileSync(new URL('../../docs/manual/monitoring.md', import.meta.url), 'utf8');
    const told = new Set(manual.match(/\brecorder_\w+/g) ?? []);
    expect([...told].filter((name) => !known.has(name))).toEqual([]);
    expect([...known].filter((name) => name?.startsWith('recorder_') && !told.has(name))).toEqual([]);
  });
});
