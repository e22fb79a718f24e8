import type { ErrorCode } from '../../shared/errors.ts';
import type { ParseOptions, RecordingRequest } from '../../shared/request.ts';
import { estimateBytesPerHour } from '../../shared/size-estimate.ts';
import type { RecordingView } from '../../shared/view.ts';
import type { Refusal } from '../capacity/admission.ts';
import type { Capacity } from '../capacity/capacity.ts';
import { findAddon } from '../capture/room/trtc/addon.ts';
import type { Outbox } from '../delivery/outbox.ts';
import type { Runner } from '../delivery/runner.ts';
import { DELIVERY_STATES } from '../delivery/steps.ts';
import type { Uploads } from '../delivery/uploads.ts';
import { diskFaultOf } from '../disk-fault.ts';
import type { AcceptOptions, AcceptResult, BoxApi, HealthView, ProblemResult } from '../http/box-api.ts';
import type { Settings } from '../settings/settings.ts';
import type { RecordingRow } from '../store/rows.ts';
import type { Store } from '../store/store.ts';
import { recordingView } from '../store/view.ts';
import type { DiskCare } from './disk-care.ts';
import type { Supervisor } from './supervisor.ts';
import { createUploadDesk } from './upload-desk.ts';
import { createUserSigCheck, userSigExpiresAtMs } from './user-sig.ts';
import { endsAfterUserSig, hardwareWarnings, reliefWarnings, soundWarnings, warningsOf } from './warnings.ts';

export interface BoxDeps {
  store: Store;
  supervisor: Supervisor;
  runner: Pick<Runner, 'progress' | 'retrySoon' | 'retryAll'>;
  uploads: Pick<Uploads, 'credentials' | 'retryAll'>;
  outbox: Pick<Outbox, 'wake'>;
  settings: Settings;
  capacity: Pick<Capacity, 'judge' | 'room' | 'giveWay' | 'basis'>;
  disk: Pick<DiskCare, 'problems' | 'freeBytes' | 'totalBytes'>;
  rooms: 'trtc' | 'simulated';
  /** Version of the ffmpeg in use, or null when none works. */
  ffmpegVersion: string | null;
  /** Whether requests may name these targets; any by default. */
  judgeTarget?: ParseOptions['judgeTarget'];
  now(): number;
  isShuttingDown(): boolean;
}

