import { existsSync } from 'node:fs';
import path from 'node:path';
import { Ajv } from 'ajv';
import { pointer, problem, type ScenarioProblem, schemaProblems } from './scenario-problems.ts';
import { scenarioSchema } from './scenario-schema.ts';

/** Picture size in pixels. */
export interface Size {
  width: number;
  height: number;
}

/** Pictures of a camera or a shared screen. */
export interface PictureSource {
  /** Absolute path of the file. */
  path: string;
  /** Headerless I420 frames: `size` and `fps` are given and nothing is decoded. */
  isRaw: boolean;
  /** Null: as the media has it. */
  size: Size | null;
  /** Null: as the media has it, at most 60. */
  fps: number | null;
}

/** Times are milliseconds since the recorder first entered; `toMs` null means until the end. */
export interface Stay {
  fromMs: number;
  toMs: number | null;
}

/** What changes at a participant; a key that is absent stays as it was. */
export interface Change {
  atMs: number;
  video?: boolean;
  audio?: boolean;
  size?: Size;
  rotation?: 0 | 1 | 2 | 3;
  sampleRate?: number;
  channels?: 1 | 2;
  audioGapMs?: number;
  stallMs?: number;
  timestampJumpMs?: number;
}

export interface Participant {
  userId: string;
  /** Pictures, and the sound that goes with them unless `audioPath` is given. Null: nothing to see. */
  media: PictureSource | null;
  /** Separate sound file. */
  audioPath: string | null;
  /** In order, not overlapping. */
  stays: Stay[];
  /** In order. */
  changes: Change[];
  screen: (Stay & { source: PictureSource }) | null;
}

export type RoomEventType =
  | 'dissolve'
  | 'kick'
  | 'connectionLost'
  | 'connectionRecovered'
  | 'enterError'
  | 'noExit'
  | 'crash';

export interface RoomEvent {
  atMs: number;
  type: RoomEventType;
  /** For `enterError`: the SDK's negative error code. */
  code: number | null;
  /** For `enterError`: how many attempts fail; null means all. */
  times: number | null;
}

export interface ScenarioRoom {
  participants: Participant[];
  /** In order. */
  events: RoomEvent[];
}

/** Keys of `rooms`: an integer RoomId as text, or `str:` and a StrRoomId. */
export interface Scenario {
  rooms: Record<string, ScenarioRoom>;
}

export type ParsedScenario = { ok: true; scenario: Scenario } | { ok: false; problems: ScenarioProblem[] };

interface StoredParticipant {
  userId: string;
  media?: string;
  audio?: string;
  size?: string;
  fps?: number;
  enterAt?: number;
  leaveAt?: number;
  stays?: [number | null, number | null][];
  changes?: StoredChange[];
  screen?: { media: string; from: number; to?: number; size?: string; fps?: number };
}

interface StoredChange extends Pick<Change, 'video' | 'audio' | 'rotation' | 'sampleRate' | 'channels'> {
  at: number;
  size?: string;
  audioGap?: number;
  stall?: number;
  timestampJump?: number;
}

interface StoredRoom {
  participants?: StoredParticipant[];
  events?: { at?: number; type: RoomEventType; code?: number; times?: number }[];
}

const validate = new Ajv({ allErrors: true, allowUnionTypes: true }).compile<{ rooms: Record<string, StoredRoom> }>(
  scenarioSchema,
);

/**
 * Reads the text of a scenario file. Media paths are taken relative to `baseDirectory`.
 * Finds every problem at once; what each key means is written in docs/scenario.md.
 */
