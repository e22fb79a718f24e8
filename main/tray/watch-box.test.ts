import { describe, expect, it } from 'vitest';
import { ApiError, UnreachableError } from '../../shared/api/client.ts';
import type { BoxMessage } from '../../shared/api/messages.ts';
import type { WatchOptions } from '../../shared/api/watch.ts';
import { toProblemJson } from '../../shared/errors.ts';
import { createFakeClock } from '../../test/support/fake-clock.ts';
import { ALL_WELL, answerOf } from '../../test/support/tray-facts.ts';
import type { TrayFacts } from './facts.ts';
import { type BoxWatchDeps, watchTray } from './watch-box.ts';

type Client = BoxWatchDeps<unknown>['client'];

/** A box whose answers the test decides, and whose events it sends. */
function rig() {
  const clock = createFakeClock();
  const calls: { name: string; input: unknown }[] = [];
  const opened: WatchOptions[] = [];
  const seen: TrayFacts[] = [];
  const refused: string[] = [];
  const box = {
    recordings: [answerOf(1)],
    settings: {} as Record<string, unknown>,
    isAway: false,
    /** What the next question waits for. */
    gate: Promise.resolve(),
  };
  let say: (message: BoxMessage | Error) => void = () => {};
  const client = {
    call: async (name: string, input: { query?: { state?: string }; params?: { id: string } }) => {
      calls.push({ name, input });
      const { recordings, settings, isAway, gate } = structuredCloneOf(box);
      await gate;
      if (isAway) throw new UnreachableError('away');
      const listed = recordings.filter(({ state }) => state === input.query?.state);
      if (name === 'listRecordings') return { recordings: listed, total: listed.length, before: null, after: null };
      if (name === 'getAttention') return ALL_WELL;
      if (name === 'getSettings') return { values: settings };
      const found = recordings.find(({ id }) => id === input.params?.id);
      if (!found) throw new ApiError(toProblemJson({ code: 'NOT_FOUND' }, 'en'));
      return found;
    },
    async *watch(options: WatchOptions) {
      opened.push(options);
      const queue: (BoxMessage | Error)[] = [];
      let wake = (): void => {};
      say = (message) => {
        queue.push(message);
        wake();
      };
      options.signal.addEventListener('abort', () => wake());
      while (!options.signal.aborted) {
        const next = queue.shift();
        if (next instanceof Error) throw next;
        if (next) yield next;
        else await new Promise<void>((resolve) => (wake = resolve));
      }
    },
  };
  const watch = watchTray({
    client: client as unknown as Client,
    clock,
    onFacts: (after) => void seen.push(after),
    onRefused: ({ problem }) => void refused.push(problem.code),
  });
  const audit = (seq: number, type: string, recordingId: string | null, data = {}): BoxMessage => ({
    name: 'audit',
    data: { seq, at: '2030-01-01T00:00:00.000Z', recordingId, type, data },
  });
  return {
    ...{ clock, box, calls, opened, seen, refused, watch, audit },
    say: async (...messages: (BoxMessage | Error)[]) => {
      for (const message of messages) say(message);
      await clock.settle();
    },
    looks: () => calls.filter(({ name }) => name === 'getAttention').length,
  };
}

function structuredCloneOf<Value extends { gate: Promise<void> }>(value: Value): Value {
  return { ...value, recordings: [...(value as unknown as { recordings: unknown[] }).recordings] };
}

