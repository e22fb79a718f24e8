import { afterAll, beforeAll, expect, it } from 'vitest';
import { createApiClient } from '../../shared/api/client.ts';
import { attentionItems } from '../../shared/attention.ts';
import { sampleRequest } from '../support/box.ts';
import { makeClip } from '../support/clips.ts';
import { type Rig, startRig } from '../support/rig.ts';

// A whole box whose room says that somebody talks, and from which no sound comes for a while, as on a machine without a sound device.

let rig: Rig;

beforeAll(async () => {
  rig = await startRig({
    name: 'sound',
    settings: { limits: { exitTimeoutMs: 1000 }, capture: { host: 'window' } },
    rooms: async (directory, ffmpegPath) => {
      const media = await makeClip(ffmpegPath, directory, 'a', {
        ...{ colour: '30a030', toneHz: 440, seconds: 3, size: '160x90' },
      });
      const participants = [{ userId: 'a', media, changes: [{ at: 1, audioGap: 9 }] }];
      return { '1': { participants } };
    },
  });
});
afterAll(async () => await rig?.close());

it('says that sound is missing as long as it is, and goes on recording', async () => {
  const api = createApiClient({ baseUrl: rig.box.url });
  const needs = async (): Promise<string[]> => attentionItems(await api.call('getAttention', {})).map(({ key }) => key);
  const withoutSound = async (): Promise<string | undefined> =>
    (await (await fetch(`${rig.box.url}/metrics`)).text()).match(/^recorder_recordings_without_sound (\d)$/m)?.[1];
  const id = await rig.box.record(sampleRequest({ RoomId: 1, Mode: '10' }));
  // Without a desktop there are no windows: it records all the same, and says so.
  await rig.box.waitForState(id, 'recording');
  expect(await needs()).toContain('windowsMissing');
  expect(await needs()).not.toContain('sound');

  const silent = await rig.box.waitFor(id, 'without sound', ({ warnings }) => warnings.length > 0);
  expect(silent.warnings.map(({ code }) => code)).toEqual(['SOUND_MISSING']);
  expect([await needs(), await withoutSound()]).toEqual([expect.arrayContaining(['sound']), '1']);

  const again = await rig.box.waitFor(id, 'with sound', ({ warnings }) => warnings.length === 0);
  expect(again.state).toBe('recording');
  expect([await needs(), await withoutSound()]).toEqual([expect.not.arrayContaining(['sound']), '0']);
  const { events } = (await (await fetch(`${rig.box.url}/api/recordings/${id}/events`)).json()) as {
    events: { type: string; data: { atMs: number } }[];
  };
  const told = events.filter(({ type }) => type.startsWith('sound'));
  expect(told.map(({ type }) => type)).toEqual(['soundMissing', 'soundBack']);
  const [missing, back] = told.map(({ data }) => data.atMs);
  // Looked at once a second.
  expect(missing).toBeGreaterThanOrEqual(1_000);
  expect(back! - missing!).toBeGreaterThan(5_000);
}, 60_000);
