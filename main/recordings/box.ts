import { statfs } from 'node:fs/promises';
import type { ErrorCode } from '../../shared/errors.ts';
import type { RecordingRequest } from '../../shared/request.ts';
import type { RecordingView } from '../../shared/view.ts';
import { findAddon } from '../capture/room/trtc/addon.ts';
import type { Runner } from '../delivery/runner.ts';
import { DELIVERY_STATES } from '../delivery/steps.ts';
import type { AcceptOptions, AcceptResult, BoxApi, HealthView, ProblemResult } from '../http/box-api.ts';
import type { Settings } from '../settings/settings.ts';
import type { RecordingRow } from '../store/rows.ts';
import type { Store } from '../store/store.ts';
import { recordingView } from '../store/view.ts';
import type { Supervisor } from './supervisor.ts';
import { createUserSigCheck } from './user-sig.ts';

export interface BoxDeps {
  store: Store;
  supervisor: Supervisor;
  runner: Pick<Runner, 'progress'>;
  settings: Settings;
  /** Directory whose disk the recordings lie on. */
  recordingsDirectory: string;
  rooms: 'trtc' | 'simulated';
  /** Version of the ffmpeg in use, or null when none works. */
  ffmpegVersion: string | null;
  hasStoredCredentials: boolean;
  now(): number;
  isShuttingDown(): boolean;
}

/** The appliance as its callers see it: accepts, lists, stops; nothing here waits for a room or a network. */
export function createBox(deps: BoxDeps): BoxApi {
  const { store, supervisor, runner, settings, now } = deps;
  const checkUserSig = deps.rooms === 'trtc' ? createUserSigCheck({ maxLengthMs: settings.limits.maxLengthMs }) : null;

  /** The row's view, with what only the running processes know yet. */
  const view = (row: RecordingRow): RecordingView => {
    const progress = runner.progress(row.id);
    const shown = recordingView(store, row, progress ? { uploadedBytes: progress.doneBytes } : undefined);
    const stats = supervisor.stats(row.id);
    return stats ? { ...shown, durationMs: Math.max(shown.durationMs, stats.timelineMs) } : shown;
  };

  const refusals = async (): Promise<ErrorCode[]> => {
    const codes: ErrorCode[] = [];
    if (deps.isShuttingDown()) codes.push('SHUTTING_DOWN');
    if (deps.ffmpegVersion === null) codes.push('FFMPEG_MISSING');
    if (deps.rooms === 'trtc' && !findAddon().present) codes.push('ADDON_MISSING');
    if ((await freeBytes(deps.recordingsDirectory)) < settings.disk.reserveBytes) codes.push('DISK_RESERVE');
    return codes;
  };

  const accept = async (request: RecordingRequest, options: AcceptOptions): Promise<AcceptResult> => {
    const { idempotencyKey: key, bodyHash } = options;
    const known = key !== undefined && store.idempotency.get(key) !== undefined;
    // A repeated question gets its first answer even when the box could not take the request now.
    const refusal = known ? undefined : (await refusals())[0];
    if (refusal) return { kind: 'problem', code: refusal };
    const result = store.recordings.create(
      {
        sdkAppId: request.SdkAppId,
        roomId: request.RoomId,
        strRoomId: request.StrRoomId,
        userId: request.UserId,
        mode: request.Mode,
        isReserve: request.IsReserve,
        alsoSingle: request.AlsoSingle,
        // Written down as it is now: settings that change later do not change a recording that is under way.
        layout: request.Layout ?? settings.video.layout,
        names: request.Names,
        callbackUrl: request.Callback,
        cosRegion: request.CosConfig.Region,
        cosBucket: request.CosConfig.Bucket,
        cosPath: request.CosConfig.Path,
        simulated: deps.rooms === 'simulated',
      },
      {
        userSig: request.UserSig,
        secretId: request.CosConfig.SecretId,
        secretKey: request.CosConfig.SecretKey,
        token: request.CosConfig.Token,
      },
      {
        idempotency: key === undefined ? undefined : { key, bodyHash },
        maxCapturing: settings.limits.maxRecordings,
      },
    );
    switch (result.kind) {
      case 'created':
        supervisor.launch(result.recording.id);
        return { kind: 'accepted', recording: view(result.recording) };
      case 'replayed':
        return { kind: 'replayed', recording: view(result.recording) };
      case 'alreadyRecording':
        return { kind: 'problem', code: 'ALREADY_RECORDING', runningId: result.runningId };
      case 'idempotencyMismatch':
        return { kind: 'problem', code: 'IDEMPOTENCY_MISMATCH' };
      case 'atCapacity':
        return { kind: 'problem', code: 'AT_CAPACITY' };
    }
  };

  const health = async (): Promise<HealthView> => {
    const problems = await refusals();
    const capturing = store.recordings.capturing().length;
    if (capturing >= settings.limits.maxRecordings) problems.push('AT_CAPACITY');
    const counts = store.recordings.counts();
    return {
      accepting: problems.length === 0,
      problems,
      simulated: deps.rooms === 'simulated',
      recordings: {
        capturing,
        capacity: settings.limits.maxRecordings,
        delivering: DELIVERY_STATES.reduce((sum, state) => sum + (counts[state] ?? 0), 0),
        blocked: store.recordings.waiting(DELIVERY_STATES).filter(({ blockedCode }) => blockedCode !== null).length,
      },
      disk: { freeBytes: await freeBytes(deps.recordingsDirectory), reserveBytes: settings.disk.reserveBytes },
      ffmpeg: deps.ffmpegVersion === null ? null : { version: deps.ffmpegVersion },
    };
  };

  const stop = async (id: string): Promise<RecordingView | ProblemResult | null> => {
    supervisor.stop(id, 'stopped');
    const row = store.recordings.get(id);
    return row ? view(row) : null;
  };

  return {
    parseOptions: () => ({ nowMs: now(), hasStoredCredentials: deps.hasStoredCredentials, checkUserSig }),
    accept,
    list: async ({ state, limit, before }) => store.recordings.list({ state, limit, before }).map(view),
    get: async (id) => {
      const row = store.recordings.get(id);
      return row ? view(row) : null;
    },
    stop,
    health,
  };
}

async function freeBytes(directory: string): Promise<number> {
  const { bavail, bsize } = await statfs(directory);
  return bavail * bsize;
}
