import type { CaptureJob, CaptureRelief, FromCapture } from './messages.ts';
import { Relief } from './relief.ts';
import type { Stage } from './stage.ts';

/** Relieves the encoders of one recording when the machine is too slow for them, and says so. */
export class ReliefDesk {
  readonly #video: CaptureJob['video'];
  readonly #send: (message: FromCapture) => void;
  /** Null in recordings of sound alone: nothing of it could be left out. */
  readonly #relief: Relief | null;
  #current: CaptureRelief | null = null;

  constructor({ video, media }: Pick<CaptureJob, 'video' | 'media'>, send: (message: FromCapture) => void) {
    this.#video = video;
    this.#send = send;
    this.#relief = media.video ? new Relief(video) : null;
  }

  /** What the recording gets instead of what was set; null while it gets that. */
  get current(): CaptureRelief | null {
    return this.#current;
  }

  get preset(): string {
    return this.#current?.preset ?? this.#video.preset;
  }

  /** To be called about once a second. @param nowMs position on the timeline */
  look(nowMs: number, stage: Pick<Stage, 'stats' | 'relieve'>): void {
    const step = this.#relief?.look(nowMs, stage.stats());
    if (!step) return;
    stage.relieve(step);
    const { level, preset, pictureEvery } = step;
    const fps = Math.round((100 * this.#video.fps) / pictureEvery) / 100;
    this.#current = level === 0 ? null : { preset, fps, sinceMs: this.#current?.sinceMs ?? nowMs };
    this.#send({ type: 'relieved', relief: this.#current, atMs: nowMs });
    const message = 'the encoder cannot keep up: pictures are encoded more lightly from here';
    const data = { preset, fps };
    if (this.#current) this.#send({ type: 'log', level: 'warn', message, data });
    else this.#send({ type: 'log', level: 'info', message: 'pictures are encoded as set again', data });
  }
}
