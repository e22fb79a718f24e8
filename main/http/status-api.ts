import type { ErrorCode } from '../../shared/errors.ts';
import type { HealthView } from './box-api.ts';

/** Whether a good request would be taken now, and why not. */
export interface Readiness {
  ready: boolean;
  problems: ErrorCode[];
  /** How many more recordings of each kind would be taken. */
  room: HealthView['capacity']['room'];
}

/** What machines that watch the box ask it. */
export interface StatusApi {
  readiness(): Promise<Readiness>;
  /** All metrics, in the text format of Prometheus. */
  metrics(): Promise<{ contentType: string; text: string }>;
  /** Versions of the box and what it is made of; `ffmpeg` is null when none works. */
  version(): { version: string; node: string; ffmpeg: string | null; sdk: string; simulated: boolean };
}
