import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { mediaOf } from '../../shared/recording.ts';
import { parseSegmentFileName } from '../capture/encode/segment-name.ts';
import { guardDisk } from '../delivery/disk-guard.ts';
import type { Runner } from '../delivery/runner.ts';
import { DELIVERY_STATES, type Step } from '../delivery/steps.ts';
import { DISK_FAULTS, DiskAwayError } from '../disk-fault.ts';
import type { Logger } from '../logging.ts';
import type { Settings } from '../settings/settings.ts';
import type { RecordingRow } from '../store/rows.ts';
import type { Store } from '../store/store.ts';
import { withDeadline } from './deadline.ts';
import { AWAY_GRACE_MS, type DiskFacts, type DiskProblem, DiskWatch, FINALIZE_MARGIN_BYTES } from './disk-watch.ts';
import { type DiskProbe, RecordingsDisk, systemProbe } from './recordings-disk.ts';
import { Retention, type RetentionDeps } from './retention.ts';
import type { Supervisor } from './supervisor.ts';

export interface DiskCareOptions {
  store: Store;
  settings: Settings;
  dataDirectory: string;
  recordingsDirectory: string;
  directoryOf(recordingId: string): string;
  /** Asks COS about an object before its local copy goes. */
  confirm: RetentionDeps['confirm'];
  log: Logger;
  /** Tests pass disks of their own. */
  probe?: DiskProbe | undefined;
}

/** All that the box does about its disks, for the one place that wires it together. */
export interface DiskCare {
  /** At start, before anything is written: `away` when the recordings' disk is not mounted; everything then waits for it. */
  open(): Promise<'present' | 'away'>;
  /** Begins watching. */
  watch(supervisor: Pick<Supervisor, 'stop'>, runner: Pick<Runner, 'retryNow'>): void;
  /** Ends watching. */
  stop(): Promise<void>;
  /** Why no recording can be taken now. */
  problems(): Promise<DiskProblem[]>;
  /** Whether the recordings' disk is out of reach now, or does not answer. */
  isAway(): Promise<boolean>;
  /** Of the recordings' disk at the last look; null while it is away. */
  freeBytes(): number | null;
  /** Size of that disk, where it is known. */
  totalBytes(): number | null;
  /** Resolves when the recordings' disk is there; rejects with `DiskAwayError` when it does not come, or nobody wants it any more. */
  present(isWanted: () => boolean): Promise<void>;
  /** Makes steps wait for the disk instead of failing. */
  guard(step: Step, kind: 'finalizing' | 'uploading'): Step;
}

/** A file system that does not answer is taken for away; the box must not hang on it. */
const MEASURE_TIMEOUT_MS = 5_000;
const PRESENT_POLL_MS = 500;
/** The watch ends recordings after its grace; this wait only has to be longer. */
const PRESENT_WITHIN_MS = AWAY_GRACE_MS + 10_000;
const POLICY_EVERY_MS = 10 * 60_000;
/** While a disk has plenty of room the files of recordings are measured this often; they cannot have grown to what is free in between. */
const SIZES_EVERY_MS = 10_000;
/** Plenty: so many times what must stay free. */
const PLENTY = 2;

export function createDiskCare(options: DiskCareOptions): DiskCare {
  const { store, settings, log, directoryOf, probe = systemProbe } = options;
  const disk = new RecordingsDisk(options.recordingsDirectory, store.facts, probe);
  const retention = new Retention({
    store,
    settings: settings.retention,
    isFolderAway: (folder) => disk.isFolderAway(folder),
    confirm: options.confirm,
    now: Date.now,
    log,
  });
  const stopping = new AbortController();
  let watch: DiskWatch | null = null;
  let lastPolicyMs = Number.NEGATIVE_INFINITY;
  let totalBytes: number | null = null;

  const { measure, missingBytes } = createMeasures({ ...options, probe, disk, retention });
  const onEase = (): void => {
    if (performance.now() - lastPolicyMs < POLICY_EVERY_MS) return;
    lastPolicyMs = performance.now();
    retention.applyPolicy(stopping.signal).catch((error: unknown) => {
      log.error({ err: error }, 'old local files could not be looked through; trying again later');
    });
  };

  return {
    async open() {
      const presence = await disk.open();
      if (presence === 'away') log.error({}, 'the disk of the recordings is away: everything waits for it');
      else await retention.finishEarlier();
      return presence;
    },
    watch(supervisor, runner) {
      watch = new DiskWatch({
        limits: settings.disk,
        measure: async () => {
          const [facts, bytes] = await Promise.all([measure(), answered(disk.totalBytes())]);
          totalBytes = bytes;
          return facts;
        },
        evict: (bytes) => retention.makeRoom(bytes),
        stop: (id) => supervisor.stop(id, 'disk'),
        note: (type, data) => store.events.append(type, null, data),
        onRelief: () => retryWaiting(store, runner),
        onEase,
        log,
        nowMs: () => performance.now(),
      });
      watch.start();
    },
    async stop() {
      stopping.abort(new Error('the box is stopping'));
      await watch?.stop();
    },
    problems: async () => (await watch?.problems()) ?? [],
    isAway: async () => (await answered(disk.isAway())) ?? true,
    freeBytes: () => watch?.freeBytes ?? null,
    totalBytes: () => totalBytes,
    async present(isWanted) {
      const deadline = performance.now() + PRESENT_WITHIN_MS;
      while (await disk.isAway()) {
        if (performance.now() > deadline || !isWanted()) throw new DiskAwayError('the disk of the recordings is away');
        await sleep(PRESENT_POLL_MS);
      }
    },
    guard: (step, kind) =>
      guardDisk(step, {
        isDiskAway: () => disk.isAway(),
        isFolderAway: ({ id }) => disk.isFolderAway(directoryOf(id)),
        missingBytes: kind === 'finalizing' ? missingBytes : null,
        hasDiskCodes: kind === 'finalizing',
        now: Date.now,
      }),
  };
}

