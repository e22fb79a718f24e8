import { describe, expect, it } from 'vitest';
import { FPS, STEP_SECONDS } from './counted-clip.ts';
import { type LossInput, measureLoss } from './loss.ts';

const ROOM_SECONDS = 6;
const STARTED_AT_MS = 1_000_000;

/** A file of the room without the stretches that `lost` names, in seconds; held pictures and silence stand in for them. */
function fileWithout(lost: [number, number][], change: Partial<LossInput> = {}): LossInput {
  const isLost = (at: number) => lost.some(([from, to]) => at >= from && at < to);
  let held: number | null = null;
  const numbers = Array.from({ length: ROOM_SECONDS * FPS }, (_, index) => {
    if (!isLost(index / FPS)) held = index;
    return held;
  });
  const steps = Array.from({ length: ROOM_SECONDS * 10 }, (_, index) =>
    isLost(index / 10) ? null : Math.floor(index / 10 / STEP_SECONDS),
  );
  const gaps = lost.map(([from, to]) => ({ atMs: from * 1000, durationMs: (to - from) * 1000 }));
  const content = { numbers, steps };
  return { content, startedAtMs: STARTED_AT_MS, roomSeconds: ROOM_SECONDS, kills: [], gaps, ...change };
}

const kill = (n: number, seconds: number, beganAtMs: number | null = null) => ({
  n,
  epochMs: STARTED_AT_MS + seconds * 1000,
  beganAtMs,
});

describe('what a recording lost', () => {
  it('a whole file lost nothing', () => {
    expect(measureLoss(fileWithout([]))).toEqual({ holes: [], lostTails: [], problems: [] });
  });

  it('a kill explains what was lost before it and what was missed until the recorder came back', () => {
    const loss = measureLoss(fileWithout([[2, 4]], { kills: [kill(7, 2.9)] }));
    expect(loss.problems).toEqual([]);
    expect(loss.holes.map(({ of }) => of)).toEqual(['pictures', 'sound']);
    for (const { kill: which, seconds } of loss.lostTails) {
      expect(which).toBe(7);
      expect(seconds).toBeGreaterThan(0.8);
      expect(seconds).toBeLessThan(1.1);
    }
  });

  it('a tail of more than two seconds is a problem', () => {
    const { problems } = measureLoss(fileWithout([[1, 4]], { kills: [kill(7, 3.5)] }));
    expect(problems.join('\n')).toMatch(/kill 7 cost 2\.5/);
  });

  it('a second kill in the same hole lost only what its own process had received', () => {
    const kills = [kill(1, 1.5), kill(2, 5, 2500)];
    expect(measureLoss(fileWithout([[1, 5.4]], { kills })).problems.join('\n')).toMatch(/kill 2 cost 2\.5/);
    const nobody = [kill(1, 1.5), kill(2, 2.9, 2500), kill(3, 5.2, 2500)];
    expect(measureLoss(fileWithout([[1, 5.4]], { kills: nobody })).problems).toEqual([]);
    const early = [kill(1, 1.5), kill(2, 5, 4000)];
    expect(measureLoss(fileWithout([[1, 5.4]], { kills: early })).problems).toEqual([]);
  });

  it('several gaps may cover one hole, but not with a stretch between them', () => {
    const kills = [kill(1, 1.5), kill(2, 3)];
    const twice = (second: number) => [
      { atMs: 1000, durationMs: 2000 },
      { atMs: second, durationMs: 5000 - second },
    ];
    expect(measureLoss(fileWithout([[1, 5]], { kills, gaps: twice(2500) })).problems).toEqual([]);
    expect(measureLoss(fileWithout([[1, 5]], { kills, gaps: twice(4200) })).problems.join()).toMatch(/no declared gap/);
  });

  it('the end of the older of two encoders is explained by the kill after it, where the encoder was too slow', () => {
    const kills = [kill(1, 4.4)];
    const input = fileWithout([[1.5, 3.8]], { kills });
    expect(measureLoss({ ...input, isEncoderSlow: true }).problems).toEqual([]);
    expect(measureLoss(input).problems.join('\n')).toMatch(/nothing was killed/);
    expect(measureLoss({ ...input, isEncoderSlow: true, gaps: [] }).problems.join('\n')).toMatch(/no declared gap/);
    const early = fileWithout([[0.6, 3]], { kills, isEncoderSlow: true });
    expect(measureLoss(early).problems.join('\n')).toMatch(/nothing was killed/);
  });

  it('a hole without a kill, a hole without a gap and content out of place are problems', () => {
    expect(measureLoss(fileWithout([[2, 4]])).problems.join('\n')).toMatch(/nothing was killed/);
    const undeclared = fileWithout([[2, 4]], { kills: [kill(1, 2.5)], gaps: [] });
    expect(measureLoss(undeclared).problems.join('\n')).toMatch(/no declared gap/);
    const late = fileWithout([]);
    late.content.numbers.splice(45, 45, ...late.content.numbers.slice(60));
    expect(measureLoss(late).problems.join('\n')).toMatch(/shows picture 60 at 3\.00 s/);
    const wrong = fileWithout([]);
    wrong.content.steps[30] = 0;
    expect(measureLoss(wrong).problems.join('\n')).toMatch(/tone 0 is heard at 3\.00 s/);
    expect(measureLoss(fileWithout([[0, 6]])).problems.join('\n')).toMatch(
      /pictures of 0\.00–6\.00 s are not in the file/,
    );
  });

  it('what stands in for a gap does not tell where the room began', () => {
    const input = fileWithout([[0.4, 6]], { kills: [kill(1, 1.4), kill(2, 5, 3100)] });
    for (let index = 15; index < 60; index += 1) input.content.numbers[index] = 45 + Math.floor(index / 3);
    expect(measureLoss({ ...input, gaps: [{ atMs: 200, durationMs: 5800 }] }).problems).toEqual([]);
  });

  it('a recording that begins later than its room is judged by the room', () => {
    const input = fileWithout([]);
    input.content.numbers.splice(0, 15);
    input.content.steps.splice(0, 10);
    expect(measureLoss({ ...input, kills: [kill(1, -0.5)] }).problems).toEqual([]);
    expect(measureLoss(input).problems.join('\n')).toMatch(/begins 1\.00 s after its room/);
  });
});
