import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { remedyNameOf } from '../../shared/texts/remedies.ts';
import type { RecordingWarning } from '../../shared/view.ts';
import { DELIVERY_STATES } from '../delivery/steps.ts';
import type { BoxApi } from '../http/box-api.ts';
import type { AttentionFacts } from '../http/checks-api.ts';
import type { StatusApi } from '../http/status-api.ts';
import type { RecordingRow } from '../store/rows.ts';
import type { Store } from '../store/store.ts';

export interface AttentionDeps {
  store: Pick<Store, 'recordings' | 'callbacks' | 'events' | 'quarantine'>;
  box: Pick<BoxApi, 'health' | 'get'>;
  readiness: StatusApi['readiness'];
  tls: (() => { validUntil: string; problem: string | null }) | null;
  selfTest(): AttentionFacts['selfTest'];
  /** COS's clock less ours when it was asked last; null when it never was. */
  cosDifferenceMs(): number | null;
  /** Why the key of the secrets is not where the settings want it. */
  keyInFile: AttentionFacts['keyInFile'];
  /** Captures are wanted in windows, and there is no desktop. */
  windowsMissing: boolean;
  dataDirectory: string;
  /** Wall clock, ms since 1970. */
  now(): number;
}

/** As many are named of each reason; how many there are is counted. */
const NAMED = 20;
/** A UserSig that ends later than this is nobody's business yet. */
const EXPIRING_WITHIN_MS = 3_600_000;

/** Gathers what may need a person. Rejects only when the store cannot be read. */
export async function attentionFacts(deps: AttentionDeps): Promise<AttentionFacts> {
  const { store, now } = deps;
  const nowMs = now();
  const [{ problems }, health, warned, files] = await Promise.all([
    deps.readiness(),
    deps.box.health(),
    warningsOf(deps),
    quarantinedFiles(deps.dataDirectory),
  ]);
  return {
    at: new Date(nowMs).toISOString(),
    problems,
    simulated: health.simulated,
    disk: { freeBytes: health.disk.freeBytes, reserveBytes: health.disk.reserveBytes },
    standstills: standstillsOf(store),
    parked: parkedOf(store, health.callbacks.parked),
    expiring: store.recordings
      .capturing()
      .filter(({ userSigExpiresAtMs: endsAtMs }) => endsAtMs !== null && endsAtMs - nowMs < EXPIRING_WITHIN_MS)
      .map((row) => ({ ...placeOf(row), at: new Date(row.userSigExpiresAtMs ?? 0).toISOString() })),
    ...warned,
    clock: { behindMs: behindOf(store, nowMs), cosDifferenceMs: deps.cosDifferenceMs() },
    tls: deps.tls === null ? null : deps.tls(),
    quarantine: { rows: store.quarantine.list().length, files },
    selfTest: deps.selfTest(),
    keyInFile: deps.keyInFile,
    windowsMissing: deps.windowsMissing,
  };
}

/** What is warned of in recordings that are being captured. */
async function warningsOf({
  store,
  box,
}: AttentionDeps): Promise<Pick<AttentionFacts, 'withoutSound' | 'relieved' | 'hardwareFailed'>> {
  const rows = store.recordings.capturing();
  const views = await Promise.all(rows.map(({ id }) => box.get(id)));
  const warnedOf = (wanted: RecordingWarning['code']) =>
    rows.filter((_row, index) => views[index]?.warnings.some(({ code }) => code === wanted)).map(placeOf);
  return {
    withoutSound: warnedOf('SOUND_MISSING'),
    relieved: warnedOf('ENCODER_RELIEVED'),
    hardwareFailed: warnedOf('HARDWARE_ENCODER_FAILED'),
  };
}

function placeOf({ id, roomId, strRoomId }: RecordingRow): { id: string; room: string } {
  return { id, room: roomId === null ? (strRoomId ?? '') : String(roomId) };
}

function standstillsOf(store: AttentionDeps['store']): AttentionFacts['standstills'] {
  const groups = new Map<string, AttentionFacts['standstills'][number]>();
  for (const row of store.recordings.waiting(DELIVERY_STATES)) {
    if (row.blockedCode === null) continue;
    const remedy = row.blockedRemedy ?? '';
    const key = `${row.blockedCode} ${remedy}`;
    const group = groups.get(key) ?? {
      code: row.blockedCode,
      remedy: remedyNameOf(remedy) ?? remedy,
      message: row.lastError ?? row.blockedCode,
      count: 0,
      recordings: [],
    };
    group.count += 1;
    if (group.recordings.length < NAMED) group.recordings.push(placeOf(row));
    groups.set(key, group);
  }
  return [...groups.values()];
}

function parkedOf({ recordings, callbacks }: AttentionDeps['store'], count: number): AttentionFacts['parked'] {
  if (count === 0) return { count: 0, lastError: null, recordings: [] };
  const parked = recordings
    .search({ attention: true }, { limit: 5 * NAMED })
    .rows.flatMap((row) => {
      const message = callbacks.listOf(row.id).find(({ state }) => state === 'parked');
      return message ? [{ row, lastError: message.lastError }] : [];
    })
    .slice(0, NAMED);
  return { count, lastError: parked[0]?.lastError ?? null, recordings: parked.map(({ row }) => placeOf(row)) };
}

/** The newest thing that was written down is the least that the time can be. */
function behindOf({ events }: AttentionDeps['store'], nowMs: number): number {
  const [newest] = events.list({ afterSeq: Math.max(0, events.lastSeq() - 1), limit: 1 });
  return newest === undefined ? 0 : Math.max(0, newest.atMs - nowMs);
}

const QUARANTINE_FOLDER = 'quarantine';

/** Files that were set aside, their notes not counted. */
async function quarantinedFiles(dataDirectory: string): Promise<number> {
  try {
    const entries = await readdir(path.join(dataDirectory, QUARANTINE_FOLDER), {
      recursive: true,
      withFileTypes: true,
    });
    return entries.filter((entry) => entry.isFile() && !entry.name.endsWith('.json')).length;
  } catch {
    return 0;
  }
}
