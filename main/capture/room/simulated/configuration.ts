import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { RoomLog } from '../log.ts';
import { type SimulationClock, systemClock } from './clock.ts';
import { createMediaLibrary, type MediaLibrary } from './media.ts';
import { type ParsedScenario, parseScenario } from './scenario.ts';

/** Misbehaviour of the native side that no scenario describes because no participant causes it. */
export interface SimulationFaults {
  /** One more picture and block of sound arrive after everything was stopped. */
  callbackAfterStop?: boolean;
  /** Entering is never answered. */
  noEnterAnswer?: boolean;
}

/** Everything the simulated addon needs from outside; tests put their own parts in. */
export interface SimulationSetup {
  scenario(): ParsedScenario;
  /** Null: nothing is remembered. */
  statePath: string | null;
  media: MediaLibrary;
  clock: SimulationClock;
  log: RoomLog;
  /** Ends the process without a word, as a crash in native code would. */
  crash(): void;
  faults: SimulationFaults;
}

let current: SimulationSetup | null = null;

/** Says which rooms the simulated addon plays. Has to be called before a room is entered; a later call replaces the former. */
export function configureSimulation(options: {
  scenarioPath: string;
  statePath: string;
  ffmpegPath: string;
  log: RoomLog;
}): void {
  const { scenarioPath, log } = options;
  configureSetup({
    scenario: () => {
      let text: string;
      try {
        text = readFileSync(scenarioPath, 'utf8');
      } catch (error) {
        const rule = `cannot be read: ${(error as NodeJS.ErrnoException).code ?? 'unknown reason'}`;
        return { ok: false, problems: [{ path: '', rule, remedy: 'name an existing scenario file' }] };
      }
      return parseScenario(text, path.dirname(path.resolve(scenarioPath)));
    },
    statePath: options.statePath,
    media: createMediaLibrary(options.ffmpegPath, (message) => log('error', `simulated room: ${message}`)),
    clock: systemClock,
    log,
    crash: () => process.kill(process.pid, 'SIGKILL'),
    faults: {},
  });
}

/** Puts a setup made of any parts in place. */
export function configureSetup(setup: SimulationSetup): void {
  current?.media.close();
  current = setup;
}

/** The setup in force. */
export function currentSetup(): SimulationSetup {
  if (!current) throw new Error('simulated rooms are used before configureSimulation was called');
  return current;
}
