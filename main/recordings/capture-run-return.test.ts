import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { captureJob, resumeAt } from '../../test/support/capture-session.ts';
import { addRecording } from '../../test/support/new-recording.ts';
import { createSupervised, type Supervised } from '../../test/support/supervised.ts';

let box: Supervised;

beforeEach(() => {
  box = createSupervised();
});
afterEach(() => box.close());

describe('a box that comes back', () => {
  /** A recording that was under way, with a UserSig that lasts so long, and its first process after the start. */
  async function comesBack(lastsMs: number | null): Promise<string> {
    const { id } = addRecording(box.store, { userSigExpiresAtMs: lastsMs === null ? null : Date.now() + lastsMs });
    box.store.recordings.move(id, 'accepted', 'joining');
    box.store.recordings.move(id, 'joining', 'waiting', { startedAtMs: Date.now() - 60_000 });
    box.store.segments.open({ recordingId: id, segment: 0, file: 'segment-0000.mix.0.mp4', startMs: 0 });
    box.supervisor.recover();
    await box.advance(0);
    return id;
  }
  const refuse = (code: number): void => {
    box.host.last.tell({ type: 'ready', pid: 1 }, { type: 'enterFailed', code, message: 'no' });
    box.host.last.exit(0);
  };

  it('says that it was down until it is in the room again; afterwards it is the process that died', async () => {
    const told: string[] = [];
    box.prepare = async (_, absence) => {
      told.push(absence);
      return captureJob();
    };
    await comesBack(null);
    box.host.last.exit(1);
    await box.advance(0);
    box.host.last.enter(1);
    box.host.last.exit(1);
    await box.advance(1_000);
    expect(told).toEqual(['boxDown', 'boxDown', 'captureDied']);
  });

  it('enters with the same UserSig as long as it is valid', async () => {
    const id = await comesBack(1);
    refuse(-3308);
    expect(box.row(id)).toMatchObject({ state: 'joining', lastError: expect.stringContaining('-3308') });
  });

  it.each([-3308, -100018, -70001])(
    'asks the service once when the UserSig has expired (%i), then delivers what there is',
    async (code) => {
      const id = await comesBack(-1);
      expect(box.host.started).toHaveLength(1);
      refuse(code);
      expect(box.row(id)).toMatchObject({
        state: 'finalizing',
        endReason: 'error',
        failureCode: 'USERSIG_EXPIRED',
        failureMessage: expect.stringContaining(`code ${code}`),
      });
      await box.advance(600_000);
      expect(box.host.started).toHaveLength(1);
    },
  );

  it('goes on when the service takes a UserSig that only the clock here calls expired', async () => {
    const id = await comesBack(-1);
    box.host.last.enter(1);
    expect(box.row(id).state).toBe('waiting');
  });

  it('knows the length from what can be read, also when it cannot enter any more', async () => {
    box.prepare = async () => captureJob({ resume: resumeAt(58_500) });
    const id = await comesBack(-1);
    box.store.stays.enter(id, 'a', 100, 0);
    refuse(-100018);
    expect(box.row(id).timelineMs).toBe(58_500);
    expect(box.store.stays.list(id)).toMatchObject([{ leftAtMs: 58_500 }]);
  });
});
