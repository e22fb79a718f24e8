import { describe, expect, it } from 'vitest';
import { SELF_TEST_STEPS } from '../../shared/texts/self-test.ts';
import type { SelfTestView } from '../http/self-test-api.ts';
import { toneOf } from './self-test-content.ts';
import { createSelfTestDesk, type SelfTestDeskOptions } from './self-test-desk.ts';

const TEXT = { en: 'Fine.', zh: '正常。' };

function rig(run: SelfTestDeskOptions['run'], deadlineMs = 60_000) {
  const seen: SelfTestView[] = [];
  const desk = createSelfTestDesk({ run, onChange: (view) => seen.push(view), now: () => 0, deadlineMs });
  return { desk, seen };
}

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 1));
}

const statesOf = ({ steps }: SelfTestView): string[] => steps.map(({ name, state }) => `${name} ${state}`);

describe('the desk', () => {
  it('shows every step as it goes, and refuses a second test meanwhile', async () => {
    const proceed = Promise.withResolvers<boolean>();
    const { desk, seen } = rig(async ({ onStep }) => {
      onStep('encoder', 'running', SELF_TEST_STEPS.encoder);
      onStep('encoder', 'passed', TEXT);
      onStep('box', 'running', SELF_TEST_STEPS.box);
      return await proceed.promise;
    });
    expect(desk.get()).toMatchObject({ state: 'never', startedAt: null });
    expect(desk.start()).toMatchObject({ state: 'running', startedAt: '1970-01-01T00:00:00.000Z' });
    expect(desk.start()).toEqual({ kind: 'problem', code: 'SELF_TEST_RUNNING' });
    expect(statesOf(desk.get()).slice(0, 3)).toEqual(['encoder passed', 'box running', 'record waiting']);
    expect(desk.get().steps[0]?.message).toEqual(TEXT);
    proceed.resolve(false);
    await until(() => desk.get().state !== 'running');
    expect(desk.get()).toMatchObject({ state: 'failed', endedAt: '1970-01-01T00:00:00.000Z' });
    expect(statesOf(desk.get()).at(-1)).toBe('cleanup skipped');
    expect(seen.length).toBeGreaterThanOrEqual(5);
    expect(desk.start()).toMatchObject({ state: 'running', endedAt: null });
    expect(statesOf(desk.get()).slice(0, 2)).toEqual(['encoder passed', 'box running']);
  });

  it('ends a test at its deadline, with the box, and when it throws', async () => {
    const untilAborted: SelfTestDeskOptions['run'] = async ({ signal }) => {
      await until(() => signal.aborted);
      return false;
    };
    const late = rig(untilAborted, 20);
    late.desk.start();
    await until(() => late.desk.get().state === 'failed');
    const stopped = rig(untilAborted);
    stopped.desk.start();
    await stopped.desk.stop();
    expect(stopped.desk.get().state).toBe('failed');
    expect(stopped.desk.start()).toEqual({ kind: 'problem', code: 'SHUTTING_DOWN' });
    const thrown = rig(() => Promise.reject(new Error('no')));
    thrown.desk.start();
    await until(() => thrown.desk.get().state === 'failed');
  });
});

describe('the ear', () => {
  const sound = (toneHz: number, amplitude: number, noise = 0): Int16Array =>
    Int16Array.from({ length: 16_000 }, (_, index) => {
      const pseudo = Math.sin(index * 12.9898 + index * index * 0.37) * noise;
      return 32_767 * (amplitude * Math.sin((2 * Math.PI * toneHz * index) / 16_000) + pseudo);
    });

  it.each([
    ['the tone', sound(1000, 0.3), 0.95, 1],
    ['the tone under some noise', sound(1000, 0.3, 0.1), 0.7, 0.99],
    ['another tone', sound(1300, 0.3), 0, 0.01],
    ['noise', sound(1000, 0, 0.3), 0, 0.1],
    ['silence', new Int16Array(16_000), 0, 0],
    ['nothing', new Int16Array(0), 0, 0],
  ])('hears how much of it is the tone: %s', (_, samples, least, most) => {
    const { toneShare } = toneOf(samples, 16_000, 1000);
    expect(toneShare).toBeGreaterThanOrEqual(least);
    expect(toneShare).toBeLessThanOrEqual(most);
  });
});