interface MeasuresOptions extends Pick<DiskCareOptions, 'store' | 'settings' | 'dataDirectory' | 'directoryOf'> {
  probe: DiskProbe;
  disk: RecordingsDisk;
  retention: Retention;
}

/** What is free, and what finalizing needs of it. */
function createMeasures(options: MeasuresOptions): {
  measure(): Promise<DiskFacts>;
  missingBytes(row: RecordingRow): Promise<number>;
} {
  const { store, settings, dataDirectory, directoryOf, probe, disk, retention } = options;
  /** Setting the loudness writes a further copy beside the first. */
  const copiesOf = ({ mode }: RecordingRow): number => (settings.loudness.enabled && mediaOf(mode).audio ? 2 : 1);
  const sized = async (row: RecordingRow) => ({ row, ...(await sizesOf(directoryOf(row.id))) });
  /** Copies of recordings under way when their files were last measured. */
  let known: { atMs: number; copies: ReadonlyMap<string, number> } = {
    atMs: Number.NEGATIVE_INFINITY,
    copies: new Map(),
  };
  /** What is known still serves, because nothing can have changed so much that it matters. */
  const hasPlenty = (freeBytes: number | null, capturing: readonly RecordingRow[]): freeBytes is number => {
    if (freeBytes === null || performance.now() - known.atMs >= SIZES_EVERY_MS) return false;
    const mustHaveBytes = settings.disk.reserveBytes + FINALIZE_MARGIN_BYTES + Math.max(0, ...known.copies.values());
    return freeBytes >= PLENTY * mustHaveBytes && capturing.every(({ id }) => known.copies.has(id));
  };
  const measure = async (): Promise<DiskFacts> => {
    const [freeBytes, dataFreeBytes] = await Promise.all([
      answered(disk.freeBytes()),
      answered(probe.freeBytes(dataDirectory)),
    ]);
    const capturing = store.recordings.capturing();
    if (hasPlenty(freeBytes, capturing)) {
      const running = capturing.map(({ id }) => ({ id, copyBytes: known.copies.get(id) ?? 0 }));
      return { freeBytes, dataFreeBytes, borrowedBytes: 0, running };
    }
    const running = await Promise.all(capturing.map(sized));
    // A mix that is sent while it is recorded has its copy already.
    const copies = running.map(({ row, segmentBytes, otherBytes }) => ({
      id: row.id,
      copyBytes: Math.max(0, segmentBytes * copiesOf(row) - otherBytes),
    }));
    known = { atMs: performance.now(), copies: new Map(copies.map(({ id, copyBytes }) => [id, copyBytes])) };
    const finalizing = await Promise.all(store.recordings.list({ state: 'finalizing', limit: 500 }).map(sized));
    const borrowed = finalizing.map(({ row, segmentBytes, otherBytes }) =>
      Math.min(otherBytes, segmentBytes * copiesOf(row)),
    );
    return {
      freeBytes,
      dataFreeBytes,
      borrowedBytes: borrowed.reduce((sum, bytes) => sum + bytes, 0),
      running: copies,
    };
  };
  const missingBytes = async (row: RecordingRow): Promise<number> => {
    const { segmentBytes, otherBytes } = await sizesOf(directoryOf(row.id));
    const copyBytes = segmentBytes * copiesOf(row) - otherBytes;
    if (copyBytes <= 0) return 0;
    const wantedBytes = copyBytes + Math.min(FINALIZE_MARGIN_BYTES, copyBytes);
    const missing = wantedBytes - (await disk.freeBytes());
    if (missing <= 0 || (await retention.makeRoom(missing)) === 0) return Math.max(0, missing);
    return Math.max(0, wantedBytes - (await disk.freeBytes()));
  };
  return { measure, missingBytes };
}

/** Codes with which a delivery waits for the disk. */
const WAITING_CODES: ReadonlySet<string> = new Set([...DISK_FAULTS, 'FolderMissing']);

/** Makes due what waits for the disk, and nothing else: other obstacles are no better now. */
function retryWaiting(store: Store, runner: Pick<Runner, 'retryNow'>): void {
  for (const { id, blockedCode } of store.recordings.waiting(DELIVERY_STATES)) {
    if (blockedCode !== null && WAITING_CODES.has(blockedCode)) runner.retryNow(id);
  }
}

/** Bytes of a recording's segments, and of all other files beside them; nothing for a folder that is not there. */
async function sizesOf(directory: string): Promise<{ segmentBytes: number; otherBytes: number }> {
  const sizes = { segmentBytes: 0, otherBytes: 0 };
  const names = await readdir(directory).catch(() => []);
  for (const name of names) {
    const bytes = await stat(path.join(directory, name)).then(
      ({ size }) => size,
      () => 0,
    );
    sizes[parseSegmentFileName(name) ? 'segmentBytes' : 'otherBytes'] += bytes;
  }
  return sizes;
}

/** The answer, or null when it cannot be had soon. */
async function answered<Answer>(question: Promise<Answer>): Promise<Answer | null> {
  return await withDeadline(question, MEASURE_TIMEOUT_MS, 'a question to a disk').catch(() => null);
}
