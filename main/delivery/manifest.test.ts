import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Ajv } from 'ajv';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { END_REASONS, MODES } from '../../shared/recording.ts';
import type { RecordingRow } from '../store/rows.ts';
import { buildManifest, type ManifestInputs, manifestName, manifestSchema, writeManifest } from './manifest.ts';

const START_MS = Date.UTC(2026, 0, 2, 3, 4, 5, 678);
const RECORDING: RecordingRow = {
  id: '0b8f5d1e-1111-4222-8333-444455556666',
  state: 'finalizing',
  createdAtMs: START_MS - 1000,
  sdkAppId: 1_400_000_000,
  roomId: null,
  strRoomId: '房间 "5"',
  userId: 'recorder_1',
  mode: '12',
  isReserve: true,
  alsoSingle: true,
  layout: 'speaker',
  namesJson: '{"a":"阿明"}',
  userSigExpiresAtMs: null,
  callbackUrl: 'https://caller:hunter2@example.com/done?key=hunter2#hunter2',
  cosRegion: 'ap-shanghai',
  cosBucket: 'test-123456789',
  cosPath: '/trtc',
  usesStoredCredentials: false,
  simulated: true,
  startedAtMs: START_MS,
  endedAtMs: START_MS + 60_000,
  cutMs: 0,
  timelineMs: 59_999.9996,
  endReason: 'dissolved',
  stopRequested: null,
  firstMediaAtMs: 120.00049,
  idleSinceAtMs: null,
  captureAttempts: 2,
  picturesSent: 0,
  picturesSkipped: 0,
  framesReceived: 0,
  framesDropped: 0,
  outcome: null,
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
  updatedAtMs: START_MS + 61_000,
};

const INPUTS: ManifestInputs = {
  boxId: 'box-上海',
  recorderVersion: '9.8.7',
  nowMs: START_MS + 62_000,
  recording: RECORDING,
  stays: [
    { userId: 'b', enteredAtMs: 2000, leftAtMs: null, slot: null },
    { userId: 'a', enteredAtMs: 0, leftAtMs: 1000.12345, slot: 0 },
    { userId: 'a', enteredAtMs: 5000, leftAtMs: 9000, slot: 1 },
  ],
  gaps: [
    { atMs: 9000, durationMs: 5, reason: 'connectionLost', cut: false },
    { atMs: 3000, durationMs: 1234.5, reason: 'encoderDied', cut: true },
  ],
  segments: [
    {
      recordingId: RECORDING.id,
      segment: 0,
      output: 'mix',
      file: '/srv/secret-place/0000.mp4',
      startMs: 0,
      bytes: 1000,
      clean: true,
      openedAtMs: START_MS,
      closedAtMs: START_MS + 1000,
      sha256: 'ab'.repeat(32),
    },
    {
      recordingId: RECORDING.id,
      segment: 1,
      output: 'sub:a',
      file: '0001.mp4',
      startMs: 4234.5,
      bytes: null,
      clean: null,
      openedAtMs: START_MS,
      closedAtMs: null,
    },
  ],
  counters: { picturesSent: 890, picturesSkipped: 10, framesReceived: 3000, framesDropped: 2 },
  warnings: [
    { level: 'warning', code: 1101, text: 'weak network', count: 2 },
    { level: 'error', code: 2105, text: 'stalled', count: 1 },
    { level: 'warning', code: 1101, text: 'weak network', count: 3 },
  ],
  files: [
    {
      userId: 'recorder_1',
      localPath: '/srv/secret-place/1400000000_x.mp4',
      bytes: 123_456,
      durationMs: 58_000.000_01,
      startOffsetMs: 120,
      stream: 'mix',
      sha256: 'cd'.repeat(32),
      crc64: '11051210869376104954',
      objectKey: 'trtc/1400000000_x.mp4',
      url: 'https://test-123456789.cos.ap-shanghai.myqcloud.com/trtc/1400000000_x.mp4',
    },
  ],
};

const isValid = new Ajv({ allErrors: true, strict: true, allowUnionTypes: true }).compile(manifestSchema);

