import type {
  AcceptOptions,
  AcceptResult,
  BoxApi,
  HealthView,
  ListQuery,
  ProblemResult,
  RecordingPage,
} from '../../main/http/box-api.ts';
import type { GivenCredentials } from '../../shared/parse-credentials.ts';
import type { RecordingRequest } from '../../shared/request.ts';
import type { CosCredentialsView, RecordingView } from '../../shared/view.ts';

/** A recording as the API shows it, for tests of the HTTP face. */
export function viewOf(changes: Partial<RecordingView> = {}): RecordingView {
  return {
    id: '0b51b3f4-6a0c-4c5b-9c6e-2f0f5a1d9e10',
    state: 'recording',
    simulated: false,
    createdAt: '2030-01-01T00:00:00.000Z',
    startedAt: '2030-01-01T00:00:01.000Z',
    endedAt: null,
    endReason: null,
    durationMs: 3_723_000,
    request: {
      SdkAppId: 1_400_000_000,
      RoomId: 43_474,
      StrRoomId: null,
      UserId: 'user_55952145',
      Mode: '12',
      IsReserve: false,
      AlsoSingle: false,
      Layout: 'grid',
      Names: {},
      CosConfig: { Region: 'ap-shanghai', Bucket: 'test-123456789', Path: '/trtc' },
      Callback: 'https://xxxxxxxx.com/post/xxx',
      Event: [],
    },
    participants: [],
    files: [],
    gaps: [],
    pictures: { sent: 0, skipped: 0, framesDropped: 0 },
    failure: null,
    attempts: 0,
    nextAttemptAt: null,
    blocked: null,
    waiting: null,
    waitingSince: null,
    lastError: null,
    warnings: [],
    callbacks: [],
    result: null,
    ...changes,
  };
}

export const HEALTHY: HealthView = {
  accepting: true,
  problems: [],
  simulated: false,
  recordings: { capturing: 1, capacity: 8, delivering: 2, blocked: 0 },
  capacity: {
    room: { mixed: 7, singles: 5, sound: 90 },
    ...{ loadCores: 0.2, limitCores: 1.6, basis: 'measured', relieved: 0 },
  },
  callbacks: { pending: 1, parked: 0 },
  disk: { freeBytes: 50e9, totalBytes: 200e9, reserveBytes: 2e9, bytesPerHour: 325_000_000 },
  ffmpeg: { version: '7.1' },
};

/** A box in memory that keeps the promises of BoxApi and remembers what it was asked. */
export class FakeBox implements BoxApi {
  readonly accepted: { request: RecordingRequest; options: AcceptOptions; id: string }[] = [];
  readonly queries: ListQuery[] = [];
  /** Credentials that were given, for the box (null) or a recording. */
  readonly given: { id: string | null; credentials: GivenCredentials | null }[] = [];
  credentialsNow: CosCredentialsView = { source: 'none', secretId: null, setAt: null };
  recordings: RecordingView[] = [];
  healthNow: HealthView = HEALTHY;
  hasStoredCredentials = true;
  /** What `accept` and `stop` answer instead, once set. */
  refusal: ProblemResult | null = null;
  /** What every method throws, once set. */
  failure: Error | null = null;

  parseOptions() {
    return { nowMs: Date.UTC(2030, 0, 1), hasStoredCredentials: this.hasStoredCredentials, checkUserSig: null };
  }

  async accept(request: RecordingRequest, options: AcceptOptions): Promise<AcceptResult> {
    this.#mayFail();
    if (this.refusal !== null) {
      return this.refusal;
    }
    const first = this.accepted.find((known) => known.options.idempotencyKey === options.idempotencyKey);
    if (first !== undefined && options.idempotencyKey !== undefined) {
      return first.options.bodyHash === options.bodyHash
        ? { kind: 'replayed', recording: viewOf({ id: first.id, state: 'recording' }) }
        : { kind: 'problem', code: 'IDEMPOTENCY_MISMATCH' };
    }
    const id = `id-${this.accepted.length + 1}`;
    this.accepted.push({ request, options, id });
    return { kind: 'accepted', recording: viewOf({ id, state: 'accepted' }) };
  }

  async list(query: ListQuery): Promise<RecordingPage> {
    this.#mayFail();
    this.queries.push(query);
    const recordings = this.recordings.slice(0, query.limit);
    const before = recordings.length === query.limit ? (recordings.at(-1)?.id ?? null) : null;
    return { recordings, before, after: null, total: this.recordings.length };
  }

  async get(id: string): Promise<RecordingView | null> {
    this.#mayFail();
    return this.recordings.find((recording) => recording.id === id) ?? null;
  }

  async stop(id: string): Promise<RecordingView | ProblemResult | null> {
    this.#mayFail();
    return this.refusal ?? this.get(id);
  }

  async resendCallback(id: string): Promise<RecordingView | ProblemResult | null> {
    this.#mayFail();
    return this.refusal ?? this.get(id);
  }

  async credentials(): Promise<CosCredentialsView> {
    this.#mayFail();
    return this.credentialsNow;
  }

  async storeCredentials(credentials: GivenCredentials): Promise<CosCredentialsView> {
    this.given.push({ id: null, credentials });
    return { source: 'stored', secretId: 'AKID…cdef', setAt: '2030-01-01T00:00:00.000Z' };
  }

  async forgetCredentials(): Promise<CosCredentialsView> {
    return { source: 'none', secretId: null, setAt: null };
  }

  async setRecordingCredentials(
    id: string,
    credentials: GivenCredentials | null,
  ): Promise<RecordingView | ProblemResult | null> {
    this.given.push({ id, credentials });
    return this.refusal ?? this.get(id);
  }

  async retry(id: string): Promise<RecordingView | ProblemResult | null> {
    this.#mayFail();
    return this.refusal ?? this.get(id);
  }

  async retryAll(): Promise<number> {
    return this.recordings.length;
  }

  async health(): Promise<HealthView> {
    this.#mayFail();
    return this.healthNow;
  }

  #mayFail(): void {
    if (this.failure !== null) {
      throw this.failure;
    }
  }
}
