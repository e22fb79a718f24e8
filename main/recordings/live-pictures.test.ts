import { describe, expect, it } from 'vitest';
import type { Mode, RecordingState } from '../../shared/recording.ts';
import { createFakeClock } from '../../test/support/fake-clock.ts';
import { LivePictures } from './live-pictures.ts';

function rig(row: { state: RecordingState; mode: Mode } | undefined = { state: 'recording', mode: '12' }) {
  const clock = createFakeClock();
  const told: [string, number][] = [];
  const pictures = new LivePictures({
    recordingOf: () => row,
    watch: (id, forMs) => void told.push([id, forMs]),
    clock,
    monotonicMs: () => clock.now(),
  });
  return { clock, told, pictures };
}

describe('asking for a picture', () => {
  it('makes the recording show itself and waits for the first one', async () => {
    const { clock, told, pictures } = rig();
    const asked = pictures.picture('r');
    await clock.advance(500);
    expect(told).toEqual([['r', 5000]]);
    pictures.take('r', Uint8Array.of(1));
    expect(await asked).toEqual({ kind: 'livePicture', jpeg: Uint8Array.of(1) });
  });

  it('each second tells the recording only now and then, and gives the newest', async () => {
    const { clock, told, pictures } = rig();
    const answers: unknown[] = [];
    for (let second = 1; second <= 6; second += 1) {
      // The first one is waited for, the others are there before they are asked for.
      const first = second === 1 ? pictures.picture('r') : null;
      pictures.take('r', Uint8Array.of(second));
      answers.push(await (first ?? pictures.picture('r')));
      await clock.advance(1000);
    }
    expect(answers).toHaveLength(6);
    expect(answers.at(-1)).toMatchObject({ jpeg: Uint8Array.of(6) });
    expect(told.length).toBeLessThanOrEqual(4);
  });

  it('gives up after a while, and shows nothing that is old', async () => {
    const { clock, pictures } = rig();
    const first = pictures.picture('r');
    await clock.advance(2000);
    expect(await first).toEqual({ kind: 'problem', code: 'LIVE_PICTURE_NOT_YET' });
    pictures.take('r', Uint8Array.of(1));
    await clock.advance(3000);
    const later = pictures.picture('r');
    await clock.advance(2000);
    expect(await later).toMatchObject({ code: 'LIVE_PICTURE_NOT_YET' });
  });

  it('right after the end still shows the last one, and then no more', async () => {
    const row: { state: RecordingState; mode: Mode } = { state: 'recording', mode: '12' };
    const { clock, pictures } = rig(row);
    const asked = pictures.picture('r');
    pictures.take('r', Uint8Array.of(1));
    await asked;
    row.state = 'finalizing';
    await clock.advance(1000);
    expect(await pictures.picture('r')).toMatchObject({ kind: 'livePicture' });
    await clock.advance(2000);
    expect(await pictures.picture('r')).toEqual({ kind: 'problem', code: 'NO_LIVE_PICTURE' });
  });

  it.each([
    [undefined, 'NOT_FOUND'],
    [{ state: 'done', mode: '12' }, 'NO_LIVE_PICTURE'],
    [{ state: 'recording', mode: '10' }, 'NO_LIVE_PICTURE'],
    [{ state: 'recording', mode: '00' }, 'NO_LIVE_PICTURE'],
  ] as const)('of %j is refused as %s, and nobody is told to show itself', async (row, code) => {
    const { told, clock } = rig();
    const pictures = new LivePictures({
      recordingOf: () => row,
      watch: (id) => void told.push([id, 0]),
      clock,
      monotonicMs: () => clock.now(),
    });
    expect(await pictures.picture('r')).toEqual({ kind: 'problem', code });
    expect(told).toEqual([]);
  });
});

it('pictures that nobody asked for are not kept', async () => {
  const { clock, pictures } = rig();
  pictures.take('r', Uint8Array.of(1));
  const asked = pictures.picture('r');
  await clock.advance(2000);
  expect(await asked).toMatchObject({ code: 'LIVE_PICTURE_NOT_YET' });
});
