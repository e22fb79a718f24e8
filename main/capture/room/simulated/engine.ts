import type { RoomLog } from '../log.ts';
import type { SimulationClock } from './clock.ts';
import type { FrameReader } from './frames.ts';
import type { MediaLibrary, Pictures, Sound } from './media.ts';
import { type Paced, Pacer } from './pacer.ts';
import { type Action, type ParticipantState, planRoom, type StayPlan, stateAt, WARM_UP_MS } from './plan.ts';
import type { RoomEvent, ScenarioRoom, Size } from './scenario.ts';
import {
  type PictureReceiver,
  PictureStream,
  pictureIndexAt,
  type SoundReceiver,
  SoundStream,
  type StreamControl,
} from './streams.ts';

/** Stream types of the SDK that a simulated participant sends. */
export const BIG = 0;
export const SUB = 2;

/** The native side of the SDK as the simulated room sees it. */
export interface NativeSide {
  /** Reports an event to the SDK's JavaScript. */
  tell(name: string, data: Record<string, unknown>): void;
  pictureReceiver(userId: string, streamType: number): PictureReceiver;
  soundReceiver(userId: string): SoundReceiver;
  /** The user is gone: what was set up for his streams is forgotten. */
  forget(userId: string): void;
  /** The recorder was put out of the room: 1 removed, 2 dissolved. */
  putOut(reason: 1 | 2): void;
}

/** A participant while he is in the room. */
interface Present {
  control: StreamControl;
  camera: PictureStream | null;
  screen: PictureStream | null;
  sound: SoundStream | null;
}

/** Decoders started ahead of time; `media` is there once they can deliver. */
interface Warm {
  done: Promise<void>;
  media: WarmMedia | null;
}

interface WarmMedia {
  pictures: Pictures | null;
  reader: FrameReader | null;
  /** Index of the reader's first picture. */
  fromIndex: number;
  sound: Sound | null;
}

/**
 * Plays one room for one entering of the recorder: `prepare`, then `begin`, then `stop`. Tells the native side who comes,
 * goes and changes, and feeds media at the pace of real time.
 */
export class RoomSimulation {
  readonly #room: ScenarioRoom;
  readonly #native: NativeSide;
  readonly #media: MediaLibrary;
  readonly #clock: SimulationClock;
  readonly #log: RoomLog;
  readonly #crash: () => void;
  readonly #present = new Map<StayPlan, Present>();
  readonly #warm = new Map<string, Warm>();
  readonly #heldBack: (() => void)[] = [];
  #pacer: Pacer | null = null;
  #actions: Action[] = [];
  /** Clock time of room time 0; null before the recorder is in. */
  #zeroMs: number | null = null;
  #isConnectionLost = false;
  #isStopped = false;

  constructor(deps: {
    room: ScenarioRoom;
    native: NativeSide;
    media: MediaLibrary;
    clock: SimulationClock;
    log: RoomLog;
    crash(): void;
  }) {
    this.#room = deps.room;
    this.#native = deps.native;
    this.#media = deps.media;
    this.#clock = deps.clock;
    this.#log = deps.log;
    this.#crash = deps.crash;
  }

