import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  captureJob,
  createSession,
  freezeTime,
  resumeAt,
  type SessionRig,
} from '../../test/support/capture-session.ts';

const LIMIT_MS = 60_000;

beforeEach(freezeTime);
afterEach(() => {
  vi.useRealTimers();
});

/** A session in the room, with one user sending. */
async function recording(changes: Parameters<typeof captureJob>[0] = {}): Promise<SessionRig> {
  const rig = createSession(captureJob(changes, { connectionLostMs: LIMIT_MS, idleMs: 3_600_000 }));
  await rig.session.start();
  rig.session.onEntered(50);
  rig.join('a');
  await rig.advanceSending(2_000, { a: 200 });
  return rig;
}

describe('a connection that is lost', () => {
  it('for less than the limit is one file with the gap marked', async () => {
    const rig = await recording();
    rig.session.onConnection('lost');
    rig.session.onConnection('reconnecting');
    await rig.advance(LIMIT_MS - 1_000);
    rig.session.onConnection('reconnecting');
    rig.session.onConnection('recovered');
    await rig.advanceSending(2_000, { a: 200 });
    await Promise.all([rig.session.end('stopped'), rig.advance(10_000)]);
    expect(rig.of('segmentOpened')).toHaveLength(1);
    expect(rig.of('gap')).toEqual([
      { type: 'gap', gap: { atMs: 2_000, durationMs: LIMIT_MS - 1_000, reason: 'connectionLost', cut: false } },
    ]);
    expect(rig.of('ended')).toMatchObject([{ reason: 'stopped', timelineMs: LIMIT_MS + 3_000 }]);
  });

  it('for longer is given up: the segment is closed, the room left, and a successor asked for', async () => {
    const rig = await recording();
    rig.session.onConnection('lost');
    await rig.advance(LIMIT_MS - 100);
    expect(rig.of('segmentClosed')).toEqual([]);
    await rig.advance(10_000);
    await rig.session.finished;
    const [{ timelineMs } = { timelineMs: 0 }] = rig.of('leftToReenter');
    expect(timelineMs).toBeGreaterThanOrEqual(2_000 + LIMIT_MS);
    expect(timelineMs).toBeLessThan(2_200 + LIMIT_MS);
    expect(rig.of('gap')).toMatchObject([{ gap: { atMs: 2_000, reason: 'connectionLost' } }]);
    expect(rig.of('segmentClosed')).toMatchObject([{ clean: true }]);
    expect(rig.of('ended')).toEqual([]);
    expect(rig.room.calls.filter((call) => call === 'exit')).toHaveLength(1);
    expect(rig.sent.at(-1)?.type).toBe('leftToReenter');
  });

  it('is the reason of the hole before the successor', async () => {
    const resume = resumeAt(5_000, { absence: 'connectionLost' });
    await vi.advanceTimersByTimeAsync(3_000);
    const rig = await recording({ resume, nextSegment: 1 });
    expect(rig.of('gap')).toMatchObject([{ gap: { atMs: 5_000, durationMs: 3_000, reason: 'connectionLost' } }]);
  });
});

describe('put out of the room', () => {
  it.each(['kicked', 'dissolved'] as const)('%s while reconnecting: that is why it ended', async (reason) => {
    const rig = await recording();
    rig.session.onConnection('lost');
    rig.session.onConnection('reconnecting');
    await rig.advance(5_000);
    rig.session.onExited(reason);
    rig.session.onExited('kicked');
    rig.session.onConnection('recovered');
    await rig.advance(10_000);
    expect(rig.of('ended')).toMatchObject([{ reason, timelineMs: 7_000 }]);
    expect(rig.of('gap')).toMatchObject([{ gap: { atMs: 2_000, durationMs: 5_000, reason: 'connectionLost' } }]);
  });

  it('twice: the first time counts', async () => {
    const rig = await recording();
    rig.session.onExited('kicked');
    rig.session.onExited('dissolved');
    await rig.advance(10_000);
    expect(rig.of('ended').map(({ reason }) => reason)).toEqual(['kicked']);
  });

  it.each(['kicked', 'dissolved'] as const)('%s before the room answered is told as such, at once', async (reason) => {
    const rig = createSession(captureJob());
    await rig.session.start();
    rig.session.onExited(reason);
    rig.session.onEntered(10);
    await rig.advance(10_000);
    expect(rig.of('ended')).toMatchObject([{ reason, timelineMs: 0 }]);
    expect([rig.of('entered'), rig.of('enterFailed')]).toEqual([[], []]);
  });
});
