import { SELF_TEST_STEPS, type SelfTestStepName } from '../../shared/texts/self-test.ts';
import type { ProblemResult } from '../http/box-api.ts';
import type { SelfTestApi, SelfTestView } from '../http/self-test-api.ts';
import type { SelfTestOptions } from './self-test.ts';

export interface SelfTestDeskOptions {
  /** The test itself; must settle soon after its signal aborts. */
  run(options: Pick<SelfTestOptions, 'signal' | 'onStep'>): Promise<boolean>;
  /** Told of everything that changes. */
  onChange(view: SelfTestView): void;
  /** Wall clock, ms since 1970. */
  now(): number;
  /** How long a test may take, without its cleaning up. */
  deadlineMs?: number;
}

/** The self-test as others start and follow it: one at a time, its last outcome kept until the box ends. */
export interface SelfTestDesk extends SelfTestApi {
  /** Ends a test that runs; resolves when it has cleaned up. */
  stop(): Promise<void>;
}

const DEADLINE_MS = 90_000;

const NEVER: SelfTestView = {
  state: 'never',
  startedAt: null,
  endedAt: null,
  steps: Object.entries(SELF_TEST_STEPS).map(([name, message]) => ({ name, state: 'waiting', message })),
};

export function createSelfTestDesk({
  run,
  onChange,
  now,
  deadlineMs = DEADLINE_MS,
}: SelfTestDeskOptions): SelfTestDesk {
  let view = NEVER;
  let running: Promise<void> | null = null;
  const stopping = new AbortController();
  const show = (next: SelfTestView): void => {
    view = next;
    onChange(view);
  };
  const onStep: SelfTestOptions['onStep'] = (name, state, message) => show(withStep(view, name, { state, message }));
  const time = (): string => new Date(now()).toISOString();

  const test = async (): Promise<void> => {
    const signal = AbortSignal.any([stopping.signal, AbortSignal.timeout(deadlineMs)]);
    // A throw is no step's: the outcome is still that the test did not pass.
    const isWell = await run({ signal, onStep }).catch(() => false);
    const steps = view.steps.map((step) => (step.state === 'waiting' ? { ...step, state: 'skipped' as const } : step));
    running = null;
    show({ ...view, state: isWell ? 'passed' : 'failed', endedAt: time(), steps });
  };

  return {
    get: () => view,
    start(): SelfTestView | ProblemResult {
      if (running !== null) return { kind: 'problem', code: 'SELF_TEST_RUNNING' };
      if (stopping.signal.aborted) return { kind: 'problem', code: 'SHUTTING_DOWN' };
      show({ ...NEVER, state: 'running', startedAt: time() });
      running = test();
      return view;
    },
    async stop() {
      stopping.abort(new Error('the box is stopping'));
      await running;
    },
  };
}

function withStep(
  view: SelfTestView,
  name: SelfTestStepName,
  change: Pick<SelfTestView['steps'][number], 'state' | 'message'>,
): SelfTestView {
  return { ...view, steps: view.steps.map((step) => (step.name === name ? { ...step, ...change } : step)) };
}
