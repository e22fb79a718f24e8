import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CAPTURING_STATES, RECORDING_STATES, type RecordingState, TERMINAL_STATES } from '../../shared/recording.ts';
import { CAPTURE_RESTART_STATES, canMove, FAILURE_KINDS, isTerminal, messageFor, TRANSITIONS } from './transitions.ts';

const anyState = fc.constantFrom(...RECORDING_STATES);

function reachable(from: RecordingState): Set<RecordingState> {
  const seen = new Set<RecordingState>([from]);
  for (const state of seen) for (const next of TRANSITIONS[state]) seen.add(next);
  return seen;
}

describe('the transition table', () => {
  it('leads from every state to both ends, and out of none of them', () => {
    for (const state of RECORDING_STATES) {
      const ahead = reachable(state);
      if (isTerminal(state)) expect(ahead).toEqual(new Set([state]));
      else for (const end of TERMINAL_STATES) expect(ahead.has(end)).toBe(true);
    }
  });

  it('tells the caller before every end, whatever way a recording goes', () => {
    const walk = fc.array(fc.nat(), { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(walk, (choices) => {
        const path: RecordingState[] = ['accepted'];
        for (const choice of choices) {
          const options = TRANSITIONS[path.at(-1) as RecordingState];
          if (options.length === 0) break;
          path.push(options[choice % options.length] as RecordingState);
        }
        const end = path.findIndex(isTerminal);
        expect(end === -1 || (end === path.length - 1 && path[end - 1] === 'notifying')).toBe(true);
      }),
    );
  });

  it('never captures again after finalizing has begun', () => {
    for (const state of ['finalizing', 'uploading', 'notifying', 'done', 'failed'] as const) {
      for (const capturing of CAPTURING_STATES) expect(reachable(state).has(capturing)).toBe(false);
    }
  });

  it('delivers only what was finalized, and finalizes what was recorded', () => {
    fc.assert(
      fc.property(anyState, (from) => {
        expect(canMove(from, 'uploading')).toBe(from === 'finalizing');
      }),
    );
    // Media exists from `recording` on: no way around finalizing it.
    expect([...TRANSITIONS.recording].sort()).toEqual(['finalizing', 'joining']);
  });

  it('lets a restarted capture process join again', () => {
    for (const state of CAPTURE_RESTART_STATES) expect(canMove(state, 'joining')).toBe(true);
  });
});

describe('messageFor', () => {
  it('speaks the contract', () => {
    expect(FAILURE_KINDS.map(messageFor)).toEqual(['recording failed', 'transcoding failed', 'write to COS failed']);
  });
});