describe('following a box', () => {
  it('looks once at everything and knows then what there is', async () => {
    const { clock, watch, seen, calls } = rig();
    expect(watch.facts.line).toBe('unknown');
    await clock.settle();
    expect(seen).toHaveLength(1);
    expect(watch.facts).toMatchObject({ line: 'up', running: [{ room: '1', lengthMs: 3_723_000 }] });
    const states = calls.flatMap(({ input }) => (input as { query?: { state?: string } }).query?.state ?? []);
    expect(states.sort()).toEqual(['accepted', 'joining', 'recording', 'uploading', 'waiting']);
  });

  it('counts progress at once, and asks once for many events, no more often than it has to', async () => {
    const { clock, watch, say, audit, looks } = rig();
    await clock.settle();
    const progress = { recordingId: 'id-1', state: 'recording', timelineMs: 4_000_000 } as const;
    await say({ name: 'progress', data: progress } as BoxMessage);
    expect([watch.facts.running[0]?.lengthMs, looks()]).toEqual([4_000_000, 1]);
    await say(...Array.from({ length: 50 }, (_, index) => audit(index + 1, 'participant.entered', 'id-1')));
    expect(looks()).toBe(1);
    await clock.advance(300);
    expect(looks()).toBe(2);
    await clock.advance(50_000);
    expect(looks()).toBe(2);
    await clock.advance(10_000);
    expect(looks()).toBe(3);
  });

  it('looks again when something happened while it was looking', async () => {
    const { clock, box, watch, say, audit, looks } = rig();
    await clock.settle();
    let open = (): void => {};
    box.gate = new Promise((resolve) => (open = resolve));
    const looking = watch.refresh();
    box.settings = { recording: { paused: true } };
    await say(audit(1, 'settingsChanged', null));
    open();
    await looking;
    expect([looks(), watch.facts.isPaused]).toEqual([2, false]);
    await clock.advance(1500);
    expect([looks(), watch.facts.isPaused]).toEqual([3, true]);
  });

  it('looks again for whoever asks while it is looking', async () => {
    const { clock, watch, looks } = rig();
    await Promise.all([watch.refresh(), clock.settle()]);
    expect(looks()).toBe(1);
    await clock.advance(1500);
    expect(looks()).toBe(2);
  });

  it('looks although events never cease', async () => {
    const { clock, say, audit, looks } = rig();
    await clock.settle();
    for (let seq = 1; seq <= 50; seq += 1) {
      await say(audit(seq, 'participant.entered', 'id-1'));
      await clock.advance(200);
    }
    expect(looks()).toBeGreaterThan(5);
    expect(looks()).toBeLessThan(36);
  });

  it('looks when a recording is heard of that it does not know', async () => {
    const { clock, box, watch, say } = rig();
    await clock.settle();
    box.recordings = [answerOf(1), answerOf(2)];
    await say({ name: 'progress', data: { recordingId: 'id-2', state: 'recording', timelineMs: 5 } } as BoxMessage);
    await clock.advance(300);
    expect(watch.facts.running.map(({ room }) => room)).toEqual(['1', '2']);
  });

  it('takes a wish to stop at once, and tells how a recording ended, but not of one that was deleted', async () => {
    const { clock, box, watch, say, audit } = rig();
    await clock.settle();
    await say(audit(1, 'stopRequested', 'id-1'));
    expect(watch.facts.running[0]?.isEnding).toBe(true);
    box.recordings = [answerOf(1, { state: 'done' })];
    await say(audit(2, 'state', 'id-1', { to: 'finalizing' }), audit(3, 'state', 'id-1', { to: 'done' }));
    await say(audit(4, 'state', 'deleted', { to: 'failed' }));
    await clock.advance(300);
    expect(watch.facts).toMatchObject({ line: 'up', running: [], endings: [{ room: '1', outcome: 'delivered' }] });
  });
});

describe('a box that is away', () => {
  it('is asked again and again, and its endings are not forgotten', async () => {
    const { clock, box, watch, say, audit, seen } = rig();
    await clock.settle();
    box.isAway = true;
    await say(audit(1, 'state', 'id-1', { to: 'done' }));
    await clock.advance(300);
    expect(watch.facts).toMatchObject({ line: 'down', running: [{ room: '1' }] });
    const told = seen.length;
    await clock.advance(10_000);
    expect(seen.length).toBe(told);
    box.isAway = false;
    box.recordings = [answerOf(1, { state: 'done' })];
    await clock.advance(5000);
    expect(watch.facts).toMatchObject({ line: 'up', endings: [{ room: '1' }] });
  });

  it('a lost line alone is looked into before it is told', async () => {
    const { clock, watch, opened, seen } = rig();
    await clock.settle();
    opened[0]?.onLine?.('down');
    await clock.advance(300);
    expect([watch.facts.line, seen.map(({ line }) => line).includes('down')]).toEqual(['up', false]);
  });

  it('that refuses its events is asked for them again, behind the last one', async () => {
    const { clock, opened, refused, say, audit } = rig();
    await clock.settle();
    await say(audit(41, 'accepted', 'id-1'), new ApiError(toProblemJson({ code: 'UNAUTHORIZED' }, 'en')));
    expect([refused, opened.length]).toEqual([['UNAUTHORIZED'], 1]);
    await clock.advance(5000);
    expect(opened.map(({ after }) => after)).toEqual([undefined, 41]);
  });

  it('is left alone after the end', async () => {
    const { clock, watch, opened, looks, seen } = rig();
    await clock.settle();
    watch.stop();
    const told = seen.length;
    watch.tell({ kind: 'line', line: 'down' });
    await clock.advance(600_000);
    expect([looks(), opened.length, seen.length - told]).toEqual([1, 1, 0]);
  });
});
