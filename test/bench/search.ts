import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import path from 'node:path';
import { performance } from 'node:perf_hooks';
import { type Database, openDatabase } from '../../main/store/database.ts';
import {
  createRecordingSearch,
  type RecordingFilters,
  type RecordingOrder,
  type RecordingSearch,
} from '../../main/store/recording-search.ts';
import { RECORDING_SORTS } from '../../shared/api/recording-routes.ts';

const RECORDINGS = 100_000;
const START_MS = Date.UTC(2026, 0, 1);
const STEP_MS = 60_000;
const PAGE = 100;
const RUNS = 25;
/** The rows of a page and the number of all that was found, together. */
const LIMIT_MS = 50;
const FILTER_COLUMNS = 112;
const NUMBER_COLUMNS = 10;

/** How long one kind of question takes. */
export interface SearchFigure {
  filters: RecordingFilters & RecordingOrder;
  found: number;
  /** Of the processor alone: what else the machine does at the time is not counted. */
  medianCpuMs: number;
  medianMs: number;
  p95Ms: number;
}

export interface SearchBench {
  machine: { cpu: string; cores: number; node: string };
  startedAt: string;
  recordings: number;
  figures: SearchFigure[];
}

/** Fills a database and asks it what the console asks: pages with their totals, first, in the middle, and with nothing to find. */
export function runSearchBench(): SearchBench {
  const startedAt = new Date().toISOString();
  const directory = mkdtempSync(path.join(tmpdir(), 'recorder-search-'));
  const db = openDatabase(directory);
  try {
    fillWithRecordings(db, RECORDINGS);
    const search = createRecordingSearch(db);
    const figures = questions().map((filters) => measure(search, filters));
    for (const sort of RECORDING_SORTS) {
      for (const filters of sortedQuestions()) figures.push(measure(search, filters, { sort }));
    }
    const [processor] = cpus();
    const machine = { cpu: processor?.model ?? 'unknown', cores: cpus().length, node: process.version };
    return { machine, startedAt, recordings: RECORDINGS, figures };
  } finally {
    db.close();
    rmSync(directory, { recursive: true });
  }
}

/**
 * Recordings that are over, with three participants and a file each; one in a hundred failed, one in a thousand needs somebody. Written
 * past the store, which syncs and seals each one: the triggers that make them findable run all the same.
 */
export function fillWithRecordings(db: Database, recordings: number): void {
  const recording = db.prepare(
    `INSERT INTO recordings (id, state, created_at_ms, sdk_app_id, room_id, str_room_id, user_id, mode, is_reserve, cos_region, cos_bucket,
       cos_path, uses_stored_credentials, simulated, updated_at_ms, names_json, outcome, failure_message, blocked_code)
     VALUES (?, ?, ?, 1400000000, ?, ?, ?, ?, 1, 'ap-shanghai', 'test-123456789', '/trtc', 0, 0, 0, ?, ?, ?, ?)`,
  );
  const stay = db.prepare(
    'INSERT INTO stays (recording_id, user_id, entered_at_ms, left_at_ms, slot) VALUES (?, ?, 0, 6e4, 0)',
  );
  const file = db.prepare(
    `INSERT INTO files (recording_id, file_index, user_id, local_path, bytes, duration_ms, object_key, url, state)
     VALUES (?, 0, 'u', '/f', 5e7, 6e4, ?, 'https://cos', 'uploaded')`,
  );
  const add = (index: number): void => {
    const id = randomUUID();
    const room = index % 977;
    const [roomId, strRoomId] = index % 3 === 0 ? [null, `room-${room}`] : [room + 1, null];
    const isFailed = index % 100 === 0;
    const names = index % 10 === 0 ? '{"host":"张三"}' : '{}';
    const end = isFailed ? ['failed', '网络不可用', index % 1000 === 0 ? 'X' : null] : ['delivered', null, null];
    const mode = ['10', '12', '12', '11'][index % 4];
    const atMs = START_MS + index * STEP_MS;
    recording.run(id, isFailed ? 'failed' : 'done', atMs, roomId, strRoomId, `rec_${index % 500}`, mode, names, ...end);
    for (const user of ['host', `user_${index % 3000}`, `user_${(index * 7) % 3000}`]) stay.run(id, user);
    file.run(id, `trtc/1400000000_${room}_${id.slice(0, 8)}.mp4`);
  };
  db.transaction(() => {
    for (let index = 0; index < recordings; index += 1) add(index);
  })();
}

