import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  nextShutdown,
  QUIT_ANSWERS,
  type ShutdownEffect,
  type ShutdownEvent,
  type ShutdownState,
  type ShutdownStep,
} from './shutdown.ts';

const QUIT: ShutdownEvent = { kind: 'quitAsked' };
const UPDATE: ShutdownEvent = { kind: 'updateAsked' };
const SYSTEM: ShutdownEvent = { kind: 'systemEnds' };
const counted = (running: number): ShutdownEvent => ({ kind: 'counted', running });
const asking: ShutdownState = { name: 'asking', reason: 'person' };
const draining = (reason: 'person' | 'update' | 'system', isForceAsked = false): ShutdownState => ({
  ...{ name: 'draining', reason, isForceAsked },
});

/** Everything that comes of events in their order. */
function play(events: readonly ShutdownEvent[]): { states: ShutdownState[]; effects: ShutdownEffect[] } {
  const states: ShutdownState[] = [{ name: 'working' }];
  const effects: ShutdownEffect[] = [];
  for (const event of events) {
    const step: ShutdownStep = nextShutdown(states.at(-1)!, event);
    states.push(step.state);
    effects.push(...step.effects);
  }
  return { states, effects };
}

const kindsOf = (events: readonly ShutdownEvent[]): string[] => play(events).effects.map(({ kind }) => kind);

describe('how the app ends', () => {
  it.each<[string, ShutdownEvent[], ShutdownState, string[]]>([
    ['nothing runs', [QUIT, counted(0)], draining('person'), ['count', 'drain']],
    ['something runs', [QUIT, counted(2)], asking, ['count', 'ask']],
    ['asked twice', [QUIT, QUIT, counted(2), QUIT], asking, ['count', 'ask']],
    ['stop', [QUIT, counted(1), { kind: 'answered', answer: 'stop' }], draining('person'), ['count', 'ask', 'drain']],
    [
      'keep',
      [QUIT, counted(1), { kind: 'answered', answer: 'keep' }],
      { name: 'working' },
      ['count', 'ask', 'hideWindow'],
    ],
    ['cancel', [QUIT, counted(1), { kind: 'answered', answer: 'cancel' }], { name: 'working' }, ['count', 'ask']],
    [
      'system ends while asking',
      [QUIT, counted(1), SYSTEM],
      draining('system'),
      ['count', 'ask', 'withdrawQuestions', 'drain'],
    ],
    ['system ends while counting', [QUIT, SYSTEM, counted(1)], draining('system'), ['count', 'drain']],
    ['system ends, then asked to quit', [SYSTEM, QUIT, SYSTEM], draining('system'), ['drain']],
    ['second quit', [QUIT, counted(0), QUIT, QUIT], draining('person', true), ['count', 'drain', 'askForce']],
    [
      'second quit, wait, third quit',
      [QUIT, counted(0), QUIT, { kind: 'forceAnswered', isForced: false }, QUIT],
      draining('person', true),
      ['count', 'drain', 'askForce', 'askForce'],
    ],
    ['an update, nothing runs', [UPDATE, counted(0)], { name: 'asking', reason: 'update' }, ['count', 'ask']],
    [
      'an update, wanted',
      [UPDATE, counted(1), { kind: 'answered', answer: 'stop' }, UPDATE],
      draining('update'),
      ['count', 'ask', 'drain'],
    ],
    [
      'an update, put off',
      [UPDATE, counted(1), { kind: 'answered', answer: 'cancel' }],
      { name: 'working' },
      ['count', 'ask'],
    ],
    ['an update while quitting', [QUIT, UPDATE, counted(1)], asking, ['count', 'ask']],
    [
      'quit while an update drains',
      [UPDATE, counted(0), { kind: 'answered', answer: 'stop' }, QUIT],
      draining('update', true),
      ['count', 'ask', 'drain', 'askForce'],
    ],
    [
      'system ends while an update drains',
      [UPDATE, counted(0), { kind: 'answered', answer: 'stop' }, SYSTEM],
      draining('system'),
      ['count', 'ask', 'drain'],
    ],
    [
      'system ends while force is asked',
      [QUIT, counted(0), QUIT, SYSTEM, { kind: 'forceAnswered', isForced: true }],
      draining('system'),
      ['count', 'drain', 'askForce', 'withdrawQuestions'],
    ],
  ])('%s', (_, events, state, kinds) => {
    expect(play(events).states.at(-1)).toEqual(state);
    expect(kindsOf(events)).toEqual(kinds);
  });

  it.each<[ShutdownEvent, 0 | 1]>([
    [{ kind: 'drained' }, 0],
    [{ kind: 'gaveUp' }, 1],
  ])('%j leaves with %i', (event, exitCode) => {
    expect(play([SYSTEM, event, event, QUIT, SYSTEM]).effects.slice(1)).toEqual([
      { kind: 'withdrawQuestions' },
      { kind: 'leave', exitCode, reason: 'system' },
    ]);
  });

  it('force leaves with 1 and only after the question', () => {
    const force: ShutdownEvent = { kind: 'forceAnswered', isForced: true };
    expect(kindsOf([QUIT, counted(0), force])).not.toContain('leave');
    expect(play([QUIT, counted(0), QUIT, force]).effects.at(-1)).toEqual({
      kind: 'leave',
      exitCode: 1,
      reason: 'person',
    });
  });

  it('says at the end what it was for', () => {
    const answered: ShutdownEvent = { kind: 'answered', answer: 'stop' };
    const drained: ShutdownEvent = { kind: 'drained' };
    const reasonOf = (...events: ShutdownEvent[]) => play(events).effects.at(-1);
    expect(reasonOf(UPDATE, counted(2), answered, drained)).toMatchObject({ exitCode: 0, reason: 'update' });
    expect(reasonOf(UPDATE, counted(2), answered, SYSTEM, drained)).toMatchObject({ exitCode: 0, reason: 'system' });
    expect(reasonOf(QUIT, counted(0), drained)).toMatchObject({ exitCode: 0, reason: 'person' });
  });
});

const anyEvent: fc.Arbitrary<ShutdownEvent> = fc.oneof(
  fc.constantFrom<ShutdownEvent>(QUIT, UPDATE, SYSTEM, { kind: 'drained' }, { kind: 'gaveUp' }),
  fc.nat(3).map(counted),
  fc.constantFrom(...QUIT_ANSWERS).map((answer) => ({ kind: 'answered', answer }) as const),
  fc.boolean().map((isForced) => ({ kind: 'forceAnswered', isForced }) as const),
);

it('whatever happens: one drain, one end and never the end first; what the system ends asks nothing', () => {
  fc.assert(
    fc.property(fc.array(anyEvent, { maxLength: 30 }), (events) => {
      const { states, effects } = play(events);
      const kinds = effects.map(({ kind }) => kind);
      expect(kinds.filter((kind) => kind === 'drain').length).toBeLessThanOrEqual(1);
      expect(kinds.filter((kind) => kind === 'leave').length).toBeLessThanOrEqual(1);
      if (kinds.includes('leave')) expect(kinds.indexOf('drain')).toBeLessThan(kinds.indexOf('leave'));
      expect(kinds.includes('leave')).toBe(states.at(-1)?.name === 'over');
      const systemAt = events.findIndex(({ kind }) => kind === 'systemEnds');
      if (systemAt < 0) return;
      expect(kindsOf(events.slice(0, systemAt + 1))).toContain('drain');
      const after = kindsOf(events).slice(kindsOf(events.slice(0, systemAt + 1)).length);
      expect(after).not.toContain('ask');
      expect(after).not.toContain('askForce');
    }),
  );
});
