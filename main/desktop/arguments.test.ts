import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readDesktopArguments } from './arguments.ts';

const NOTHING = { dataDirectory: null, port: null, rooms: { kind: 'trtc' }, isHidden: false, link: null };

describe('arguments of the desktop app', () => {
  it.each([
    [[], {}],
    [['--data', '/d/box'], { dataDirectory: '/d/box' }],
    [['--data=relative'], { dataDirectory: path.resolve('relative') }],
    [['--data'], {}],
    [['--data', '--hidden'], { isHidden: true }],
    [['--data='], {}],
    [['--port', '0'], { port: 0 }],
    [['--port=65536'], {}],
    [['--port', 'x'], {}],
    [['--hidden', '--no-sandbox', '--type=gpu'], { isHidden: true }],
    [['--rooms', 'simulated'], {}],
    [['--rooms', 'simulated', '--scenario', '/s.json'], { rooms: { kind: 'simulated', scenarioPath: '/s.json' } }],
    [['--scenario', '/s.json'], {}],
    [['--data', '/a', '--data=/b'], { dataDirectory: '/b' }],
  ])('%j', (argv, expected) => {
    expect(readDesktopArguments(argv)).toEqual({ ...NOTHING, ...expected });
  });

  it('beside a link nothing counts, wherever it stands', () => {
    const others = fc.constantFrom('--data=/evil', '--data', '/evil', '--hidden', '--rooms=simulated', '--scenario=/x');
    const link = fc.constantFrom('trtc-recorder://recording/1', 'TRTC-Recorder:x" --data=/evil', 'trtc-recorder:');
    fc.assert(
      fc.property(fc.array(others), link, fc.array(others), (before, clicked, after) => {
        expect(readDesktopArguments([...before, clicked, ...after])).toEqual({ ...NOTHING, link: clicked });
      }),
    );
  });
});