function questions(): RecordingFilters[] {
  const at = (share: number): string => new Date(START_MS + share * RECORDINGS * STEP_MS).toISOString();
  const middle = { from: at(0.2), to: at(0.6) };
  return [
    {},
    { state: 'done' },
    { state: 'failed' },
    { mode: '12' },
    { room: 'room-6' },
    { user: 'host' },
    { user: 'user_5' },
    { attention: true },
    { attention: false },
    middle,
    { to: at(0.001) },
    { state: 'done', ...middle },
    { state: 'done', mode: '12' },
    { user: 'host', state: 'failed' },
    { text: '张三' },
    { text: '网络' },
    { text: 'rec_77' },
    { text: 'e' },
    { text: 'nothing like this' },
    { text: 'trtc', state: 'failed' },
    { text: 'user_5', user: 'host', mode: '12', ...middle },
  ];
}

/** Few finds, some, many, and all of them: each is sorted in another way. */
function sortedQuestions(): RecordingFilters[] {
  return [
    {},
    { state: 'failed' },
    { state: 'done' },
    { user: 'host' },
    { text: 'rec_77' },
    { text: 'e', mode: '12' },
    { attention: true },
  ];
}

function measure(search: RecordingSearch, filters: RecordingFilters, order: RecordingOrder = {}): SearchFigure {
  let found = 0;
  const runs = Array.from({ length: RUNS }, () => {
    const [startMs, cpu] = [performance.now(), process.cpuUsage()];
    found = search.search(filters, { ...order, limit: PAGE }).total;
    const { user, system } = process.cpuUsage(cpu);
    return { wallMs: performance.now() - startMs, cpuMs: (user + system) / 1000 };
  });
  const at = (share: number, times: readonly number[]): number => {
    const sorted = times.toSorted((x, y) => x - y);
    return Math.round((sorted[Math.floor(share * (RUNS - 1))] ?? 0) * 10) / 10;
  };
  const [walls, ofProcessor] = [runs.map(({ wallMs }) => wallMs), runs.map(({ cpuMs }) => cpuMs)];
  return {
    filters: { ...filters, ...order },
    found,
    medianCpuMs: at(0.5, ofProcessor),
    medianMs: at(0.5, walls),
    p95Ms: at(0.95, walls),
  };
}

/** Whether a figure is as it has to be. */
export function isQuick({ medianCpuMs }: SearchFigure): boolean {
  return medianCpuMs <= LIMIT_MS;
}

export function searchBenchText({ machine, recordings, figures }: SearchBench): string {
  const line = (first: string, ...rest: (string | number)[]): string =>
    first.padEnd(FILTER_COLUMNS) + rest.map((value) => String(value).padStart(NUMBER_COLUMNS)).join('');
  return [
    `${machine.cpu}, ${machine.cores} cores, Node ${machine.node}; ${recordings} recordings, pages of ${PAGE}`,
    line('filters', 'found', 'CPU ms', 'median ms', 'p95 ms'),
    ...figures.map((figure) => {
      const { filters, found, medianCpuMs, medianMs, p95Ms } = figure;
      const verdict = isQuick(figure) ? '' : `  MORE THAN ${LIMIT_MS}`;
      return line(JSON.stringify(filters), found, medianCpuMs, medianMs, p95Ms) + verdict;
    }),
  ].join('\n');
}
