import { describe, expect, it } from 'vitest';
import { type FakeEncoder, fakeEncoders } from '../../test/support/fake-encoder.ts';
import type { FromCapture, VideoSettings } from './messages.ts';
import { type OpenEncoder, SegmentSequence } from './segment-sequence.ts';

const CANVAS = new Uint8Array(6);
const SECOND_NS = 1e9;

interface Rig {
  segments: SegmentSequence;
  encoders: FakeEncoder[];
  sent: FromCapture[];
  hopeless: string[];
  storageErrors: string[];
  /** Positions on the timeline at which a new segment had to go on, in ms. */
  restarts: number[];
  nowMs: number;
  of<T extends FromCapture['type']>(type: T): Extract<FromCapture, { type: T }>[];
}

const VIDEO: VideoSettings = {
  ...{ width: 4, height: 2, fps: 15, preset: 'veryfast', crf: 23, maxRateKbps: 1000 },
  ...{ gopSeconds: 2, fit: 'fit', background: '#000000' },
};

function createRig(options: { firstSegment?: number; openEncoder?: OpenEncoder } = {}): Rig {
  let next = options.firstSegment ?? 0;
  const { open, opened } = fakeEncoders();
  const sent: FromCapture[] = [];
  const rig: Rig = {
    encoders: opened,
    sent,
    hopeless: [],
    storageErrors: [],
    restarts: [],
    nowMs: 0,
    of: <T extends FromCapture['type']>(type: T) =>
      sent.filter((message): message is Extract<FromCapture, { type: T }> => message.type === type),
    segments: new SegmentSequence({
      output: 'mix',
      video: VIDEO,
      nextSegment: () => next++,
      openEncoder: options.openEncoder ?? open,
      send: (message) => sent.push(message),
      onRestart: (resumeMs) => {
        rig.restarts.push(resumeMs);
        return { startNs: Math.ceil(resumeMs / 200) * 200 * 1e6 };
      },
      onHopeless: (description) => rig.hopeless.push(description),
      onStorageError: (description) => rig.storageErrors.push(description),
      timelineMs: () => rig.nowMs,
    }),
  };
  return rig;
}

describe('one segment', () => {
  it('counts its own time from its start and is announced before anything is in it', async () => {
    const rig = createRig({ firstSegment: 3 });
    rig.segments.open(4 * SECOND_NS);
    expect(rig.sent).toEqual([
      { type: 'segmentOpened', segment: 3, output: 'mix', file: 'segment-3.mp4', startMs: 4000 },
    ]);
    rig.segments.writePicture(CANVAS, 4.2 * SECOND_NS);
    rig.segments.writeAudio(new Int16Array(960), 4.02 * SECOND_NS);
    expect(rig.encoders[0]?.pictures[0]?.timestampNs).toBeCloseTo(0.2 * SECOND_NS, 0);
    expect(rig.encoders[0]?.sound[0]?.timestampNs).toBeCloseTo(0.02 * SECOND_NS, 0);
    await rig.segments.finish(1234);
    expect(rig.encoders[0]?.finishes).toEqual([1234]);
    expect(rig.sent.at(-1)).toEqual({ type: 'segmentClosed', segment: 3, bytes: 1010, clean: true });
    expect(rig.segments.isOpen).toBe(false);
    expect(rig.segments.writePicture(CANVAS, 5 * SECOND_NS)).toBe('skipped');
  });

  it('says how much picture time waits in the pipe', () => {
    const rig = createRig();
    expect(rig.segments.pipeBacklogMs).toBe(0);
    rig.segments.open(0);
    rig.encoders[0]!.backlogBytes = 12 * 30;
    expect(rig.segments.pipeBacklogMs).toBeCloseTo(2000, 6);
  });
});

