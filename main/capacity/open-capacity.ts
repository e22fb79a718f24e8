import { mkdirSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { FfmpegFound } from '../capture/encode/ffmpeg.ts';
import type { EncoderChoice } from '../checks/encoder-choice.ts';
import { systemClock } from '../delivery/clock.ts';
import type { Logger } from '../logging.ts';
import type { StartScript } from '../own-script.ts';
import type { Supervisor } from '../recordings/supervisor.ts';
import type { Settings } from '../settings/settings.ts';
import type { Store } from '../store/store.ts';
import { type Capacity, createCapacity } from './capacity.ts';
import type { Machine } from './model.ts';
import { runMeasure } from './run-measure.ts';

export interface OpenCapacityOptions {
  store: Pick<Store, 'facts' | 'events' | 'recordings'>;
  settings: Settings;
  ffmpeg: FfmpegFound | null;
  supervisor: Pick<Supervisor, 'relieved'>;
  encoderChoice: Pick<EncoderChoice, 'current'>;
  dataDirectory: string;
  log: Logger;
  /** By default the Node that runs this. */
  startScript?: StartScript | undefined;
}

/** What this machine can hold. */
export function openCapacity(options: OpenCapacityOptions): Capacity {
  const { store, settings, ffmpeg, supervisor, dataDirectory, log, startScript } = options;
  return createCapacity({
    facts: store.facts,
    events: store.events,
    ...{ settings, ffmpeg, log },
    hardware: () => options.encoderChoice.current(),
    machine: machineOfNow(),
    directory: () => {
      const directory = path.join(dataDirectory, 'cache', 'capacity');
      mkdirSync(directory, { recursive: true, mode: 0o700 });
      return directory;
    },
    running: () => store.recordings.capturing(),
    isBusy: () => (store.recordings.counts().finalizing ?? 0) > 0,
    relieved: () => supervisor.relieved,
    measure: (task, signal) => runMeasure(task, signal, startScript),
    clock: systemClock,
  });
}

/** Processors and memory that this process may use; in a container that is less than the machine has. */
function machineOfNow(): Machine & { cpu: string } {
  const constrained = process.constrainedMemory();
  const memoryBytes = constrained > 0 ? Math.min(os.totalmem(), constrained) : os.totalmem();
  return { cores: os.availableParallelism(), memoryBytes, cpu: os.cpus()[0]?.model.trim() ?? 'unknown' };
}
