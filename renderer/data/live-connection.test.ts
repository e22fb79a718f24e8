import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { BoxMessage } from '../../shared/api/messages.ts';
import { type EventStream, followBox } from './live-connection.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

interface FakeStream extends EventStream {
  after: number | null;
  readyState: number;
  isClosed: boolean;
  say(name: string, data?: unknown): void;
}

function fakeStream(after: number | null): FakeStream {
  const listeners = new Map<string, (event: Event) => void>();
  const stream: FakeStream = {
    after,
    readyState: 1,
    isClosed: false,
    addEventListener: ((name: string, listener: (event: Event) => void) => {
      listeners.set(name, listener);
    }) as EventStream['addEventListener'],
    close: () => {
      stream.isClosed = true;
    },
    say: (name, data) => listeners.get(name)?.({ data: JSON.stringify(data) } as unknown as Event),
  };
  return stream;
}

function rig(isThere = async () => true) {
  const streams: FakeStream[] = [];
  const connected: boolean[] = [];
  const messages: BoxMessage[] = [];
  let blind = 0;
  const end = followBox({
    open: (after) => {
      const stream = fakeStream(after);
      streams.push(stream);
      return stream;
    },
    isThere,
    onMessage: (message) => messages.push(message),
    onConnected: (is) => connected.push(is),
    onBlind: () => {
      blind += 1;
    },
  });
  return { streams, connected, messages, end, blind: () => blind };
}

describe('following the box', () => {
  it('hands over what it tells, and leaves a broken line to the browser, which comes back by itself', async () => {
    const { streams, connected, messages } = rig();
    streams[0]?.say('open');
    streams[0]?.say('opened', { seq: 4, missed: false });
    streams[0]!.readyState = 0;
    streams[0]?.say('error');
    streams[0]?.say('open');
    await vi.advanceTimersByTimeAsync(60_000);
    expect(messages).toEqual([{ name: 'opened', data: { seq: 4, missed: false } }]);
    expect([streams.length, connected]).toEqual([1, [true, false, true]]);
  });

  it('comes back by itself where the browser gives up, behind the last event, ever more rarely', async () => {
    const { streams, connected } = rig(async () => {
      throw new Error('away');
    });
    streams[0]?.say('audit', { seq: 9 });
    for (let n = 0; n < 6; n += 1) {
      const stream = streams.at(-1)!;
      stream.readyState = 2;
      stream.say('error');
      await vi.advanceTimersByTimeAsync(15_000);
    }
    expect(streams.map(({ after }) => after)).toEqual([null, 9, 9, 9, 9, 9, 9]);
    expect(streams.slice(0, -1).every(({ isClosed }) => isClosed)).toBe(true);
    expect(new Set(connected)).toEqual(new Set([false]));
  });

  it('says that the box is there when only its events are refused, and has the page read anew instead', async () => {
    const { streams, connected, blind } = rig();
    streams[0]!.readyState = 2;
    streams[0]?.say('error');
    await vi.advanceTimersByTimeAsync(500);
    expect([connected, blind()]).toEqual([[true], 1]);
  });

  it('ends with the page', async () => {
    const { streams, end } = rig();
    streams[0]!.readyState = 2;
    streams[0]?.say('error');
    end();
    await vi.advanceTimersByTimeAsync(60_000);
    expect([streams.length, streams[0]?.isClosed]).toEqual([1, true]);
  });
});