describe('manifest', () => {
  it('answers who was there, what is missing, and what was delivered', () => {
    const manifest = buildManifest(INPUTS);
    expect(isValid(manifest), JSON.stringify(isValid.errors)).toBe(true);
    expect(manifest).toMatchObject({
      formatVersion: 1,
      recordingId: RECORDING.id,
      boxId: 'box-上海',
      createdAt: '2026-01-02T03:05:07.678Z',
      startedAt: '2026-01-02T03:04:05.678Z',
      endedAt: '2026-01-02T03:05:05.678Z',
      endReason: 'dissolved',
      request: { Mode: '12', AlsoSingle: true, Layout: 'speaker', Names: { a: '阿明' } },
      room: { kind: 'string', id: '房间 "5"' },
      simulated: true,
      timelineMs: 60_000,
      firstMediaAtMs: 120,
      counters: { picturesSent: 890, picturesSkipped: 10, framesReceived: 3000, framesDropped: 2 },
    });
    expect(manifest.participants).toEqual([
      {
        userId: 'a',
        intervals: [
          { enteredAtMs: 0, leftAtMs: 1000.123, slot: 0 },
          { enteredAtMs: 5000, leftAtMs: 9000, slot: 1 },
        ],
      },
      { userId: 'b', intervals: [{ enteredAtMs: 2000, leftAtMs: null, slot: null }] },
    ]);
    expect(manifest.gaps.map(({ atMs, reason, cut }) => [atMs, reason, cut])).toEqual([
      [3000, 'encoderDied', true],
      [9000, 'connectionLost', false],
    ]);
    expect(manifest.segments).toEqual([
      { segment: 0, output: 'mix', file: '0000.mp4', startMs: 0, bytes: 1000, clean: true, sha256: 'ab'.repeat(32) },
      { segment: 1, output: 'sub:a', file: '0001.mp4', startMs: 4234.5, bytes: null, clean: null, sha256: null },
    ]);
    expect(manifest.warnings).toEqual([
      { level: 'warning', code: 1101, text: 'weak network', count: 5 },
      { level: 'error', code: 2105, text: 'stalled', count: 1 },
    ]);
    expect(manifest.files[0]).toMatchObject({ name: '1400000000_x.mp4', durationMs: 58_000, startOffsetMs: 120 });
  });

  it('holds no secret and no place on the box', () => {
    const text = JSON.stringify(buildManifest(INPUTS));
    expect(text).not.toMatch(/hunter2|secret-place|caller/);
    expect(text).toContain('https://example.com/done');
  });

  it('is valid whatever happened', () => {
    const time = fc.option(fc.integer({ min: 0, max: 4e12 }));
    const ms = fc.double({ min: -10, max: 1e9, noNaN: true });
    const rows = fc.record({
      mode: fc.constantFrom(...MODES),
      startedAtMs: time,
      endedAtMs: time,
      timelineMs: ms,
      firstMediaAtMs: fc.option(ms),
      endReason: fc.option(fc.constantFrom(...END_REASONS)),
      callbackUrl: fc.option(fc.webUrl()),
    });
    const stays = fc.array(
      fc.record({ userId: fc.string(), enteredAtMs: ms, leftAtMs: fc.option(ms), slot: fc.option(fc.nat(5)) }),
    );
    fc.assert(
      fc.property(rows, fc.boolean(), stays, (row, isInteger, list) => {
        const room = isInteger ? { roomId: 5, strRoomId: null } : { roomId: null, strRoomId: 'x' };
        const recording = { ...RECORDING, ...row, ...room } as RecordingRow;
        const manifest = buildManifest({ ...INPUTS, recording, stays: list, boxId: null, counters: null, files: [] });
        expect(isValid(JSON.parse(JSON.stringify(manifest))), JSON.stringify(isValid.errors)).toBe(true);
        const intervals = manifest.participants.flatMap((participant) => participant.intervals);
        expect(intervals).toHaveLength(list.length);
      }),
      { numRuns: 60 },
    );
  });

  it('lies beside its file, readable for others, never in part', () => {
    const directory = mkdtempSync(path.join(os.tmpdir(), 'manifest-'));
    try {
      const file = path.join(directory, manifestName('1400000000_x.mp4'));
      expect(path.basename(file)).toBe('1400000000_x.mp4.json');
      writeManifest(file, buildManifest({ ...INPUTS, boxId: null }));
      writeManifest(file, buildManifest(INPUTS));
      expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(buildManifest(INPUTS));
      expect(readdirSync(directory)).toEqual([path.basename(file)]);
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  });

  it('has the same schema in resources', () => {
    const root = new URL('../../', import.meta.url);
    const text = readFileSync(new URL('resources/manifest.schema.json', root), 'utf8');
    expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(manifestSchema)));
  });
});