describe('an encoder that dies', () => {
  it('is followed by a segment at the end of what can be read, with the gap told', async () => {
    const rig = createRig();
    rig.segments.open(2 * SECOND_NS);
    rig.nowMs = 9_000;
    rig.encoders[0]!.die(5_130);
    expect(rig.segments.isOpen).toBe(false);
    expect(rig.segments.writePicture(CANVAS, 9 * SECOND_NS)).toBe('skipped');
    await rig.segments.settled();
    expect(rig.restarts).toEqual([7_130]);
    expect(rig.of('segmentClosed')).toMatchObject([{ segment: 0, clean: false }]);
    expect(rig.of('gap')).toEqual([
      { type: 'gap', gap: { atMs: 7_130, durationMs: 1_870, reason: 'encoderDied', cut: false } },
    ]);
    expect(rig.of('segmentOpened')).toMatchObject([
      { segment: 0, startMs: 2_000 },
      { segment: 1, startMs: 7_200 },
    ]);
    rig.segments.writePicture(CANVAS, 7.2 * SECOND_NS);
    expect(rig.encoders[1]?.pictures[0]?.timestampNs).toBeCloseTo(0, 0);
  });

  it('is given up after three in a row without readable media; one that worked in between counts anew', async () => {
    const rig = createRig();
    rig.segments.open(0);
    for (const readableMs of [0, 199, 5_000, 0, 100]) {
      rig.encoders.at(-1)!.die(readableMs, 'exit code 1');
      await rig.segments.settled();
      expect(rig.hopeless).toEqual([]);
    }
    rig.encoders.at(-1)!.die(0, 'exit code 1');
    await rig.segments.settled();
    expect(rig.hopeless).toEqual([expect.stringContaining('exit code 1')]);
    expect(rig.encoders).toHaveLength(6);
    expect(rig.segments.isOpen).toBe(false);
    await rig.segments.finish(1000);
    expect(rig.of('segmentClosed').map(({ segment }) => segment)).toEqual([0, 1, 2, 3, 4, 5]);
  });

  it('cannot be replaced: that is told instead of waited for', async () => {
    const { open, opened } = fakeEncoders();
    const rig = createRig({
      openEncoder: (place, video, events) => {
        if (place.segment === 1) throw new Error('no such program');
        return open(place, video, events);
      },
    });
    rig.segments.open(0);
    opened[0]!.die(4_000);
    await rig.segments.settled();
    expect(rig.hopeless).toEqual([expect.stringContaining('no such program')]);
    await rig.segments.finish(1000);
  });

  it('may tell it only once, and not when it was replaced long ago', async () => {
    const rig = createRig();
    rig.segments.open(0);
    const [first] = rig.encoders;
    first!.die(4_000);
    first!.die(4_000);
    await rig.segments.settled();
    first!.die(4_000);
    first!.failStorage('late');
    await rig.segments.settled();
    expect(rig.encoders).toHaveLength(2);
    expect(rig.storageErrors).toEqual([]);
  });
});

describe('the end', () => {
  it('waits for a replacement under way and closes that, too', async () => {
    const rig = createRig();
    rig.segments.open(0);
    rig.encoders[0]!.finishMs = 30;
    rig.encoders[0]!.die(4_000);
    await rig.segments.finish(1000);
    expect(rig.of('segmentClosed').map(({ segment, clean }) => [segment, clean])).toEqual([
      [0, false],
      [1, true],
    ]);
  });

  it('counts as settled only when the replacement of a replacement is there, too', async () => {
    const { open, opened } = fakeEncoders();
    const rig = createRig({
      openEncoder: (place, video, events) => {
        const encoder = open(place, video, events);
        if (place.segment === 1) queueMicrotask(() => opened[1]!.die(0));
        return encoder;
      },
    });
    rig.segments.open(0);
    opened[0]!.die(4_000);
    await rig.segments.settled();
    expect(rig.segments.isOpen).toBe(true);
    expect(opened.map(({ segment }) => segment)).toEqual([0, 1, 2]);
  });

  it('opens nothing new when the encoder dies while it is being finished', async () => {
    const rig = createRig();
    rig.segments.open(0);
    rig.encoders[0]!.finishMs = 30;
    const finished = rig.segments.finish(1000);
    await Promise.resolve();
    rig.encoders[0]!.die(4_000);
    await finished;
    expect(rig.encoders).toHaveLength(1);
    expect(rig.of('segmentClosed')).toMatchObject([{ segment: 0, clean: false }]);
    expect(rig.of('gap')).toEqual([]);
  });

  it('a full disk is told with its reason: another file would end the same way', () => {
    const rig = createRig();
    rig.segments.open(0);
    rig.encoders[0]!.failStorage('ENOSPC: no space left on device');
    expect(rig.storageErrors).toEqual(['ENOSPC: no space left on device']);
    expect(rig.encoders).toHaveLength(1);
  });

  it('a write that failed once costs a gap: the next segment goes on where the file can be read', async () => {
    const rig = createRig();
    rig.segments.open(0);
    rig.nowMs = 5_000;
    rig.encoders[0]!.failStorage('EIO: i/o error', { isFull: false, readableMs: 4_000 });
    await rig.segments.settled();
    expect(rig.restarts).toEqual([4_000]);
    expect(rig.of('gap')).toEqual([
      { type: 'gap', gap: { atMs: 4_000, durationMs: 1_000, reason: 'encoderDied', cut: false } },
    ]);
    expect(rig.segments.isOpen).toBe(true);
    expect([rig.storageErrors, rig.hopeless]).toEqual([[], []]);
  });

  it('a disk that refuses three files in a row is given up as a disk, not as an encoder', async () => {
    const rig = createRig();
    rig.segments.open(0);
    for (let file = 0; file < 3; file += 1) {
      rig.encoders[file]!.failStorage('EROFS: read-only file system', { isFull: false });
      await rig.segments.settled();
    }
    expect(rig.encoders).toHaveLength(3);
    expect(rig.storageErrors).toEqual(['EROFS: read-only file system']);
    expect(rig.hopeless).toEqual([]);
  });
});

