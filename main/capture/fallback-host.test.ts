import { expect, it } from 'vitest';
import { createFallbackHost } from './fallback-host.ts';
import type { CaptureHost, CaptureHostEvents } from './host.ts';

function setUp() {
  const started: { by: CaptureHost['kind']; events: CaptureHostEvents }[] = [];
  const hostOf = (kind: CaptureHost['kind']): CaptureHost => ({
    kind,
    start(events) {
      started.push({ by: kind, events });
      return { pid: undefined, send: () => {}, destroy: async () => {} };
    },
  });
  const seen: string[] = [];
  let givenUp = 0;
  const host = createFallbackHost({
    preferred: hostOf('window'),
    instead: hostOf('process'),
    onGivenUp: () => {
      givenUp += 1;
    },
  });
  const start = () => {
    host.start({ onMessage: ({ type }) => seen.push(type), onExit: ({ code }) => seen.push(`exit ${code}`) });
    return started.at(-1)!;
  };
  const ready = ({ events }: { events: CaptureHostEvents }) => events.onMessage({ type: 'ready', pid: 1 });
  const end = ({ events }: { events: CaptureHostEvents }) => events.onExit({ code: 70, signal: null });
  return { host, start, ready, end, seen, kinds: () => started.map(({ by }) => by), givenUp: () => givenUp };
}

it('two captures that end before they are ready, and none that ever was: the other way from then on, told once', () => {
  const { host, start, end, seen, kinds, givenUp } = setUp();
  end(start());
  expect([host.kind, givenUp()]).toEqual(['window', 0]);
  end(start());
  expect([host.kind, givenUp()]).toEqual(['process', 1]);
  end(start());
  end(start());
  expect(kinds()).toEqual(['window', 'window', 'process', 'process']);
  expect([seen, givenUp()]).toEqual([['exit 70', 'exit 70', 'exit 70', 'exit 70'], 1]);
});

it('what worked once is kept, whatever ends later', () => {
  const { host, start, ready, end, seen, kinds } = setUp();
  end(start());
  const good = start();
  ready(good);
  end(good);
  for (let count = 0; count < 5; count += 1) end(start());
  expect([host.kind, new Set(kinds())]).toEqual(['window', new Set(['window'])]);
  expect(seen.slice(0, 3)).toEqual(['exit 70', 'ready', 'exit 70']);
});

it('windows that were begun before the change go on', () => {
  const { host, start, ready, end } = setUp();
  const slow = start();
  end(start());
  end(start());
  expect(host.kind).toBe('process');
  ready(slow);
  expect(host.kind).toBe('process');
});