  /** Starts the decoders of everybody who will be seen soon. Rejects when a clip cannot be read. */
  async prepare(elapsedMs: number): Promise<void> {
    const soon = planRoom(this.#room, elapsedMs).filter((action) => action.atMs <= elapsedMs);
    await Promise.all(soon.map((action) => this.#warmUp(action)));
  }

  /** The recorder is in: the room has been going on for `elapsedMs`. */
  begin(elapsedMs: number): void {
    if (this.#isStopped) return;
    this.#zeroMs = this.#clock.nowMs() - elapsedMs;
    this.#actions = planRoom(this.#room, elapsedMs);
    const actions: Paced = {
      dueMs: () => this.#actions[0]?.atMs ?? Number.POSITIVE_INFINITY,
      run: () => this.#runAction(),
    };
    this.#pacer = new Pacer(this.#clock, () => this.nowMs());
    this.#pacer.add(actions);
    this.#pacer.start();
  }

  /** Room time: milliseconds since the recorder first entered. */
  nowMs(): number {
    return this.#zeroMs === null ? 0 : this.#clock.nowMs() - this.#zeroMs;
  }

  /** Whether leaving is answered at this moment (event `noExit`). */
  answersExit(): boolean {
    return !this.#room.events.some((event) => event.type === 'noExit' && event.atMs <= this.nowMs());
  }

  /** No media and no event afterwards. */
  stop(): void {
    this.#isStopped = true;
    this.#pacer?.stop();
    for (const present of this.#present.values()) closeStreams(present);
    this.#present.clear();
    for (const warm of this.#warm.values()) {
      warm.done.then(
        () => warm.media?.reader?.close(),
        () => undefined,
      );
    }
    this.#warm.clear();
  }

  #runAction(): 'media' | 'event' {
    const action = this.#actions.shift();
    if (!action) return 'media';
    switch (action.kind) {
      case 'warmUp':
      case 'warmUpSize':
      case 'warmUpScreen':
        this.#warmUp(action).catch((error: Error) => this.#log('error', `simulated room: ${error.message}`));
        return 'media';
      case 'enter':
        this.#enter(action.stay);
        return 'event';
      case 'leave':
        this.#leave(action.stay);
        return 'event';
      case 'change':
        this.#change(action.stay, action.atMs);
        return 'event';
      case 'screenOn':
        this.#screenOn(action.stay);
        return 'event';
      case 'screenOff':
        this.#screenOff(action.stay);
        return 'event';
      case 'reconnectNotice':
        if (this.#isConnectionLost) this.#native.tell('onTryToReconnect', {});
        return 'event';
      case 'room':
        this.#roomEvent(action.event);
        return 'event';
    }
  }

  #roomEvent(event: RoomEvent): void {
    switch (event.type) {
      case 'dissolve':
      case 'kick':
        this.stop();
        this.#native.putOut(event.type === 'kick' ? 1 : 2);
        return;
      case 'connectionLost':
        if (!this.#isConnectionLost) this.#native.tell('onConnectionLost', {});
        this.#isConnectionLost = true;
        return;
      case 'connectionRecovered':
        if (!this.#isConnectionLost) return;
        this.#isConnectionLost = false;
        this.#native.tell('onConnectionRecovery', {});
        for (const say of this.#heldBack.splice(0)) say();
        return;
      case 'crash':
        this.#crash();
        return;
      default:
        return;
    }
  }

  #enter(stay: StayPlan): void {
    const { participant } = stay;
    const { userId } = participant;
    const control: StreamControl = {
      state: stateAt(participant, stay.startMs),
      isCut: () => this.#isConnectionLost,
    };
    const present: Present = { control, camera: null, screen: null, sound: null };
    this.#present.set(stay, present);
    this.#tell('onRemoteUserEnterRoom', { userId });
    this.#whenWarm(this.#keyOf(stay, 'stay'), stay, (media) => {
      const start = { zeroMs: stay.fromMs, startMs: stay.startMs, control };
      if (media.pictures && media.reader) {
        const receive = this.#native.pictureReceiver(userId, BIG);
        present.camera = new PictureStream({ ...start, fps: media.pictures.fps, followsCamera: true, receive });
        present.camera.switchTo(media.fromIndex, media.reader);
        if (control.state.video) this.#tell('onUserVideoAvailable', { userId, available: true });
        this.#pacer?.add(present.camera);
      }
      if (media.sound) {
        const receive = this.#native.soundReceiver(userId);
        present.sound = new SoundStream({ ...start, sound: media.sound, receive });
        if (control.state.audio) this.#tell('onUserAudioAvailable', { userId, available: true });
        this.#pacer?.add(present.sound);
      }
    });
  }

  #leave(stay: StayPlan): void {
    const present = this.#present.get(stay);
    if (!present) return;
    this.#present.delete(stay);
    for (const stream of [present.camera, present.screen, present.sound]) if (stream) this.#pacer?.remove(stream);
    closeStreams(present);
    const { userId } = stay.participant;
    this.#tell('onRemoteUserLeaveRoom', { userId, reason: 0 }, () => this.#native.forget(userId));
  }

  #change(stay: StayPlan, atMs: number): void {
    const present = this.#present.get(stay);
    if (!present) return;
    const { userId } = stay.participant;
    const before: ParticipantState = present.control.state;
    const after = stateAt(stay.participant, atMs);
    present.control.state = after;
    if (present.camera && before.video !== after.video) {
      this.#tell('onUserVideoAvailable', { userId, available: after.video });
    }
    if (present.sound && before.audio !== after.audio) {
      this.#tell('onUserAudioAvailable', { userId, available: after.audio });
    }
    if (after.size !== before.size) {
      this.#whenWarm(this.#keyOf(stay, `size@${atMs}`), stay, ({ fromIndex, reader }) => {
        if (reader) present.camera?.switchTo(fromIndex, reader);
      });
    }
    this.#pacer?.wake();
  }

