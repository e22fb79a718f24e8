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
      const room = (audioGap: number) => ({ participants: [{ userId: 'a', media, changes: [{ at: 4, audioGap }] }] });
      return { '1': room(3600), '2': room(9) };
    },
  });
});
afterAll(async () => await rig?.close());

it('says that sound is missing as long as it is, and goes on recording', async () => {
  const api = createApiClient({ baseUrl: rig.box.url });
  const needs = async (): Promise<string[]> => attentionItems(await api.call('getAttention', {})).map(({ key }) => key);
  const withoutSound = async (): Promise<string | undefined> =>
    (await (await fetch(`${rig.box.url}/metrics`)).text()).match(/^recorder_recordings_without_sound (\d)$/m)?.[1];
  const told = async (id: string) =>
    (await api.call('getRecordingEvents', { params: { id } })).events.filter(({ type }) => type.startsWith('sound'));
  // From the one no sound comes any more, from the other some comes again.
  const [mute, pausing] = await Promise.all(
    [1, 2].map((RoomId) => rig.box.record(sampleRequest({ RoomId, Mode: '10', Callback: undefined }))),
  );
  // Without a desktop there are no windows: it records all the same, and says so.
  await rig.box.waitForState(mute!, 'recording');
  expect(await needs()).toContain('windowsMissing');
  expect(await needs()).not.toContain('sound');

  const silent = await rig.box.waitFor(mute!, 'without sound', ({ warnings }) => warnings.length > 0);
  expect(silent.warnings.map(({ code }) => code)).toEqual(['SOUND_MISSING']);
  expect(await needs()).toContain('sound');

  await expect.poll(async () => (await told(pausing!)).length).toBe(2);
  const [missing, back] = await told(pausing!);
  expect([missing!.type, back!.type]).toEqual(['soundMissing', 'soundBack']);
  // Looked at once a second.
  expect(missing!.data.atMs).toBeGreaterThanOrEqual(4_000);
  expect(Number(back!.data.atMs) - Number(missing!.data.atMs)).toBeGreaterThan(5_000);
  const again = await rig.box.waitFor(pausing!, 'with sound', ({ warnings }) => warnings.length === 0);
  expect(again.state).toBe('recording');
  expect([await needs(), await withoutSound()]).toEqual([expect.arrayContaining(['sound']), '1']);

  await rig.box.post(`/api/recordings/${mute}/stop`, '');
  await rig.box.waitForState(mute!, 'done');
  expect([await needs(), await withoutSound()]).toEqual([expect.not.arrayContaining(['sound']), '0']);
  expect((await rig.box.get(pausing!)).state).toBe('recording');
}, 150_000);
