import { type RecordingState, TERMINAL_STATES } from '../../shared/recording.ts';

/**
 * States from which a recording goes back to `joining` because its capture process was started again: the new process has to
 * enter the room anew.
 */
export const CAPTURE_RESTART_STATES = ['waiting', 'recording'] as const satisfies readonly RecordingState[];

/**
 * The allowed moves of a recording's state. Nothing else in the box decides whether a move is legal: the store refuses every
 * move that is not listed here. Every failure goes through `notifying`, because the caller is told in every case. A finished file that
 * is found damaged before it was uploaded is made again from its segments.
 */
export const TRANSITIONS: Readonly<Record<RecordingState, readonly RecordingState[]>> = {
  accepted: ['joining', 'finalizing', 'notifying'],
  joining: ['waiting', 'recording', 'finalizing', 'notifying'],
  waiting: ['recording', 'joining', 'finalizing', 'notifying'],
  recording: ['joining', 'finalizing'],
  finalizing: ['uploading', 'notifying'],
  uploading: ['notifying', 'finalizing'],
  notifying: ['done', 'failed'],
  done: [],
  failed: [],
};

/** Whether a recording may go from `from` to `to` in one move. */
export function canMove(from: RecordingState, to: RecordingState): boolean {
  return TRANSITIONS[from].includes(to);
}

/** Whether nothing happens to a recording in this state any more. */
export function isTerminal(state: RecordingState): boolean {
  return (TERMINAL_STATES as readonly RecordingState[]).includes(state);
}

/** Which part of the work failed; the wire contract knows exactly these three. */
export const FAILURE_KINDS = ['recording', 'transcoding', 'upload'] as const;
export type FailureKind = (typeof FAILURE_KINDS)[number];

/** The contract's words for a failure kind: how `Files[i].Message` begins. */
export function messageFor(kind: FailureKind): string {
  switch (kind) {
    case 'recording':
      return 'recording failed';
    case 'transcoding':
      return 'transcoding failed';
    case 'upload':
      return 'write to COS failed';
  }
}
