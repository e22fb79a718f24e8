import type { ProblemResult } from '../http/box-api.ts';
import type { CapacityApi, CapacityView } from '../http/capacity-api.ts';
import type { Settings } from '../settings/settings.ts';
import { type Admission, createAdmission } from './admission.ts';
import { Measuring, type MeasuringDeps } from './measuring.ts';
import { costOf, KINDS, type Load, type Work } from './model.ts';

export interface CapacityDeps extends Omit<MeasuringDeps, 'isQuiet' | 'onMeasured'> {
  events: { append(type: 'capacityMeasured', recordingId: null, data: Record<string, unknown>): void };
  /** Read anew each time. */
  settings: Pick<Settings, 'video' | 'audio' | 'limits'>;
  /** What is being captured now. */
  running(): readonly Work[];
  /** Whether something else has to be done now, such as finalizing. */
  isBusy(): boolean;
  /** How many recordings are encoded more lightly than set. */
  relieved(): number;
}

/** What the box can hold: measured once, kept, and measured again when it would come out otherwise. */
export interface Capacity extends Admission, CapacityApi {
  /** What the limit comes from now. */
  basis(): CapacityView['basis'];
  /** A recording begins: measuring has to give way to it. */
  giveWay(): void;
  start(): void;
  /** Ends a measurement that runs; resolves when it is gone. */
  stop(): Promise<void>;
}

export function createCapacity(deps: CapacityDeps): Capacity {
  const { settings, machine, events, log } = deps;
  let isStopped = false;
  const measuring = new Measuring({
    ...deps,
    isQuiet: () => deps.running().length === 0 && !deps.isBusy(),
    onMeasured: ({ speed, conditions }) => {
      const { room } = admission.room([]);
      events.append('capacityMeasured', null, { ...room, preset: conditions.preset });
      log.info({ ...speed, ...room }, 'the machine was measured: so many recordings of each kind fit');
    },
  });
  const admission = createAdmission({ settings, machine, speed: () => measuring.speed(), relieved: deps.relieved });

  const basis = (): CapacityView['basis'] => {
    if (settings.limits.maxRecordings !== null) return 'set';
    return measuring.kept === null ? 'assumed' : 'measured';
  };

  const view = (): CapacityView => {
    const { room, load, limit, relieved } = admission.room(deps.running());
    const { width, height, fps, preset } = settings.video;
    const costOfKind = (kind: keyof typeof KINDS) =>
      rounded(costOf(KINDS[kind], settings.video, measuring.speed())).cores;
    return {
      ...{ basis: basis(), state: measuring.state, problem: measuring.problem },
      ...measuredFacts(measuring),
      settings: { width, height, fps, preset },
      machine: { cpu: machine.cpu, cores: machine.cores, memoryBytes: machine.memoryBytes },
      ...{ holds: admission.room([]).room, room },
      costs: { mixed: costOfKind('mixed'), singles: costOfKind('singles'), sound: costOfKind('sound') },
      ...{ load: rounded(load), limit: rounded(limit), relieved },
    };
  };

  return {
    ...admission,
    basis,
    get: view,
    measure() {
      if (deps.ffmpeg === null) return { kind: 'problem', code: 'FFMPEG_MISSING' };
      if (isStopped) return { kind: 'problem', code: 'SHUTTING_DOWN' };
      if (measuring.state === 'measuring') return notQuiet('measuring');
      if (deps.running().length > 0) return notQuiet('recording');
      if (deps.isBusy()) return notQuiet('finalizing');
      measuring.begin();
      return view();
    },
    giveWay: () => measuring.giveWay(),
    start: () => measuring.start(),
    async stop() {
      isStopped = true;
      await measuring.stop();
    },
  };
}

/** What is kept, as it is shown. */
function measuredFacts({ kept }: Measuring): Pick<CapacityView, 'measuredAt' | 'measuredWith'> {
  if (kept === null) return { measuredAt: null, measuredWith: null };
  const { ffmpegVersion, encoder, preset, width, height, fps } = kept.conditions;
  return {
    measuredAt: new Date(kept.atMs).toISOString(),
    measuredWith: {
      ...{ ffmpeg: ffmpegVersion, width, height, fps },
      encoder: encoder === 'libx264' ? `${encoder} ${preset}` : encoder,
    },
  };
}

/** Why nothing is measured now. */
const NOT_QUIET = {
  measuring: { en: 'The box is being measured at this moment.', zh: '本机正在测量。' },
  recording: {
    en: 'Recordings run: measuring beside them would disturb them and come out wrong.',
    zh: '有录制正在进行：此时测量会影响录制，结果也不准确。',
  },
  finalizing: { en: 'A recording is being finalized.', zh: '有录制正在封装。' },
} as const;

function notQuiet(why: keyof typeof NOT_QUIET): ProblemResult {
  return { kind: 'problem', code: 'NOT_QUIET', detail: NOT_QUIET[why] };
}

function rounded({ cores, memoryBytes }: Load): Load {
  return { cores: Math.round(cores * 1000) / 1000, memoryBytes: Math.round(memoryBytes) };
}
