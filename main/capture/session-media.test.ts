import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  blocksOf,
  captureJob,
  createSession,
  ended,
  enteredSession,
  freezeTime,
  isLoud,
  lumaOf,
  picture,
  resumeAt,
  T0_EPOCH_MS,
  ticksOf,
  tone,
} from '../../test/support/capture-session.ts';
import type { FakeEncoder } from '../../test/support/fake-encoder.ts';

const BACKGROUND_LUMA = 16;

/** Which ticks of a segment its pictures are of. */
const ticksIn = (encoder: FakeEncoder | undefined) =>
  encoder?.pictures.map(({ timestampNs }) => Math.round((timestampNs * 15) / 1e9));
const range = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => from + index);

beforeEach(freezeTime);
afterEach(() => {
  vi.useRealTimers();
});

describe('a recording that goes on in a new process', () => {
  const resume = resumeAt(4_000, { t0EpochMs: T0_EPOCH_MS - 9_000 });

  it('fills a short gap, and loses no sound while a slow encoder catches up', async () => {
    const rig = await enteredSession(captureJob({ nextSegment: 2, resume }));
    expect(rig.of('gap')).toEqual([
      { type: 'gap', gap: { atMs: 4_000, durationMs: 5_000, reason: 'captureDied', cut: false } },
    ]);
    expect(rig.of('segmentOpened')).toMatchObject([{ segment: 2, startMs: 4_000 }]);
    const [encoder] = rig.encoders;
    encoder!.backlogBytes = 1e9;
    rig.join('a');
    await rig.advanceSending(5_000, { a: 200 });
    expect(encoder?.pictures).toHaveLength(0);
    encoder!.backlogBytes = 0;
    await rig.advanceSending(1_000, { a: 200 });
    void rig.session.end('stopped');
    expect(await ended(rig)).toMatchObject({ timelineMs: 15_000 });
    // Where nobody was there to see anything, a picture that stands still is handed over once a second after the first.
    expect(ticksIn(encoder)).toEqual([...range(0, 16), 30, 45, 60, ...range(72, 165)]);
    // Silence until the room was entered again, then every block of the tone.
    const loud = encoder!.sound.map(({ pcm }) => isLoud(pcm));
    expect(loud.slice(0, 249)).not.toContain(true);
    expect(loud.slice(251, 549)).not.toContain(false);
    expect(loud).toHaveLength(550);
  });

  it('skips pictures, never sound, when the encoder cannot catch up', async () => {
    const rig = await enteredSession(captureJob({ resume }));
    const [encoder] = rig.encoders;
    encoder!.backlogBytes = 1e9;
    await rig.advance(5_100);
    expect(encoder?.sound).toHaveLength(0);
    encoder!.isSkipping = true;
    await rig.advance(300);
    expect(encoder?.sound.length).toBeGreaterThan(490);
    expect(rig.of('stats')).not.toHaveLength(0);
    await rig.advance(1_000);
    expect(rig.of('stats').at(-1)?.stats.picturesSkipped).toBeGreaterThan(90);
  });

  it('cuts a long gap out', async () => {
    const rig = await enteredSession(captureJob({ resume }, { fillGapMs: 3_000 }));
    expect(rig.of('gap')).toMatchObject([{ gap: { atMs: 4_000, durationMs: 5_000, cut: true } }]);
    expect(rig.of('entered')).toMatchObject([
      { t0EpochMs: T0_EPOCH_MS - 9_000, resumed: { cutMs: 5_000, lastSeenMs: 4_000 } },
    ]);
    expect(rig.of('segmentOpened')).toMatchObject([{ startMs: 4_000 }]);
    await rig.advance(1_000);
    void rig.session.end('stopped');
    expect(await ended(rig)).toMatchObject({ timelineMs: 5_000 });
    expect(rig.encoders[0]?.pictures).toHaveLength(15);
  });

  it('goes on at once when the wall clock was set back meanwhile', async () => {
    const rig = await enteredSession(
      captureJob({
        resume: resumeAt(4_000, { t0EpochMs: T0_EPOCH_MS + 3_600_000 }),
      }),
    );
    expect(rig.of('gap')).toMatchObject([{ gap: { atMs: 4_000, durationMs: 0 } }]);
    await rig.advance(1_000);
    void rig.session.end('stopped');
    expect(await ended(rig)).toMatchObject({ timelineMs: 5_000 });
    expect(rig.encoders[0]?.pictures).toHaveLength(15);
  });

  it('gives users with kept slots theirs again', async () => {
    const rig = await enteredSession(captureJob({ isReserve: true, resume, slotOwners: ['a', 'b'] }));
    rig.join('x');
    rig.join('b');
    expect(rig.of('participant').map(({ userId, slot }) => [userId, slot])).toEqual([
      ['x', 2],
      ['b', 1],
    ]);
  });
});