export function parseScenario(
  text: string,
  baseDirectory: string,
  fileExists: (file: string) => boolean = existsSync,
): ParsedScenario {
  let stored: unknown;
  try {
    stored = JSON.parse(text);
  } catch (error) {
    return { ok: false, problems: [problem('', `must be JSON: ${(error as Error).message}`, 'correct the syntax')] };
  }
  if (!validate(stored)) return { ok: false, problems: schemaProblems(validate.errors ?? []) };
  const reader = new RoomReader(baseDirectory, fileExists);
  const rooms: Record<string, ScenarioRoom> = {};
  for (const [key, room] of Object.entries(stored.rooms)) rooms[key] = reader.room(`/rooms/${pointer(key)}`, room);
  return reader.problems.length > 0 ? { ok: false, problems: reader.problems } : { ok: true, scenario: { rooms } };
}

/** Turns stored rooms into their normal form and collects what the schema cannot express. */
class RoomReader {
  readonly problems: ScenarioProblem[] = [];
  readonly #baseDirectory: string;
  readonly #fileExists: (file: string) => boolean;

  constructor(baseDirectory: string, fileExists: (file: string) => boolean) {
    this.#baseDirectory = baseDirectory;
    this.#fileExists = fileExists;
  }

  room(at: string, stored: StoredRoom): ScenarioRoom {
    const seen = new Set<string>();
    const participants = (stored.participants ?? []).map((one, index) => {
      const where = `${at}/participants/${index}`;
      if (seen.has(one.userId)) {
        this.#report(
          `${where}/userId`,
          `must be unique in the room, "${one.userId}" comes twice`,
          'list one participant with "stays": [[0, 5], [8, 12]]',
        );
      }
      seen.add(one.userId);
      return this.#participant(where, one);
    });
    const events = (stored.events ?? []).map((one, index) => this.#event(`${at}/events/${index}`, one));
    return { participants, events: events.sort((a, b) => a.atMs - b.atMs) };
  }

  #participant(at: string, stored: StoredParticipant): Participant {
    if (stored.media === undefined && stored.audio === undefined) {
      this.#report(at, 'must have "media" or "audio"', 'name a clip, for example "media": "clips/a.mp4"');
    }
    const media = stored.media === undefined ? null : this.#pictures(at, stored.media, stored.size, stored.fps);
    const changes = (stored.changes ?? []).map((one, index) => this.#change(`${at}/changes/${index}`, one, media));
    return {
      userId: stored.userId,
      media,
      audioPath: stored.audio === undefined ? null : this.#file(`${at}/audio`, stored.audio),
      stays: this.#stays(at, stored),
      changes: changes.sort((a, b) => a.atMs - b.atMs),
      screen: this.#screen(`${at}/screen`, stored.screen),
    };
  }

