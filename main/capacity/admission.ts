import type { Text } from '../../shared/texts/language.ts';
import type { Settings } from '../settings/settings.ts';
import {
  costOf,
  fits,
  KINDS,
  type Kind,
  type Load,
  limitOf,
  type Machine,
  type PerKind,
  roomFor,
  sumOf,
  type Work,
} from './model.ts';
import type { Speed } from './speed.ts';

export interface AdmissionDeps {
  /** Read anew each time. */
  settings: {
    video: Pick<Settings['video'], 'width' | 'height' | 'fps'>;
    limits: Pick<Settings['limits'], 'maxRecordings'>;
  };
  machine: Machine;
  /** What the pieces cost with the preset that is set now. */
  speed(): Speed;
  /** How many recordings get lighter encoding than was set, because the machine does not keep up. */
  relieved(): number;
}

/** Why one more recording is not taken, in words for the caller. */
export interface Refusal {
  detail: Text;
  remedy?: Text;
}

/** What runs, what it takes, and what else would be taken. */
export interface Room {
  /** How many of each kind would be taken now. */
  room: PerKind;
  load: Load;
  limit: Load;
  /** How many recordings may run at a time, if all further ones are mixed with pictures. */
  capacity: number;
  /** How many recordings get lighter encoding than was set. */
  relieved: number;
}

/** Says what a machine can carry. What runs is given by who asks, out of the rows: nothing is counted twice or forgotten. */
export interface Admission {
  /** @returns why the recording must not be taken beside the others, or null when it may */
  judge(work: Work, running: readonly Work[]): Refusal | null;
  room(running: readonly Work[]): Room;
}

/** The operator's number of recordings wins over what was measured; by default, null, what was measured counts. */
export function createAdmission({ settings, machine, speed, relieved }: AdmissionDeps): Admission {
  const cost = (work: Work): Load => costOf(work, settings.video, speed());
  const limit = limitOf(machine);

  /** How many of a kind would be taken. */
  const roomOf = (kind: Kind, running: readonly Work[], load: Load): number => {
    const { maxRecordings } = settings.limits;
    if (maxRecordings !== null) return Math.max(0, maxRecordings - running.length);
    if (relieved() > 0) return 0;
    const room = roomFor(cost(KINDS[kind]), load, limit);
    return running.length === 0 ? Math.max(1, room) : room;
  };

  return {
    judge(work, running) {
      const { maxRecordings } = settings.limits;
      if (maxRecordings !== null) return running.length < maxRecordings ? null : fullByNumber(maxRecordings);
      if (running.length > 0 && relieved() > 0) return tooSlow(running.length);
      const loads = running.map(cost);
      return fits(cost(work), loads, limit) ? null : fullByLoad(running.length, sumOf(loads), cost(work), limit);
    },
    room(running) {
      const load = sumOf(running.map(cost));
      const room = {
        mixed: roomOf('mixed', running, load),
        singles: roomOf('singles', running, load),
        sound: roomOf('sound', running, load),
      };
      return {
        room,
        load,
        limit,
        capacity: settings.limits.maxRecordings ?? running.length + room.mixed,
        relieved: relieved(),
      };
    },
  };
}

const REMEDY: Text = {
  en:
    'Send the request again after the seconds in Retry-After or to another box, stop a recording, or set a smaller picture or frame rate. ' +
    'Who knows better than the measurement sets limits.maxRecordings.',
  zh:
    '请在 Retry-After 指定的秒数后重试或发送到其他机器，停止一个录制，或调小画面尺寸、帧率。' +
    '如确信测量偏低，可用 limits.maxRecordings 直接指定录制数。',
};

function fullByNumber(maxRecordings: number): Refusal {
  return {
    detail: {
      en: `${maxRecordings} recordings run, as many as limits.maxRecordings allows; none is cut short for a new one.`,
      zh: `已有 ${maxRecordings} 个录制在进行，达到 limits.maxRecordings 的上限；不会为新任务中断正在进行的录制。`,
    },
  };
}

function tooSlow(running: number): Refusal {
  return {
    detail: {
      en: `${running} recordings run, and the machine does not keep up with them as it should: one more would harm all.`,
      zh: `已有 ${running} 个录制在进行，而本机目前编码跟不上；再增加录制会影响全部。`,
    },
    remedy: REMEDY,
  };
}

function fullByLoad(running: number, load: Load, cost: Load, limit: Load): Refusal {
  const cores = (value: Load) => value.cores.toFixed(2);
  const gigabytes = (value: Load) => (value.memoryBytes / 1e9).toFixed(1);
  const byCores = load.cores + cost.cores > limit.cores;
  const en = byCores
    ? `need ${cores(load)} of the ${cores(limit)} processor cores that recordings may take, and this one would need ${cores(cost)} more.`
    : `need ${gigabytes(load)} of the ${gigabytes(limit)} GB of memory that recordings may take, and this one would need ${gigabytes(cost)} more.`;
  const zh = byCores
    ? `约占用可供录制的 ${cores(limit)} 个处理器核心中的 ${cores(load)} 个，此录制还需约 ${cores(cost)} 个。`
    : `约占用可供录制的 ${gigabytes(limit)} GB 内存中的 ${gigabytes(load)} GB，此录制还需约 ${gigabytes(cost)} GB。`;
  return {
    detail: {
      en: `The recordings that run (${running}) ${en} None is cut short for a new one.`,
      zh: `正在进行的 ${running} 个录制${zh}不会为新任务中断正在进行的录制。`,
    },
    remedy: REMEDY,
  };
}
