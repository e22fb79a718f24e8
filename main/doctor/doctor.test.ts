import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { addRecording } from '../../test/support/new-recording.ts';
import { createCosClient } from '../delivery/cos/cos-client.ts';
import { createMemoryJournal } from '../delivery/cos/journal.ts';
import { uploadObject } from '../delivery/cos/upload.ts';
import { hashFile } from '../delivery/hash-file.ts';
import { type CosServer, startCosServer } from '../selftest/cos-server/index.ts';
import type { Environment } from '../settings/environment.ts';
import { DATABASE_FILE } from '../store/database.ts';
import { lockDirectory } from '../store/directory-lock.ts';
import { openStore } from '../store/store.ts';
import { type DoctorOptions, runDoctor } from './doctor.ts';
import { exitCodeOf, printJson, printReport, type Report } from './print.ts';

const KEYS = { secretId: 'AKIDdoctor', secretKey: 'secret-key-of-the-doctor' };
const KEY = 'trtc/a.mp4';
const BUCKET = 'test-123456789';

let directory: string;
let data: string;
let cos: CosServer;
/** A recording that was delivered, and its local file. */
let id: string;
let file: string;

beforeEach(async () => {
  directory = mkdtempSync(path.join(tmpdir(), 'box-doctor-'));
  data = path.join(directory, 'box');
  cos = await startCosServer({ directory: path.join(directory, 'cos'), port: 0, credentials: [KEYS] });
  const store = openStore(data, { now: Date.now });
  id = addRecording(store).id;
  const folder = path.join(data, 'recordings', id);
  file = path.join(folder, 'a.mp4');
  mkdirSync(folder, { recursive: true });
  writeFileSync(file, 'pictures and sound'.repeat(1000));
  await upload();
  for (const [from, to] of [
    ['accepted', 'joining'],
    ['joining', 'recording'],
    ['recording', 'finalizing'],
    ['finalizing', 'uploading'],
    ['uploading', 'notifying'],
    ['notifying', 'done'],
  ] as const) {
    store.recordings.move(id, from, to);
  }
  const hashes = await hashFile(file);
  const place = { localPath: file, objectKey: KEY, url: 'https://x', userId: 'u', durationMs: 9 };
  store.files.put({ recordingId: id, fileIndex: 0, ...place, ...hashes, state: 'uploaded' });
  store.close();
});
afterEach(async () => {
  await cos.close();
  rmSync(directory, { recursive: true });
});

async function upload(): Promise<void> {
  const client = createCosClient({ region: 'ap-shanghai', bucket: BUCKET, endpoint: cos.url, ...KEYS });
  const plan = { path: file, key: KEY, contentType: 'video/mp4' };
  const outcome = await uploadObject({ client, journal: createMemoryJournal() }, plan, new AbortController().signal);
  client.close();
  expect(outcome.kind).toBe('done');
}

const said: string[] = [];
function examine(changes: Partial<DoctorOptions> = {}): Promise<Report> {
  said.length = 0;
  const environment: Environment = {
    recordingsDirectory: null,
    cosEndpoint: cos.url,
    cosCredentials: KEYS,
    callbackKey: null,
    ffmpegPath: null,
  };
  return runDoctor({
    ...{ dataDirectory: data, environment, variables: {}, rooms: 'simulated', now: Date.now },
    ...{ deep: false, cos: true, repair: false, say: (line) => said.push(line), ...changes },
  });
}

/** What is wrong or worth knowing, without the machine's own: `check: text`. */
function linesOf({ findings }: Report): string[] {
  return findings
    .filter(({ level, check }) => level !== 'ok' && !['addon', 'backups', 'disk', 'credentials'].includes(check))
    .map(({ check, text }) => `${check}: ${text}`);
}

/** Every file of the box with its length and time of change; SQLite's own side files come and go with readers. */
function stateOf(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !/-(wal|shm)$/.test(entry.name))
    .map((entry) => {
      const full = path.join(entry.parentPath, entry.name);
      const { size, mtimeNs } = statSync(full, { bigint: true });
      return `${full} ${size} ${mtimeNs}`;
    })
    .sort();
}

function loseObject(): void {
  const objects = path.join(directory, 'cos', 'headers', BUCKET);
  for (const name of readdirSync(objects)) rmSync(path.join(objects, name));
}

