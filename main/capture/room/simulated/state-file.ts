import { readFileSync, renameSync, writeFileSync } from 'node:fs';

/** What outlives the capture process, so that a room goes on while the recorder is away. */
export interface SimulationState {
  room: string;
  /** Wall-clock time at which the recorder first entered; null before it did. */
  enteredAtEpochMs: number | null;
  /** How often entering was tried. */
  enterAttempts: number;
}

/** Reads the state of `room`; a missing, unreadable or foreign file means a recorder that has never been here. */
export function readState(path: string, room: string): SimulationState {
  const fresh: SimulationState = { room, enteredAtEpochMs: null, enterAttempts: 0 };
  let stored: Partial<SimulationState>;
  try {
    stored = JSON.parse(readFileSync(path, 'utf8')) as Partial<SimulationState>;
  } catch {
    return fresh;
  }
  if (stored.room !== room) return fresh;
  return {
    room,
    enteredAtEpochMs: typeof stored.enteredAtEpochMs === 'number' ? stored.enteredAtEpochMs : null,
    enterAttempts: typeof stored.enterAttempts === 'number' ? stored.enterAttempts : 0,
  };
}

/** Replaces the file in one step: a crash event may strike at any moment. */
export function writeState(path: string, state: SimulationState): void {
  const next = `${path}.new`;
  writeFileSync(next, JSON.stringify(state));
  renameSync(next, path);
}
