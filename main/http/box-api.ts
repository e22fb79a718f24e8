import type { Static } from 'typebox';
import type { CapacitySchema } from '../../shared/api/capacity-routes.ts';
import type { ListQuerySchema } from '../../shared/api/recording-routes.ts';
import type { ErrorCode, Problem } from '../../shared/errors.ts';
import type { GivenCredentials } from '../../shared/parse-credentials.ts';
import type { ParseOptions, RecordingRequest } from '../../shared/request.ts';
import type { CosCredentialsView, RecordingView } from '../../shared/view.ts';

/** A refusal; `kind` tells it apart from an answer. */
export type ProblemResult = { kind: 'problem' } & Problem;

/** `replayed`: this Idempotency-Key was answered before with the same request; `recording` is that first one, as it is now. */
export type AcceptResult = { kind: 'accepted' | 'replayed'; recording: RecordingView } | ProblemResult;

export interface AcceptOptions {
  idempotencyKey?: string | undefined;
  /** SHA-256 (hex) of what the request asks for, secrets left out: equal hashes mean "the same request". */
  bodyHash: string;
}

/** Filters of a list, all of which have to hold, and the page of it. */
export type ListQuery = Static<typeof ListQuerySchema> & {
  /** 1…500. */
  limit: number;
};

export interface RecordingPage {
  recordings: RecordingView[];
  /** Where the next page goes on; null when there is none. */
  before: string | null;
  /** Where the page before this one ends; null when there is none. */
  after: string | null;
  /** How many there are with these filters, on all pages. */
  total: number;
}

/** How the box is; holds no secret and no path. */
export interface HealthView {
  /** True when a good request would be accepted now. */
  accepting: boolean;
  /** Codes that a request would be refused with now, or that need somebody's hand. */
  problems: ErrorCode[];
  /** True when rooms are simulated and nothing recorded is real. */
  simulated: boolean;
  recordings: {
    /** Recordings with a capture process now. */
    capturing: number;
    /** How many may be captured at a time, if all further ones are mixed with pictures. */
    capacity: number;
    /** Recordings that ended but are not delivered yet. */
    delivering: number;
    /** Of those, how many stand still until somebody changes something. */
    blocked: number;
  };
  /**
   * How many more of each kind would be taken, what the running ones take of the cores that recordings may take, what that is known from, and
   * how many are encoded more lightly than set because the machine does not keep up.
   */
  capacity: Pick<Static<typeof CapacitySchema>, 'basis' | 'relieved' | 'room'> & {
    loadCores: number;
    limitCores: number;
  };
  /** Results and events that callers are still to be told, and those that were given up until somebody sends them again. */
  callbacks: { pending: number; parked: number };
  /**
   * `freeBytes` is null while the disk of the recordings is away, `totalBytes` where its size is not known. `bytesPerHour` is about what an hour of a mixed recording with sound and
   * pictures takes by the present settings.
   */
  disk: { freeBytes: number | null; totalBytes: number | null; reserveBytes: number; bytesPerHour: number };
  /** Null when no working ffmpeg was found. */
  ffmpeg: { version: string } | null;
}

/** The appliance as its HTTP face sees it. No method throws for an expected refusal; a throw becomes INTERNAL. */
export interface BoxApi {
  /** What the validator has to know at this moment: clock, stored credentials, whether a UserSig must be genuine. */
  parseOptions(): ParseOptions;
  /** Resolves once the request is safe on disk. From then on its recording is never lost. */
  accept(request: RecordingRequest, options: AcceptOptions): Promise<AcceptResult>;
  /** Newest first unless told. An unknown place in `before` or `after` lists nothing. */
  list(query: ListQuery): Promise<RecordingPage>;
  get(id: string): Promise<RecordingView | null>;
  /**
   * Asks a recording to end; resolves once the wish is on disk, not when the recording has ended. Repeating it, or asking
   * for one that has ended, changes nothing and answers with its state. Null when there is no such recording.
   */
  stop(id: string): Promise<RecordingView | ProblemResult | null>;
  /**
   * Sends the result to the caller again, under the same delivery id, and what was parked before it; resolves once the wish is on disk.
   * Null when there is no such recording.
   */
  resendCallback(id: string): Promise<RecordingView | ProblemResult | null>;
  health(): Promise<HealthView>;
  /** What may be shown of the box's own COS credentials. */
  credentials(): Promise<CosCredentialsView>;
  /** Stores the box's own COS credentials, sealed, and makes every upload go on that waits. */
  storeCredentials(credentials: GivenCredentials): Promise<CosCredentialsView>;
  /** Forgets stored credentials; those of the environment count again. */
  forgetCredentials(): Promise<CosCredentialsView>;
  /**
   * Gives a recording other COS credentials, or with null the box's, and tries its upload at once. NOT_RUNNING once it has ended,
   * COS_CREDENTIALS_MISSING when the box has none. Null when there is no such recording.
   */
  setRecordingCredentials(
    id: string,
    credentials: GivenCredentials | null,
  ): Promise<RecordingView | ProblemResult | null>;
  /** Tries the step a recording waits in at once. NOT_RUNNING when it waits in none. Null when there is no such recording. */
  retry(id: string): Promise<RecordingView | ProblemResult | null>;
  /** Tries everything that waits at once. @returns how many recordings waited. */
  retryAll(): Promise<number>;
}