/** The appliance as its callers see it: accepts, lists, stops; nothing here waits for a room or a network. */
export function createBox(deps: BoxDeps): BoxApi {
  const { store, supervisor, runner, outbox, settings, now } = deps;
  const checkUserSig = deps.rooms === 'trtc' ? createUserSigCheck(settings.limits) : null;

  /** The row's view, with what only the running processes know yet. */
  const view = (row: RecordingRow): RecordingView => {
    const progress = runner.progress(row.id);
    const shown = recordingView(store, row, progress ? { uploadedBytes: progress.doneBytes } : undefined);
    const stats = supervisor.stats(row.id);
    const durationMs = Math.max(shown.durationMs, stats?.timelineMs ?? 0);
    const warnings = [
      ...warningsOf(row, settings.limits.maxLengthMs, now()),
      ...soundWarnings(row, stats?.soundMissingSinceMs ?? null),
      ...reliefWarnings(row, stats?.relief ?? null),
      ...hardwareWarnings(row, stats?.hardwareFailure ?? null),
    ];
    return { ...shown, durationMs, warnings };
  };

  const refusals = async (): Promise<ErrorCode[]> => {
    const codes: ErrorCode[] = [];
    if (deps.isShuttingDown()) codes.push('SHUTTING_DOWN');
    if (settings.recording.paused) codes.push('RECORDING_PAUSED');
    if (deps.ffmpegVersion === null) codes.push('FFMPEG_MISSING');
    if (deps.rooms === 'trtc' && !findAddon().present) codes.push('ADDON_MISSING');
    codes.push(...(await deps.disk.problems()));
    return codes;
  };

  const accept = async (request: RecordingRequest, options: AcceptOptions): Promise<AcceptResult> => {
    const { idempotencyKey: key, bodyHash } = options;
    const known = key !== undefined && store.idempotency.get(key) !== undefined;
    // A repeated question gets its first answer even when the box could not take the request now.
    const refusal = known ? undefined : (await refusals())[0];
    if (refusal) return { kind: 'problem', code: refusal };
    let full: Refusal | null = null;
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
        events: request.Event,
        userSigExpiresAtMs: userSigExpiresAtMs(request.UserSig),
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
        hasRoom: (capturing) => {
          full = deps.capacity.judge({ mode: request.Mode, alsoSingle: request.AlsoSingle }, capturing);
          return full === null;
        },
      },
    );
    switch (result.kind) {
      case 'created':
        noteShortUserSig(deps, result.recording);
        deps.capacity.giveWay();
        supervisor.launch(result.recording.id);
        return { kind: 'accepted', recording: view(result.recording) };
      case 'replayed':
        return { kind: 'replayed', recording: view(result.recording) };
      case 'alreadyRecording':
        return { kind: 'problem', code: 'ALREADY_RECORDING', runningId: result.runningId };
      case 'idempotencyMismatch':
        return { kind: 'problem', code: 'IDEMPOTENCY_MISMATCH' };
      case 'atCapacity':
        return { kind: 'problem', code: 'AT_CAPACITY', ...(full as Refusal | null) };
    }
  };

  const health = async (): Promise<HealthView> => {
    const problems = await refusals();
    const running = store.recordings.capturing();
    const { room, load, limit, capacity, relieved } = deps.capacity.room(running);
    if (room.mixed === 0) problems.push('AT_CAPACITY');

    const counts = store.recordings.counts();
    const outgoing = store.callbacks.counts();
    return {
      accepting: problems.length === 0,
      problems,
      simulated: deps.rooms === 'simulated',
      recordings: {
        capturing: running.length,
        capacity,
        delivering: DELIVERY_STATES.reduce((sum, state) => sum + (counts[state] ?? 0), 0),
        blocked: store.recordings.waiting(DELIVERY_STATES).filter(({ blockedCode }) => blockedCode !== null).length,
      },
      capacity: { room, loadCores: load.cores, limitCores: limit.cores, basis: deps.capacity.basis(), relieved },
      callbacks: { pending: outgoing.pending ?? 0, parked: outgoing.parked ?? 0 },
      disk: {
        freeBytes: deps.disk.freeBytes(),
        totalBytes: deps.disk.totalBytes(),
        reserveBytes: settings.disk.reserveBytes,
        bytesPerHour: estimateBytesPerHour({ mode: '12', ...settings.video, audioKbps: settings.audio.aacKbps }),
      },
      ffmpeg: deps.ffmpegVersion === null ? null : { version: deps.ffmpegVersion },
    };
  };

  const stop = async (id: string): Promise<RecordingView | ProblemResult | null> => {
    supervisor.stop(id, 'stopped');
    const row = store.recordings.get(id);
    return row ? view(row) : null;
  };

  /** A request that cannot be written down is refused as such; nothing of it was kept then. */
  const acceptOrSay = async (request: RecordingRequest, options: AcceptOptions): Promise<AcceptResult> => {
    try {
      return await accept(request, options);
    } catch (error) {
      if (diskFaultOf(error) === null) throw error;
      return { kind: 'problem', code: 'DISK_FAULT' };
    }
  };

  const resendCallback = async (id: string): Promise<RecordingView | ProblemResult | null> => {
    const row = store.recordings.get(id);
    if (!row) return null;
    if (row.callbackUrl === null) return { kind: 'problem', code: 'NO_CALLBACK' };
    if (!store.callbacks.resend(id)) return { kind: 'problem', code: 'CALLBACK_NOT_READY' };
    store.events.append('callbackResend', id);
    outbox.wake(id);
    return view(row);
  };

  const desk = createUploadDesk({ store, runner, uploads: deps.uploads, view });
  return {
    parseOptions: () => ({
      nowMs: now(),
      hasStoredCredentials: deps.uploads.credentials.current() !== null,
      checkUserSig,
      judgeTarget: deps.judgeTarget,
    }),
    accept: acceptOrSay,
    list: async ({ limit, before, after, sort, order, ...filters }) => {
      const { rows, ...page } = store.recordings.search(filters, { limit, before, after, sort, order });
      return { recordings: rows.map(view), ...page };
    },
    get: async (id) => {
      const row = store.recordings.get(id);
      return row ? view(row) : null;
    },
    stop,
    resendCallback,
    ...desk,
    // Telling the caller is tried by the outbox, not by the runner.
    retry: async (id) => {
      outbox.wake(id);
      return await desk.retry(id);
    },
    retryAll: async () => {
      outbox.wake();
      return await desk.retryAll();
    },
    health,
  };
}

/** Noted at once: weeks later somebody may ask why a recording could not come back into its room. */
function noteShortUserSig({ store, settings }: BoxDeps, row: RecordingRow): void {
  if (!endsAfterUserSig(row, settings.limits.maxLengthMs)) return;
  store.events.append('userSigEndsEarly', row.id, { expiresAtMs: row.userSigExpiresAtMs });
}