  #screenOn(stay: StayPlan): void {
    const present = this.#present.get(stay);
    const screen = stay.screen;
    if (!present || !screen) return;
    const { userId } = stay.participant;
    this.#whenWarm(this.#keyOf(stay, 'screen'), stay, (media) => {
      if (!media.pictures || !media.reader) return;
      present.screen = new PictureStream({
        zeroMs: screen.fromMs,
        startMs: screen.startMs,
        fps: media.pictures.fps,
        control: present.control,
        followsCamera: false,
        receive: this.#native.pictureReceiver(userId, SUB),
      });
      present.screen.switchTo(media.fromIndex, media.reader);
      this.#tell('onUserSubStreamAvailable', { userId, available: true });
      this.#pacer?.add(present.screen);
    });
  }

  #screenOff(stay: StayPlan): void {
    const present = this.#present.get(stay);
    if (!present?.screen) return;
    this.#pacer?.remove(present.screen);
    present.screen.close();
    present.screen = null;
    this.#tell('onUserSubStreamAvailable', { userId: stay.participant.userId, available: false });
  }

  /** Nothing about users is heard while the connection is lost; it is made up for afterwards. */
  #tell(name: string, data: Record<string, unknown>, alongside?: () => void): void {
    const say = () => {
      alongside?.();
      this.#native.tell(name, data);
    };
    if (this.#isConnectionLost) this.#heldBack.push(say);
    else say();
  }

  #warmUp(action: Action): Promise<void> {
    switch (action.kind) {
      case 'warmUp':
        return this.#keepWarm(this.#keyOf(action.stay, 'stay'), () => this.#openStay(action.stay));
      case 'warmUpSize':
        return this.#keepWarm(this.#keyOf(action.stay, `size@${action.changeAtMs}`), async () => {
          const source = action.stay.participant.media;
          const pictures = source && (await this.#media.pictures(source));
          return this.#openPictures(pictures, action.size, action.changeAtMs - action.stay.fromMs);
        });
      case 'warmUpScreen':
        return this.#keepWarm(this.#keyOf(action.stay, 'screen'), async () => {
          const source = action.stay.participant.screen?.source;
          const { screen } = action.stay;
          const pictures = source && (await this.#media.pictures(source));
          return this.#openPictures(pictures ?? null, null, screen ? screen.startMs - screen.fromMs : 0);
        });
      default:
        return Promise.resolve();
    }
  }

  async #openStay(stay: StayPlan): Promise<WarmMedia> {
    const { media, audioPath } = stay.participant;
    const pictures = media && (await this.#media.pictures(media));
    const size = stateAt(stay.participant, stay.startMs).size;
    const opened = await this.#openPictures(pictures, size, stay.startMs - stay.fromMs);
    if (audioPath) opened.sound = await this.#media.sound(audioPath, null);
    else if (media && !media.isRaw) opened.sound = await this.#media.sound(media.path, pictures?.loopSeconds ?? null);
    return opened;
  }

  async #openPictures(pictures: Pictures | null, size: Size | null, positionMs: number): Promise<WarmMedia> {
    if (!pictures) return { pictures: null, reader: null, fromIndex: 0, sound: null };
    const fromIndex = pictureIndexAt(positionMs, pictures.fps);
    const reader = pictures.open(size ?? pictures.size, fromIndex);
    try {
      await this.#withDeadline(reader.ready);
    } catch (error) {
      reader.close();
      throw error;
    }
    return { pictures, reader, fromIndex, sound: null };
  }

  #withDeadline(ready: Promise<void>): Promise<void> {
    return new Promise((resolve, reject) => {
      const cancel = this.#clock.after(FIRST_PICTURE_TIMEOUT_MS, () => {
        reject(new Error(`no picture was decoded within ${FIRST_PICTURE_TIMEOUT_MS / 1000} s`));
      });
      ready.then(resolve, reject).finally(cancel);
    });
  }

  #keepWarm(key: string, open: () => Promise<WarmMedia>): Promise<void> {
    const known = this.#warm.get(key);
    if (known) return known.done;
    const warm: Warm = { done: Promise.resolve(), media: null };
    warm.done = open().then((media) => {
      warm.media = media;
    });
    this.#warm.set(key, warm);
    return warm.done;
  }

  /** Goes on at once when the decoders are ready, which they normally are; otherwise as soon as they are. */
  #whenWarm(key: string, stay: StayPlan, use: (media: WarmMedia) => void): void {
    const warm = this.#warm.get(key);
    if (!warm) return;
    const go = () => {
      if (!warm.media) return;
      if (!this.#isStopped && this.#present.has(stay)) {
        this.#warm.delete(key);
        use(warm.media);
      } else {
        warm.media.reader?.close();
      }
    };
    if (warm.media) go();
    else warm.done.then(go, () => undefined);
  }

  /** The same for every plan of the room, so that what was prepared before entering is found after it. */
  #keyOf(stay: StayPlan, what: string): string {
    return `${stay.participant.userId} ${stay.fromMs} ${what}`;
  }
}

const FIRST_PICTURE_TIMEOUT_MS = WARM_UP_MS + 7_000;

function closeStreams(present: Present): void {
  present.camera?.close();
  present.screen?.close();
}