describe('a healthy box', () => {
  it('has nothing wrong, and nothing of it is changed', async () => {
    const before = stateOf(data);
    const report = await examine({ deep: true });
    expect(linesOf(report)).toEqual([]);
    expect(exitCodeOf(report)).toBe(0);
    expect(stateOf(data)).toEqual(before);
    expect(printReport(report)).toMatch(/ok {7}objects {6}1 of 1 have the size and CRC-64 of their files/);
    for (const secret of Object.values(KEYS)) expect(printReport(report) + printJson(report)).not.toContain(secret);
  });

  it('is looked at while a box runs on it, and not repaired', async () => {
    const lock = lockDirectory(data);
    try {
      const { findings } = await examine();
      expect(findings.find(({ check }) => check === 'box')?.text).toBe('running');
      await expect(examine({ repair: true })).rejects.toMatchObject({ code: 'BOX_IS_RUNNING' });
    } finally {
      lock.release();
    }
  });

  it('that is none is told so', async () => {
    await expect(examine({ dataDirectory: path.join(directory, 'nothing') })).rejects.toMatchObject({
      code: 'NO_DATA_DIRECTORY',
    });
    expect(readdirSync(directory)).not.toContain('nothing');
  });
});

describe('what the doctor finds and mends', () => {
  it('an object that is gone: uploaded again from the local file, proven', async () => {
    loseObject();
    const found = await examine();
    expect(linesOf(found)).toEqual(['objects: is gone from COS; the local file is still there']);
    expect(exitCodeOf(found)).toBe(1);
    expect(printReport(found)).toContain('--repair would upload the local file again');
    const mended = await examine({ repair: true });
    expect(said).toEqual([`to repair: objects ${BUCKET}/${KEY}: is gone from COS; the local file is still there`]);
    expect(mended.repairs).toMatchObject([{ result: { done: true } }]);
    expect(exitCodeOf(mended)).toBe(0);
    const object = await cos.findObjectFile(BUCKET, KEY);
    expect(readFileSync(object ?? '')).toEqual(readFileSync(file));
  });

  it('another object under the key: the local file takes its place', async () => {
    const good = readFileSync(file);
    writeFileSync(file, 'something else');
    await upload();
    writeFileSync(file, good);
    expect(linesOf(await examine())[0]).toMatch(/is another object now \(14 bytes/);
    expect(exitCodeOf(await examine({ repair: true }))).toBe(0);
  });

  it('a local file that is short, changed or gone', async () => {
    const good = readFileSync(file);
    truncateSync(file, 5);
    expect(linesOf(await examine())).toEqual([`files: has 5 bytes instead of ${good.length}`]);
    writeFileSync(file, Buffer.from(good).fill(0, 100, 101));
    expect(linesOf(await examine())).toEqual([]);
    expect(linesOf(await examine({ deep: true }))).toEqual([
      'files: has the right length and other bytes (CRC-64 differs)',
    ]);
    rmSync(file);
    expect(linesOf(await examine())).toEqual(['files: the local copy is gone; its object was proven in COS']);
  });

  it('a file that nobody understands goes to quarantine with a note; a recording without a row is left alone', async () => {
    writeFileSync(path.join(path.dirname(file), 'a.mp4.partial'), 'half');
    const stranger = path.join(data, 'recordings', 'unknown');
    mkdirSync(stranger);
    writeFileSync(path.join(stranger, 'b.mp4'), 'whose?');
    const wanted = ['files: is no file of this recording', 'files: a recording without a row'];
    expect(linesOf(await examine())).toEqual(wanted);
    const mended = await examine({ repair: true });
    expect(linesOf(mended)).toEqual(wanted.slice(1));
    expect(exitCodeOf(mended)).toBe(1);
    expect(readdirSync(path.join(data, 'quarantine', id)).sort()).toEqual(['a.mp4.partial', 'a.mp4.partial.json']);
    expect(readFileSync(path.join(stranger, 'b.mp4'), 'utf8')).toBe('whose?');
  });

  it('a segment whose row was lost is adopted', async () => {
    const store = openStore(data, { now: Date.now });
    const next = addRecording(store, { roomId: 2 }).id;
    store.recordings.move(next, 'accepted', 'joining');
    store.recordings.move(next, 'joining', 'recording');
    store.close();
    const folder = path.join(data, 'recordings', next);
    mkdirSync(folder);
    writeFileSync(path.join(folder, 'segment-0000.mix.0.mp4'), 'fragments');
    expect(linesOf(await examine({ cos: false }))).toEqual([
      'files: segment-0000.mix.0.mp4 has no row; it belongs at 0 ms of mix',
    ]);
    expect(exitCodeOf(await examine({ repair: true, cos: false }))).toBe(0);
    const after = openStore(data, { now: Date.now });
    expect(after.segments.list(next)).toMatchObject([{ file: 'segment-0000.mix.0.mp4', startMs: 0 }]);
    after.close();
  });

  it('a damaged database is set aside and made anew; its recordings on the disk are listed and left alone', async () => {
    writeFileSync(path.join(data, DATABASE_FILE), Buffer.alloc(8192, 'x'));
    const found = await examine();
    expect(linesOf(found)[0]).toMatch(/^database: .*not a database/);
    expect(found.findings.some(({ repair }) => repair?.kind === 'restoreDatabase')).toBe(true);
    expect(readFileSync(path.join(data, DATABASE_FILE), 'latin1')).toMatch(/^xxx/);
    const mended = await examine({ repair: true });
    expect(mended.repairs).toMatchObject([{ result: { done: true } }]);
    expect(linesOf(mended)).toEqual([
      'database: a damaged database was set aside here',
      'files: a recording without a row',
    ]);
    expect(readFileSync(file, 'utf8')).toContain('pictures and sound');
  });

  it('keys that COS refuses, and a secret.key that is another one', async () => {
    const store = openStore(data, { now: Date.now });
    store.recordings.create(
      {
        ...{ sdkAppId: 1, roomId: 9, userId: 'v', mode: '12', isReserve: false, simulated: false },
        ...{ cosRegion: 'ap-shanghai', cosBucket: BUCKET, cosPath: '/' },
      },
      { userSig: 'sig', secretId: null, secretKey: null, token: null },
    );
    store.close();
    const ok = await examine();
    expect(ok.findings.filter(({ check }) => check === 'credentials')).toMatchObject([
      { level: 'ok', text: "the box's keys are accepted" },
    ]);
    const environment = { recordingsDirectory: null, cosEndpoint: cos.url, callbackKey: null, ffmpegPath: null };
    const wrong = await examine({ environment: { ...environment, cosCredentials: { ...KEYS, secretKey: 'another' } } });
    const refused = wrong.findings.find(({ check }) => check === 'credentials');
    expect(refused).toMatchObject({ level: 'problem', remedy: expect.stringContaining('store working ones') });
    const none = await examine({ environment: { ...environment, cosCredentials: null } });
    expect(none.findings.find(({ check }) => check === 'credentials')?.text).toBe('the box has no COS keys');
    writeFileSync(path.join(data, 'secret.key'), Buffer.alloc(32, 7));
    const secrets = (await examine({ cos: false })).findings.find(({ check }) => check === 'secrets');
    expect(secrets).toMatchObject({ level: 'problem', remedy: expect.stringContaining('Put the secret.key back') });
    // Only the desktop app can ask the keychain: that is nothing wrong, and nothing that the doctor may mend with a key of its own.
    renameSync(path.join(data, 'secret.key'), path.join(data, 'secret.key.sealed'));
    const locked = (await examine({ repair: true })).findings.filter(({ check }) =>
      ['secrets', 'credentials'].includes(check),
    );
    expect(locked).toMatchObject([{ level: 'note', text: expect.stringContaining('keychain') }]);
    expect(existsSync(path.join(data, 'secret.key'))).toBe(false);
  });

  it('a clock before the newest row, and a folder of recordings that is not mounted', async () => {
    const behind = await examine({ now: () => Date.now() - 3_600_000 });
    expect(linesOf(behind)[0]).toMatch(/^clock: .*60 minutes before the newest row/);
    rmSync(path.join(data, 'recordings'), { recursive: true });
    expect(linesOf(await examine())).toEqual(['files: the folder of the recordings is missing']);
  });
});

it('the command prints a table or JSON and ends with 1 when something is wrong', async () => {
  loseObject();
  const headless = path.join(import.meta.dirname, '..', 'headless.ts');
  const run = (...args: string[]) =>
    spawnSync(process.execPath, [headless, 'doctor', '--data', data, '--rooms', 'simulated', '--no-cos', ...args], {
      encoding: 'utf8',
    });
  expect(run()).toMatchObject({ status: 0, stdout: expect.stringContaining('Nothing is wrong.') });
  truncateSync(file, 5);
  const { status, stdout } = run('--json');
  expect(status).toBe(1);
  const { healthy, findings } = JSON.parse(stdout) as {
    healthy: boolean;
    findings: { about: string; level: string }[];
  };
  expect(healthy).toBe(false);
  expect(findings.filter(({ level }) => level === 'problem')).toMatchObject([{ about: `${id}/a.mp4` }]);
});