describe('the connection', () => {
  it('lost and recovered is a gap', async () => {
    const rig = await enteredSession(captureJob());
    await rig.advance(2_000);
    rig.session.onConnection('lost');
    rig.session.onConnection('reconnecting');
    await rig.advance(3_000);
    rig.session.onConnection('recovered');
    rig.session.onConnection('recovered');
    expect(rig.of('gap')).toEqual([
      { type: 'gap', gap: { atMs: 2_000, durationMs: 3_000, reason: 'connectionLost', cut: false } },
    ]);
    expect(rig.of('connection').map(({ state, atMs }) => [state, atMs])).toEqual([
      ['lost', 2_000],
      ['reconnecting', 2_000],
      ['recovered', 5_000],
      ['recovered', 5_000],
    ]);
  });

  it('lost until the end is a gap until the end', async () => {
    const rig = await enteredSession(captureJob());
    await rig.advance(2_000);
    rig.session.onConnection('lost');
    await rig.advance(2_000);
    void rig.session.end('stopped');
    await ended(rig);
    expect(rig.of('gap')).toMatchObject([{ gap: { atMs: 2_000, durationMs: 2_000 } }]);
  });

  it('lost before the room was entered is none', async () => {
    await vi.advanceTimersByTimeAsync(50_000);
    const rig = createSession(captureJob());
    await rig.session.start();
    rig.session.onConnection('lost');
    await rig.advance(1_000);
    rig.session.onEntered(1_000);
    await rig.advance(1_000);
    rig.session.onConnection('recovered');
    expect(rig.of('gap')).toEqual([]);
    expect(rig.of('connection').map(({ atMs }) => atMs)).toEqual([0, 1_000]);
  });
});

describe('users', () => {
  it('eight: the first six are received, and who is promoted is received from then on', async () => {
    const rig = await enteredSession(captureJob());
    for (let user = 0; user < 8; user += 1) rig.join(`u${user}`);
    expect([...rig.room.subscribed]).toEqual([0, 1, 2, 3, 4, 5].map((user) => `main:u${user}`));
    expect(rig.of('participant').map(({ slot }) => slot)).toEqual([0, 1, 2, 3, 4, 5, null, null]);
    await rig.advanceSending(1_000, { u2: 90, u6: 200, u7: 220 });
    expect(rig.of('firstMedia')).toMatchObject([{ atMs: 0 }]);
    expect(lumaOf(rig.encoders[0], -1)).toBe(90);
    rig.session.onUserLeft('u2');
    expect(rig.of('participant').slice(-2)).toMatchObject([
      { change: 'left', userId: 'u2', atMs: 1_000, slot: null, anchors: 7 },
      { change: 'slot', userId: 'u6', atMs: 1_000, slot: 2, anchors: 7 },
    ]);
    expect(rig.room.subscribed).toContain('main:u6');
    expect(rig.room.subscribed).not.toContain('main:u2');
    await rig.advanceSending(1_000, { u2: 90, u6: 200, u7: 220 });
    expect(lumaOf(rig.encoders[0], -1)).toBe(200);
    expect(rig.of('stats').at(-1)?.stats).toMatchObject({ participantsInRoom: 7, participantsRecorded: 6 });
  });

  it.each([
    [true, 200],
    [false, BACKGROUND_LUMA],
  ])('who left: IsReserve %s leaves his cell at brightness %s, and his sound ends', async (isReserve, expected) => {
    const rig = await enteredSession(captureJob({ isReserve }));
    rig.join('a');
    await rig.advanceSending(1_000, { a: 200 });
    rig.session.onUserLeft('a');
    await rig.advanceSending(1_000, { a: 90 });
    expect(lumaOf(rig.encoders[0], -1)).toBe(expected);
    expect(isLoud(rig.encoders[0]!.sound.at(-1)!.pcm)).toBe(false);
    rig.join('a');
    await rig.advanceSending(1_000, { a: 120 });
    expect(lumaOf(rig.encoders[0], -1)).toBe(120);
    expect(isLoud(rig.encoders[0]!.sound.at(-1)!.pcm)).toBe(true);
  });

  it.each([
    [true, 200],
    [false, BACKGROUND_LUMA],
  ])('whose camera is off: IsReserve %s leaves his cell at brightness %s', async (isReserve, expected) => {
    const rig = await enteredSession(captureJob({ isReserve }));
    rig.join('a');
    await rig.advanceSending(500, { a: 200 });
    rig.session.onVideoAvailable('a', 'main', false);
    await rig.advanceSending(500, { a: 90 });
    expect(lumaOf(rig.encoders[0], -1)).toBe(expected);
    expect(isLoud(rig.encoders[0]!.sound.at(-1)!.pcm)).toBe(true);
  });
});

