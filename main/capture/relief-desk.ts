import type { HardwareDesk } from './hardware-desk.ts';
import type { CaptureJob, CaptureRelief, FromCapture } from './messages.ts';
import { Relief, type ReliefStep } from './relief.ts';
import type { Stage } from './stage.ts';

/** What the desk looks at and changes. */
type Encoders = Pick<Stage, 'stats' | 'relieve'>;

/** Relieves the encoders of one recording when the machine is too slow for them, and says so. */
export class ReliefDesk {
  readonly #video: CaptureJob['video'];
  readonly #send: (message: FromCapture) => void;
  readonly #hardware: Pick<HardwareDesk, 'encoder'>;
  /** Null in recordings of sound alone: nothing of it could be left out. */
  #relief: Relief | null;
  #reliefIsOf: HardwareDesk['encoder'];
  #current: CaptureRelief | null = null;

  constructor(
    { video, media }: Pick<CaptureJob, 'video' | 'media'>,
    hardware: Pick<HardwareDesk, 'encoder'>,
    send: (message: FromCapture) => void,
  ) {
    this.#video = video;
    this.#hardware = hardware;
    this.#send = send;
    this.#reliefIsOf = hardware.encoder;
    this.#relief = media.video ? this.#reliefOfNow() : null;
  }

  /** What the recording gets instead of what was set; null while it gets that. */
  get current(): CaptureRelief | null {
    return this.#current;
  }

  /** What encodes the pictures. */
  get encoder(): string {
    return this.#hardware.encoder ?? `libx264 ${this.#current?.preset ?? this.#video.preset}`;
  }

  /** To be called about once a second. @param nowMs position on the timeline */
  look(nowMs: number, encoders: Encoders): void {
    if (this.#relief && this.#hardware.encoder !== this.#reliefIsOf) {
      // Another encoder has other steps, and has not shown yet what it can do.
      this.#reliefIsOf = this.#hardware.encoder;
      this.#relief = this.#reliefOfNow();
      if (this.#current) this.#take(this.#relief.step, nowMs, encoders);
    }
    const step = this.#relief?.look(nowMs, encoders.stats());
    if (step) this.#take(step, nowMs, encoders);
  }

  #reliefOfNow(): Relief {
    return new Relief({ ...this.#video, coder: this.#hardware.encoder ?? 'standIn' });
  }

  #take(step: ReliefStep, nowMs: number, encoders: Encoders): void {
    encoders.relieve(step);
    const { level, pictureEvery } = step;
    const preset = this.#hardware.encoder === null ? step.preset : null;
    const fps = Math.round((100 * this.#video.fps) / pictureEvery) / 100;
    this.#current = level === 0 ? null : { preset, fps, sinceMs: this.#current?.sinceMs ?? nowMs };
    this.#send({ type: 'relieved', relief: this.#current, atMs: nowMs });
    const message = 'the encoder cannot keep up: pictures are encoded more lightly from here';
    const data = { preset, fps };
    if (this.#current) this.#send({ type: 'log', level: 'warn', message, data });
    else this.#send({ type: 'log', level: 'info', message: 'pictures are encoded as set again', data });
  }
}
