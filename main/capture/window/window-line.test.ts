import { expect, it, vi } from 'vitest';
import { createWindowLine, type FromCaptureWindow, type ToCaptureWindow } from './window-line.ts';

function open() {
  const sent: FromCaptureWindow[] = [];
  let tell = (_message: ToCaptureWindow): void => {};
  const line = createWindowLine({
    send: (message) => void sent.push(message),
    onMessage(listener) {
      tell = listener;
    },
  });
  return { line, sent, tell: (message: ToCaptureWindow) => tell(message) };
}

it('passes messages on in both directions until the exit, which is told once and as the last', () => {
  const { line, sent, tell } = open();
  const [onMessage, onEndAsked, onUncaught] = [vi.fn(), vi.fn(), vi.fn()];
  line.onMessage(onMessage);
  line.onEndAsked(onEndAsked);
  line.onUncaught(onUncaught);
  tell({ kind: 'message', message: { type: 'stop', reason: 'stopped' } });
  tell({ kind: 'endAsked' });
  line.fail(new Error('odd'));
  line.send({ type: 'ready', pid: 1 });
  line.exit(3);
  line.exit(0);
  line.send({ type: 'ready', pid: 2 });
  tell({ kind: 'endAsked' });
  expect(sent).toEqual([
    { kind: 'message', message: { type: 'ready', pid: 1 } },
    { kind: 'exit', code: 3 },
  ]);
  expect(onMessage.mock.calls).toEqual([[{ type: 'stop', reason: 'stopped' }]]);
  expect(onEndAsked).toHaveBeenCalledTimes(1);
  expect(onUncaught.mock.calls).toEqual([[new Error('odd')]]);
});

it('tells of an error that comes before anybody listens, and leaves', () => {
  const { line, sent } = open();
  line.fail(new Error('no such module'));
  line.fail(new Error('and another'));
  expect(sent).toMatchObject([
    { kind: 'message', message: { type: 'log', level: 'error', data: { error: 'no such module' } } },
    { kind: 'exit', code: 70 },
  ]);
});
