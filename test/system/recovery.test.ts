import { existsSync } from 'node:fs';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sampleRequest } from '../support/box.ts';
import { COLOURS, makeClip, TONES_HZ } from '../support/clips.ts';
import { toneLevelDb } from '../support/goertzel.ts';
import { expectLength } from '../support/length.ts';
import { decodeComplaints, decodeSound } from '../support/media.ts';
import { type Rig, startRig } from '../support/rig.ts';

/** When, in the room, somebody leaves while the box is down, and when the room is dissolved. */
const LEAVES = 7;
const END = 20;

describe('a box that was down while its room went on', { timeout: 150_000 }, () => {
  let rig: Rig;

  beforeAll(async () => {
    rig = await startRig({
      name: 'recovery',
      rooms: async (directory, ffmpegPath) => {
        const users = await Promise.all(
          [0, 1].map(async (user) => ({
            userId: `user_${user}`,
            media: await makeClip(ffmpegPath, directory, `user_${user}`, {
              ...{ colour: COLOURS[user]!, toneHz: TONES_HZ[user]!, seconds: 4 },
            }),
            ...{ size: '320x180', fps: 15, stays: [[0, user === 0 ? END + 5 : LEAVES]] },
          })),
        );
        return { '1': { participants: users, events: [{ at: END, type: 'dissolve' }] } };
      },
    });
  });
  afterAll(() => rig?.close());

  it('re-enters, joins what is there, tells the gap and who left meanwhile, and sets aside what it does not understand', async () => {
    const id = await rig.box.record(sampleRequest({ RoomId: 1, Mode: '10', Callback: undefined }));
    await rig.box.waitFor(id, '3 s long', (view) => view.durationMs >= 3_000);
    const { dataDirectory } = rig.box;
    const folder = path.join(dataDirectory, 'recordings', id);
    await rig.box.kill();
    const killedAtMs = Date.now();
    await writeFile(path.join(folder, 'segment-0007.mp3'), 'from nowhere');
    const [segment] = (await readdir(folder)).filter((name) => name.startsWith('segment-0000'));
    // The room goes on without us until its second user has left.
    const startedAtMs = (await stateOf(folder)).enteredAtEpochMs;
    await new Promise((resolve) => setTimeout(resolve, startedAtMs + LEAVES * 1_000 + 300 - Date.now()));
    expect(await readFile(path.join(folder, segment!))).not.toHaveLength(0);
    await rig.restartBox();
    const view = await rig.box.waitForState(id, 'done');
    const file = view.files[0]!;
    expect(view.endReason).toBe('dissolved');
    expect(await decodeComplaints(rig.ffmpegPath, file.localPath!)).toBe('');
    expectLength(view, file.durationMs, END * 1_000 - 150);
    expect(view.gaps).toMatchObject([{ reason: 'boxDown', cut: false }]);
    const [gap] = view.gaps;
    // The capture process closes its segment in order after its box was killed.
    expect(gap!.atMs).toBeGreaterThan(killedAtMs - startedAtMs - 2_000);
    expect(gap!.atMs).toBeLessThan(LEAVES * 1_000);
    expect(view.participants.map(({ userId }) => userId)).toEqual(['user_0', 'user_1']);
    const [stayed, left] = view.participants.map(({ leftAtMs }) => leftAtMs!);
    expect(Math.abs(stayed! - view.durationMs)).toBeLessThanOrEqual(100);
    expect(Math.abs(left! - gap!.atMs)).toBeLessThanOrEqual(100);
    const sound = await decodeSound(rig.ffmpegPath, file.localPath!);
    const level = (second: number, user: number): number =>
      toneLevelDb(sound.subarray(second * 48_000, (second + 0.5) * 48_000), 48_000, TONES_HZ[user]!);
    expect([level(1, 0), level(1, 1), level(END - 1.5, 0)].every((db) => db > -35)).toBe(true);
    expect(level(END - 1.5, 1)).toBeLessThan(-60);
    const aside = path.join(dataDirectory, 'quarantine', id);
    expect(await readFile(path.join(aside, 'segment-0007.mp3'), 'utf8')).toBe('from nowhere');
    expect(JSON.parse(await readFile(path.join(aside, 'segment-0007.mp3.json'), 'utf8'))).toMatchObject({
      recordingId: id,
      reason: expect.stringContaining('no row knows'),
    });
    expect((await readdir(folder)).filter((name) => name.startsWith('segment-'))).toEqual([]);
    expect(existsSync(path.join(folder, 'capture.pid'))).toBe(false);
  });
});

async function stateOf(folder: string): Promise<{ enteredAtEpochMs: number }> {
  return JSON.parse(await readFile(path.join(folder, 'simulated-room.json'), 'utf8')) as { enteredAtEpochMs: number };
}
