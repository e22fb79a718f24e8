/**
 * How the app ends, as a table: what happened goes in, what is to be done comes out. Nothing here knows Electron or time.
 *
 * working → counting (how many recordings run?) → asking (when some do, and before an update always) → draining → over
 *
 * A drain begins once and the app is left once, whatever comes in between. When the system ends the session nobody is asked.
 */
export type ShutdownState =
  | { name: 'working' }
  | { name: 'counting'; reason: WishedBy }
  | { name: 'asking'; reason: WishedBy }
  /** `isForceAsked`: the person is being asked whether to leave before it is done. */
  | { name: 'draining'; reason: EndedBy; isForceAsked: boolean }
  | { name: 'over' };

/** A person who quits, or one who has an update installed. */
export type WishedBy = 'person' | 'update';
export type EndedBy = WishedBy | 'system';

/** Stop the recordings and quit; go on recording without the window; as if nothing had been asked. */
export const QUIT_ANSWERS = ['stop', 'keep', 'cancel'] as const;
export type QuitAnswer = (typeof QUIT_ANSWERS)[number];

export type ShutdownEvent =
  | { kind: 'quitAsked' }
  /** Somebody wants the update that is ready to be installed. */
  | { kind: 'updateAsked' }
  /** Answer to `count`. */
  | { kind: 'counted'; running: number }
  | { kind: 'answered'; answer: QuitAnswer }
  /** Shutdown, logout, or a signal. */
  | { kind: 'systemEnds' }
  | { kind: 'drained' }
  /** The drain failed or took longer than it may: the next start goes on. */
  | { kind: 'gaveUp' }
  | { kind: 'forceAnswered'; isForced: boolean };

export type ShutdownEffect =
  | { kind: 'count' }
  | { kind: 'ask'; running: number; reason: WishedBy }
  /** Takes away whatever question is open. */
  | { kind: 'withdrawQuestions' }
  | { kind: 'hideWindow' }
  | { kind: 'drain'; reason: EndedBy }
  | { kind: 'askForce' }
  /** Ends the process. */
  | { kind: 'leave'; exitCode: 0 | 1; reason: EndedBy };

export interface ShutdownStep {
  state: ShutdownState;
  effects: readonly ShutdownEffect[];
}

/** What an event leads to. One that does not belong into a state leads to nothing. */
export function nextShutdown(state: ShutdownState, event: ShutdownEvent): ShutdownStep {
  const stay: ShutdownStep = { state, effects: [] };
  if (state.name === 'over') return stay;
  switch (event.kind) {
    case 'quitAsked':
      if (state.name === 'working') return count('person');
      return state.name === 'draining' ? askForce(state) : stay;
    case 'updateAsked':
      return state.name === 'working' ? count('update') : stay;
    case 'counted':
      return state.name === 'counting' ? afterCount(state.reason, event.running) : stay;
    case 'answered':
      return state.name === 'asking' ? afterAnswer(state.reason, event.answer) : stay;
    case 'systemEnds':
      return afterSystemEnds(state);
    case 'drained':
      return state.name === 'draining' ? leave(0, state.reason) : stay;
    case 'gaveUp':
      return state.name === 'draining' ? leave(1, state.reason) : stay;
    case 'forceAnswered':
      if (state.name !== 'draining' || !state.isForceAsked) return stay;
      return event.isForced ? leave(1, state.reason) : { state: { ...state, isForceAsked: false }, effects: [] };
  }
}

function count(reason: WishedBy): ShutdownStep {
  return { state: { name: 'counting', reason }, effects: [{ kind: 'count' }] };
}

function afterCount(reason: WishedBy, running: number): ShutdownStep {
  if (running === 0 && reason === 'person') return drain(reason);
  return { state: { name: 'asking', reason }, effects: [{ kind: 'ask', running, reason }] };
}

function afterAnswer(reason: WishedBy, answer: QuitAnswer): ShutdownStep {
  if (answer === 'stop') return drain(reason);
  return { state: { name: 'working' }, effects: answer === 'keep' ? [{ kind: 'hideWindow' }] : [] };
}

/** macOS tells an app of a logout and asks it to quit as well: that second wish is no impatience of the person. */
function askForce(state: Extract<ShutdownState, { name: 'draining' }>): ShutdownStep {
  if (state.reason === 'system' || state.isForceAsked) return { state, effects: [] };
  return { state: { ...state, isForceAsked: true }, effects: [{ kind: 'askForce' }] };
}

function afterSystemEnds(state: ShutdownState): ShutdownStep {
  if (state.name !== 'draining') return drain('system', state.name === 'asking');
  if (state.reason === 'system') return { state, effects: [] };
  const effects: ShutdownEffect[] = state.isForceAsked ? [{ kind: 'withdrawQuestions' }] : [];
  return { state: { name: 'draining', reason: 'system', isForceAsked: false }, effects };
}

function drain(reason: EndedBy, isQuestionOpen = false): ShutdownStep {
  const withdraw: ShutdownEffect[] = isQuestionOpen ? [{ kind: 'withdrawQuestions' }] : [];
  return {
    state: { name: 'draining', reason, isForceAsked: false },
    effects: [...withdraw, { kind: 'drain', reason }],
  };
}

function leave(exitCode: 0 | 1, reason: EndedBy): ShutdownStep {
  return { state: { name: 'over' }, effects: [{ kind: 'withdrawQuestions' }, { kind: 'leave', exitCode, reason }] };
}