describe('a segment that is renewed', () => {
  const LIGHTER: VideoSettings = { ...VIDEO, preset: 'ultrafast', begunWithPreset: 'veryfast' };
  const block = new Int16Array(960);

  it('takes what belongs before its successor, which takes the rest by its own clock', async () => {
    const rig = createRig();
    rig.segments.open(0);
    rig.segments.renew(LIGHTER, 1 * SECOND_NS);
    rig.segments.writePicture(CANVAS, 0.9 * SECOND_NS);
    expect(rig.encoders).toHaveLength(1);
    rig.segments.writePicture(CANVAS, 1 * SECOND_NS);
    for (const at of [0.96, 0.98, 1, 1.02]) rig.segments.writeAudio(block, at * SECOND_NS);
    const [before, after] = rig.encoders;
    expect(before!.finishes).toEqual([]);
    rig.segments.endRenewed();
    await rig.segments.settled();
    expect(before!.pictures.map(({ timestampNs }) => timestampNs / 1e6)).toEqual([900]);
    expect(before!.sound.map(({ timestampNs }) => timestampNs / 1e6)).toEqual([960, 980]);
    expect(after!.pictures.map(({ timestampNs }) => timestampNs / 1e6)).toEqual([0]);
    expect(after!.sound.map(({ timestampNs }) => timestampNs / 1e6)).toEqual([0, 20]);
    expect([before!.video.preset, after!.video.preset]).toEqual(['veryfast', 'ultrafast']);
    await rig.segments.finish(1000);
    expect(rig.of('segmentOpened')).toMatchObject([
      { segment: 0, startMs: 0 },
      { segment: 1, startMs: 1000 },
    ]);
    expect(rig.of('segmentClosed')).toMatchObject([
      { segment: 0, clean: true },
      { segment: 1, clean: true },
    ]);
    expect(rig.of('gap')).toEqual([]);
  });

  it('that dies while it is ended is told as a gap up to its successor', async () => {
    const rig = createRig();
    rig.segments.open(0);
    rig.segments.renew(LIGHTER, 2 * SECOND_NS);
    rig.nowMs = 2_300;
    rig.segments.writePicture(CANVAS, 2 * SECOND_NS);
    rig.encoders[0]!.die(1_500);
    rig.segments.endRenewed();
    await rig.segments.finish(1000);
    expect(rig.encoders).toHaveLength(2);
    expect(rig.of('gap')).toEqual([
      { type: 'gap', gap: { atMs: 1_500, durationMs: 500, reason: 'encoderDied', cut: false } },
    ]);
  });

  it('that dies before its time is over is followed by one with the new settings, and by no third', async () => {
    const rig = createRig();
    rig.segments.open(0);
    rig.segments.renew(LIGHTER, 3 * SECOND_NS);
    rig.nowMs = 2_500;
    rig.encoders[0]!.die(2_000);
    await rig.segments.settled();
    rig.segments.writePicture(CANVAS, 3 * SECOND_NS);
    rig.segments.endRenewed();
    expect(rig.encoders.map(({ video }) => video.preset)).toEqual(['veryfast', 'ultrafast']);
    await rig.segments.finish(1000);
    expect(rig.of('segmentClosed')).toHaveLength(2);
  });

  it('is waited for at the end', async () => {
    const rig = createRig();
    rig.segments.open(0);
    rig.encoders[0]!.finishMs = 40;
    rig.segments.renew(LIGHTER, SECOND_NS);
    rig.segments.writePicture(CANVAS, SECOND_NS);
    await rig.segments.finish(1000);
    expect(rig.of('segmentClosed').map(({ segment }) => segment)).toEqual([1, 0]);
  });

  it('before it was opened opens with the new settings', () => {
    const rig = createRig();
    rig.segments.renew(LIGHTER, 0);
    rig.segments.open(0);
    rig.segments.writePicture(CANVAS, 0);
    expect(rig.encoders.map(({ video }) => video.preset)).toEqual(['ultrafast']);
  });
});
