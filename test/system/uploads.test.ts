import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { REMEDIES } from '../../shared/texts/remedies.ts';
import type { CosCredentialsView } from '../../shared/view.ts';
import { sampleRequest } from '../support/box.ts';
import { COLOURS, makeClip, TONES_HZ } from '../support/clips.ts';
import { hashFile } from '../support/cos-rig.ts';
import { type Rig, SECRET_ID, SECRET_KEY, startRig } from '../support/rig.ts';

const ROTATED = { secretId: 'AKIDrotatedkeys0001', secretKey: 'key-after-the-rotation' };
const BUCKET = 'test-123456789';

describe('keys are rotated while recordings wait', { timeout: 180_000 }, () => {
  let rig: Rig;

  beforeAll(async () => {
    rig = await startRig({
      name: 'rotated',
      rooms: async (directory, ffmpegPath) => {
        const clip = { colour: COLOURS[0]!, toneHz: TONES_HZ[0]!, seconds: 2 };
        const media = await makeClip(ffmpegPath, directory, 'a', clip);
        const room = {
          participants: [{ userId: 'user_0', media, enterAt: 0, size: '320x180', fps: 15 }],
          events: [{ at: 1.5, type: 'dissolve' }],
        };
        return { '1': room, '2': room };
      },
    });
  });
  afterAll(() => rig?.close());

  async function expectDelivered(id: string): Promise<void> {
    const view = await rig.box.waitForState(id, 'done');
    const [file] = view.files;
    const object = await rig.cos.findObjectFile(BUCKET, file!.objectKey);
    expect(await hashFile(object!)).toBe(await hashFile(file!.localPath!));
  }

  it('every one is blocked with its remedy; with new keys all go on by themselves, and the keys outlive the box', async () => {
    rig.cos.setCredentials([ROTATED]);
    const own = { SecretId: SECRET_ID, SecretKey: SECRET_KEY };
    const ofBox = await rig.box.record(sampleRequest({ RoomId: 1, Callback: undefined }));
    const ofRequest = await rig.box.record(
      sampleRequest({
        RoomId: 2,
        Callback: undefined,
        CosConfig: { Region: 'ap-shanghai', Bucket: BUCKET, Path: '/', ...own },
      }),
    );
    const blockedOf = async (id: string) =>
      (await rig.box.waitFor(id, 'blocked', ({ blocked }) => blocked !== null)).blocked;
    expect(await blockedOf(ofBox)).toMatchObject({ code: 'InvalidAccessKeyId', remedy: REMEDIES.changeBoxKeys.en });
    expect(await blockedOf(ofRequest)).toMatchObject({ remedy: REMEDIES.changeRequestKeys.en });

    const stored = await fetch(`${rig.box.url}/api/cos-credentials`, {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ SecretId: ROTATED.secretId, SecretKey: ROTATED.secretKey }),
    });
    expect((await stored.json()) as CosCredentialsView).toMatchObject({ source: 'stored', secretId: 'AKID…0001' });
    await expectDelivered(ofBox);
    // The other one has keys of its own; it is told to take the box's.
    expect((await rig.box.get(ofRequest)).state).toBe('uploading');
    expect((await rig.box.post(`/api/recordings/${ofRequest}/credentials`, { UseBox: true })).status).toBe(202);
    await expectDelivered(ofRequest);

    expect(await rig.box.stop()).toBe(0);
    await rig.restartBox();
    const later = await rig.box.record(sampleRequest({ RoomId: 1, UserId: 'again', Callback: undefined }));
    await expectDelivered(later);
    expect(rig.cos.orphans()).toEqual([]);
    expect(rig.box.log()).not.toContain(ROTATED.secretKey);
  });
});