  #stays(at: string, stored: StoredParticipant): Stay[] {
    if (stored.stays === undefined) {
      const stay: Stay = {
        fromMs: toMs(stored.enterAt ?? 0),
        toMs: stored.leaveAt === undefined ? null : toMs(stored.leaveAt),
      };
      if (stay.toMs !== null && stay.toMs <= stay.fromMs) {
        this.#report(
          `${at}/leaveAt`,
          `must be later than enterAt (${stay.fromMs / 1000})`,
          'leave later, or leave the key out to stay until the end',
        );
      }
      return [stay];
    }
    if (stored.enterAt !== undefined || stored.leaveAt !== undefined) {
      this.#report(
        `${at}/stays`,
        'must not stand beside "enterAt" or "leaveAt"',
        'keep either "stays" or "enterAt"/"leaveAt"',
      );
    }
    let previousEndMs = 0;
    return stored.stays.map(([from, to], index) => {
      const where = `${at}/stays/${index}`;
      const isLast = index === (stored.stays?.length ?? 0) - 1;
      if (from === null || (to === null && !isLast)) {
        this.#report(
          where,
          'must be [from, to]; only the last "to" may be null',
          'write two numbers, for example [0, 5]',
        );
      }
      const stay: Stay = { fromMs: toMs(from ?? 0), toMs: to === null ? null : toMs(to) };
      if (stay.toMs !== null && stay.toMs <= stay.fromMs) {
        this.#report(where, 'must end after it begins', 'make the second number greater than the first');
      }
      if (stay.fromMs < previousEndMs) {
        this.#report(
          where,
          `must not overlap the stay before it, which ends at ${previousEndMs / 1000}`,
          'list stays in order of time, one after the other',
        );
      }
      previousEndMs = stay.toMs ?? previousEndMs;
      return stay;
    });
  }

  #change(at: string, stored: StoredChange, media: PictureSource | null): Change {
    const { at: atSeconds, size, audioGap, stall, timestampJump, ...same } = stored;
    const change: Change = { atMs: toMs(atSeconds), ...same };
    if (size !== undefined) {
      change.size = this.#size(`${at}/size`, size);
      if (media?.isRaw) {
        this.#report(
          `${at}/size`,
          'must not change for headerless I420',
          'use a clip that is decoded, for example an .mp4',
        );
      }
    }
    if (audioGap !== undefined) change.audioGapMs = toMs(audioGap);
    if (stall !== undefined) change.stallMs = toMs(stall);
    if (timestampJump !== undefined) change.timestampJumpMs = toMs(timestampJump);
    return change;
  }

  #screen(at: string, stored: StoredParticipant['screen']): Participant['screen'] {
    if (!stored) return null;
    const screen = {
      source: this.#pictures(at, stored.media, stored.size, stored.fps),
      fromMs: toMs(stored.from),
      toMs: stored.to === undefined ? null : toMs(stored.to),
    };
    if (screen.toMs !== null && screen.toMs <= screen.fromMs) {
      this.#report(`${at}/to`, `must be later than from (${stored.from})`, 'end later, or leave the key out');
    }
    return screen;
  }

  #pictures(at: string, file: string, size: string | undefined, fps: number | undefined): PictureSource {
    const isRaw = /\.(yuv|i420)$/i.test(file);
    if (isRaw && (size === undefined || fps === undefined)) {
      this.#report(
        `${at}/media`,
        'headerless I420 must come with "size" and "fps"',
        'add for example "size": "640x360", "fps": 15',
      );
    }
    return {
      path: this.#file(`${at}/media`, file),
      isRaw,
      size: size === undefined ? null : this.#size(`${at}/size`, size),
      fps: fps ?? null,
    };
  }

  #event(at: string, stored: NonNullable<StoredRoom['events']>[number]): RoomEvent {
    const appliesToEntering = stored.type === 'enterError';
    if (appliesToEntering && stored.code === undefined) {
      this.#report(`${at}/code`, 'must be given for enterError', 'add the SDK error code, for example "code": -3308');
    }
    for (const key of ['code', 'times'] as const) {
      if (!appliesToEntering && stored[key] !== undefined) {
        this.#report(`${at}/${key}`, `has no meaning for ${stored.type}`, 'leave the key out');
      }
    }
    if (stored.at === undefined && !appliesToEntering && stored.type !== 'noExit') {
      this.#report(
        `${at}/at`,
        `must be given for ${stored.type}`,
        'add the second at which it happens, for example "at": 10',
      );
    }
    return { atMs: toMs(stored.at ?? 0), type: stored.type, code: stored.code ?? null, times: stored.times ?? null };
  }

  #size(at: string, text: string): Size {
    const [width = 0, height = 0] = text.split('x').map(Number);
    for (const length of [width, height]) {
      if (length % 2 !== 0 || length < 16 || length > 4096) {
        this.#report(
          at,
          `must be WIDTHxHEIGHT in even numbers from 16 to 4096, is "${text}"`,
          'write for example "640x360"',
        );
        break;
      }
    }
    return { width, height };
  }

  #file(at: string, file: string): string {
    const absolute = path.resolve(this.#baseDirectory, file);
    if (!this.#fileExists(absolute)) {
      this.#report(
        at,
        `must name an existing file, "${file}" was not found`,
        'correct the path; it is taken relative to the scenario file',
      );
    }
    return absolute;
  }

  #report(at: string, rule: string, remedy: string): void {
    this.problems.push(problem(at, rule, remedy));
  }
}

function toMs(seconds: number): number {
  return Math.round(seconds * 1000);
}
