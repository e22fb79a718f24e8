import { isForHardware, isHardware } from './encode/hardware.ts';
import type { CaptureJob, FromCapture, HardwareFailure } from './messages.ts';
import type { OpenEncoder } from './segment-sequence.ts';

export interface HardwareDeskDeps {
  openEncoder: OpenEncoder;
  timelineMs(): number;
  send(message: FromCapture): void;
}

/**
 * Has the segments of one recording encoded by graphics hardware where its job says so, until one of those encoders ends by itself: what is
 * opened from then on is x264's, in all files of the recording. Encoders that run go on.
 */
export class HardwareDesk {
  readonly #coder: CaptureJob['video']['coder'];
  readonly #deps: HardwareDeskDeps;
  #failure: HardwareFailure | null;

  constructor({ video, hardwareFailure }: Pick<CaptureJob, 'video' | 'hardwareFailure'>, deps: HardwareDeskDeps) {
    this.#coder = video.coder;
    this.#failure = hardwareFailure;
    this.#deps = deps;
  }

  get failure(): HardwareFailure | null {
    return this.#failure;
  }

  /** What is opened now: an encoder of graphics hardware, or null for x264. */
  get encoder(): HardwareFailure['encoder'] | null {
    return this.#failure === null && isHardware(this.#coder) ? this.#coder : null;
  }

  readonly openEncoder: OpenEncoder = (place, video, events) => {
    const { openEncoder } = this.#deps;
    const { encoder } = this;
    if (!isHardware(video.coder)) return openEncoder(place, video, events);
    if (encoder === null || !isForHardware(video)) return openEncoder(place, { ...video, coder: 'standIn' }, events);
    return openEncoder(place, video, {
      ...events,
      onDied: (description) => {
        this.#fail(encoder, description);
        events.onDied(description);
      },
    });
  };

  #fail(encoder: HardwareFailure['encoder'], description: string): void {
    if (this.#failure) return;
    this.#failure = { encoder, sinceMs: Math.round(this.#deps.timelineMs()) };
    this.#deps.send({ type: 'hardwareFailed', failure: this.#failure, description });
  }
}
