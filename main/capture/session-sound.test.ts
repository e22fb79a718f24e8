import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { captureJob, enteredSession, freezeTime, type SessionRig } from '../../test/support/capture-session.ts';

beforeEach(freezeTime);
afterEach(() => {
  vi.useRealTimers();
});

const told = (rig: SessionRig) => rig.of('sound').map(({ state, atMs }) => `${state} ${Math.round(atMs / 1000)}`);
const missingSinceMs = (rig: SessionRig) => rig.of('stats').at(-1)?.stats.soundMissingSinceMs;

describe('sound that the SDK announced', () => {
  it('and that does not come is told of, and its return', async () => {
    const rig = await enteredSession(captureJob());
    rig.join('a');
    await rig.advance(5_500);
    expect([told(rig), missingSinceMs(rig)]).toEqual([[], null]);
    await rig.advance(2_000);
    expect(told(rig)).toEqual(['missing 1']);
    expect(Math.round((missingSinceMs(rig) ?? 0) / 1000)).toBe(1);
    await rig.advanceSending(2_000, { a: 200 });
    expect([told(rig), missingSinceMs(rig)]).toEqual([['missing 1', expect.stringMatching(/^back [89]$/)], null]);
    await rig.session.end('stopped');
  });

  it.each<[string, (rig: SessionRig) => void, Parameters<typeof captureJob>[0]]>([
    ['nobody sends any', (rig) => rig.session.onAudioAvailable('a', false), {}],
    ['he who sends it left', (rig) => rig.session.onUserLeft('a'), {}],
    ['the connection is lost', (rig) => rig.session.onConnection('lost'), {}],
    ['no sound is recorded', () => {}, { media: { video: true, audio: false } }],
  ])('is not missed while %s', async (_name, before, changes) => {
    const rig = await enteredSession(captureJob(changes, { idleMs: 3_600_000 }));
    rig.join('a');
    before(rig);
    await rig.advance(20_000);
    expect([told(rig), missingSinceMs(rig)]).toEqual([[], null]);
    await rig.session.end('stopped');
  });

  it('counts from whomever it comes: a device that plays one plays all', async () => {
    const rig = await enteredSession(captureJob());
    rig.join('a');
    rig.join('b');
    await rig.advanceSending(10_000, { b: 200 });
    expect(told(rig)).toEqual([]);
    await rig.session.end('stopped');
  });
});