describe('what the room hands over', () => {
  it('never makes a callback throw: what cannot be used is counted or told once, and the recording goes on', async () => {
    const rig = await enteredSession(captureJob());
    rig.join('a');
    const torn = { ...picture(200), data: new Uint8Array(7) };
    for (let count = 0; count < 3; count += 1) {
      rig.session.onVideo('a', 'main', torn, 0);
      rig.session.onAudio('a', { ...tone(), sampleRate: 0 });
      rig.session.onFrameDropped('a', 'main', 'oddSize');
    }
    rig.session.onProblem('error', -1, 'something');
    await rig.advanceSending(1_000, { a: 200 });
    expect(lumaOf(rig.encoders[0], -1)).toBe(200);
    expect(rig.of('stats').at(-1)?.stats.framesDropped).toBe(6);
    expect(rig.of('log').map(({ message }) => message)).toEqual([
      'frame dropped',
      'sound that cannot be mixed is left out',
    ]);
    expect(rig.of('sdkProblem')).toMatchObject([{ level: 'error', code: -1, text: 'something', count: 1 }]);
  });

  it.each([
    [{ video: false, audio: true }, 0, 50],
    [{ video: true, audio: false }, 15, 0],
    [{ video: true, audio: true }, 15, 50],
  ] as const)('%o records what belongs to it', async (media, pictures, blocks) => {
    const rig = await enteredSession(captureJob({ media }));
    rig.join('a');
    await rig.advanceSending(1_000, { a: 200 });
    void rig.session.end('stopped');
    await ended(rig);
    expect(rig.encoders[0]?.pictures).toHaveLength(pictures);
    expect(rig.encoders[0]?.sound).toHaveLength(blocks);
    expect(rig.room.subscribed.size).toBe(media.video ? 1 : 0);
  });
});

describe('an encoder that dies', () => {
  it('leaves no hole: the next segment begins where the last one can be read, with the same sound', async () => {
    const rig = await enteredSession(captureJob());
    rig.join('a');
    await rig.advanceSending(6_000, { a: 200 });
    rig.encoders[0]!.finishMs = 1_000;
    rig.encoders[0]!.die(3_000);
    await rig.advanceSending(2_000, { a: 200 });
    void rig.session.end('dissolved');
    expect(await ended(rig)).toMatchObject({ timelineMs: 8_000 });
    const [first, second] = rig.encoders;
    expect(rig.of('segmentOpened').map(({ startMs }) => startMs)).toEqual([0, 3_000]);
    expect(rig.of('gap')).toMatchObject([{ gap: { atMs: 3_000, durationMs: 4_000, reason: 'encoderDied' } }]);
    expect(ticksIn(second)).toEqual([...range(0, 16), 30, 45, ...range(57, ticksOf(5_000))]);
    expect(second?.sound).toHaveLength(blocksOf(5_000));
    for (let block = 0; block < 130; block += 1) {
      expect(second?.sound[block]?.pcm).toEqual(first?.sound[block + 150]?.pcm);
    }
    expect(second?.sound.slice(0, 249).every(({ pcm }) => isLoud(pcm))).toBe(true);
  });
});
