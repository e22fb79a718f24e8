import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import { RECORDING_STATES } from '../../shared/recording.ts';
import { LINE_REMEDIES } from '../../shared/texts/remedies.ts';
import { DELIVERY_STATES } from '../delivery/steps.ts';
import type { BoxApi, HealthView } from '../http/box-api.ts';
import type { Store } from '../store/store.ts';
import { CaptureTotals } from './capture-totals.ts';

export interface MetricsDeps {
  store: Pick<Store, 'recordings' | 'files' | 'callbacks' | 'sdkProblems'>;
  box: Pick<BoxApi, 'health' | 'get'>;
  /** How many follow the events of the box now. */
  readers(): number;
  version: string;
  /** Wall clock, ms since 1970. */
  now(): number;
}

const CALLBACK_STATES = ['pending', 'parked'] as const;

/**
 * The box's metrics in Prometheus' text format; numbers are taken from the store at the time of the scrape, so that there is nothing to
 * keep in step. Counters begin at 0 with the box, as Prometheus expects.
 */
export function createMetrics(deps: MetricsDeps): () => Promise<{ contentType: string; text: string }> {
  const totals = new CaptureTotals(deps);
  let meters: Meters | null = null;
  return async () => {
    // The first scrape begins what watches the process: a box that nobody asks does without.
    meters ??= createMeters();
    const health = await deps.box.health();
    measureHealth(meters, health);
    measureStore(meters, deps);
    measureCapture(meters, totals);
    meters.build.set({ version: deps.version, simulated: String(health.simulated) }, 1);
    meters.withoutSound.set(await countWithoutSound(deps));
    meters.readers.set(deps.readers());
    return { contentType: meters.registry.contentType, text: await meters.registry.metrics() };
  };
}

type Meters = ReturnType<typeof createMeters>;

function createMeters() {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const registers = [registry];
  const gauge = <Label extends string = never>(name: string, help: string, ...labelNames: Label[]) =>
    new Gauge<Label>({ name: `recorder_${name}`, help, labelNames, registers });
  const counter = <Label extends string = never>(name: string, help: string, ...labelNames: Label[]) =>
    new Counter<Label>({ name: `recorder_${name}_total`, help, labelNames, registers });
  return {
    registry,
    build: gauge(
      'build_info',
      'Always 1; version of the box, and whether its rooms are simulated.',
      'version',
      'simulated',
    ),
    recordings: gauge('recordings', 'Recordings on the box, by state.', 'state'),
    capturing: gauge('capturing_recordings', 'Recordings with a capture process.'),
    capacity: gauge(
      'capacity_recordings',
      'How many may be captured at a time, if all further ones are mixed with pictures.',
    ),
    capacityRoom: gauge('capacity_room', 'How many more recordings of a kind would be taken.', 'kind'),
    capacityLoad: gauge(
      'capacity_load_cores',
      'Processor cores that the running recordings take, by what was measured.',
    ),
    capacityLimit: gauge('capacity_limit_cores', 'Processor cores that recordings may take.'),
    capacityBasis: gauge('capacity_basis', '1 for where the capacity comes from: measured, assumed, or set.', 'basis'),
    relieved: gauge(
      'capacity_relieved_recordings',
      'Recordings encoded more lightly than set: the machine does not keep up.',
    ),
    accepting: gauge('accepting', '1 when a good request would be taken now.'),
    problem: gauge('problem', '1 for each code that requests are refused with now.', 'code'),
    blocked: gauge('deliveries_blocked', 'Recordings whose delivery stands still until somebody changes something.'),
    waitingForLine: gauge('deliveries_waiting_for_line', 'Recordings whose upload waits for the line to COS.'),
    lineUp: gauge('line_up', '0 while uploads wait for the line to COS.'),
    backlogBytes: gauge('upload_backlog_bytes', 'Bytes of finished files that are not in COS yet.'),
    backlogFiles: gauge('upload_backlog_files', 'Finished files that are not in COS yet.'),
    backlogAge: gauge(
      'upload_backlog_oldest_age_seconds',
      'Since when the recording that ended first of those not yet in COS has ended; 0 without any.',
    ),
    callbacks: gauge('callbacks', 'Messages to callers that wait or were parked.', 'state'),
    diskFree: gauge('disk_free_bytes', 'Free on the disk of the recordings; NaN while it is away.'),
    diskReserve: gauge('disk_reserve_bytes', 'Below this much nothing more is recorded.'),
    readers: gauge('event_readers', 'Who follows the events of the box.'),
    withoutSound: gauge('recordings_without_sound', 'Recordings to which no sound comes although somebody sends some.'),
    encodeSpeed: gauge(
      'encode_speed_ratio',
      'Share of the pictures due since the last scrape that the slowest encoder took; 1 when all keep up.',
    ),
    picturesSent: counter('pictures_sent', 'Pictures handed to encoders.'),
    picturesSkipped: counter('pictures_skipped', 'Pictures left out because an encoder could not keep up.'),
    framesDropped: counter('frames_dropped', 'Frames from rooms that could not be used.'),
    sdkProblems: counter('sdk_problems', 'What the SDK warned of.', 'level'),
  };
}

function measureHealth(meters: Meters, { recordings, capacity, accepting, problems, disk }: HealthView): void {
  meters.capturing.set(recordings.capturing);
  meters.capacity.set(recordings.capacity);
  for (const [kind, room] of Object.entries(capacity.room)) meters.capacityRoom.set({ kind }, room);
  meters.capacityLoad.set(capacity.loadCores);
  meters.capacityLimit.set(capacity.limitCores);
  meters.capacityBasis.reset();
  meters.capacityBasis.set({ basis: capacity.basis }, 1);
  meters.relieved.set(capacity.relieved);
  meters.accepting.set(accepting ? 1 : 0);
  meters.problem.reset();
  for (const code of problems) meters.problem.set({ code }, 1);
  meters.blocked.set(recordings.blocked);
  meters.diskFree.set(disk.freeBytes ?? Number.NaN);
  meters.diskReserve.set(disk.reserveBytes);
}

function measureStore(meters: Meters, { store, now }: MetricsDeps): void {
  const counts = store.recordings.counts();
  for (const state of RECORDING_STATES) meters.recordings.set({ state }, counts[state] ?? 0);
  const callbacks = store.callbacks.counts();
  for (const state of CALLBACK_STATES) meters.callbacks.set({ state }, callbacks[state] ?? 0);
  const { bytes, files, oldestEndedAtMs } = store.files.backlog();
  meters.backlogBytes.set(bytes);
  meters.backlogFiles.set(files);
  meters.backlogAge.set(oldestEndedAtMs === null ? 0 : Math.max(0, now() - oldestEndedAtMs) / 1000);
  const waiting = store.recordings.waiting(DELIVERY_STATES);
  const forLine = waiting.filter(({ waitRemedy }) => waitRemedy !== null && LINE_REMEDIES.has(waitRemedy)).length;
  meters.waitingForLine.set(forLine);
  meters.lineUp.set(forLine === 0 ? 1 : 0);
}

async function countWithoutSound({ store, box }: MetricsDeps): Promise<number> {
  const views = await Promise.all(store.recordings.capturing().map(({ id }) => box.get(id)));
  return views.filter((view) => view?.warnings.some(({ code }) => code === 'SOUND_MISSING')).length;
}

function measureCapture(meters: Meters, totals: CaptureTotals): void {
  const { counts, encodeSpeed } = totals.look();
  meters.encodeSpeed.set(encodeSpeed);
  const become = (counter: Counter, value: number): void => {
    counter.reset();
    counter.inc(value);
  };
  become(meters.picturesSent, counts.picturesSent);
  become(meters.picturesSkipped, counts.picturesSkipped);
  become(meters.framesDropped, counts.framesDropped);
  meters.sdkProblems.reset();
  meters.sdkProblems.inc({ level: 'warning' }, counts.sdkWarnings);
  meters.sdkProblems.inc({ level: 'error' }, counts.sdkErrors);
}
