import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it } from 'vitest';
import { createFakeClock } from '../../test/support/fake-clock.ts';
import { addRecording } from '../../test/support/new-recording.ts';
import { silentLogger } from '../logging.ts';
import { openStore } from '../store/store.ts';
import type { CosClient } from './cos/cos-client.ts';
import { CosError } from './cos/cos-error.ts';
import { createStraySweep } from './stray-sweep.ts';

it('a look that was under way when something was corrected, and failed, is followed by another at once', async () => {
  const directory = mkdtempSync(path.join(tmpdir(), 'stray-sweep-wake-'));
  const clock = createFakeClock();
  const store = openStore(directory, { now: clock.now });
  const journal = store.uploadJournal(addRecording(store).id, 0);
  const identity = { size: 1, mtimeNs: '1', inode: '1' };
  journal.saveInit({ uploadId: 'up', bucket: 'b-1', region: 'r', key: 'k', partSize: 1, identity });
  journal.abandon();
  const asked: PromiseWithResolvers<void>[] = [];
  const client: Pick<CosClient, 'abort' | 'close'> = {
    abort() {
      const answer = Promise.withResolvers<void>();
      asked.push(answer);
      return answer.promise;
    },
    close: () => {},
  };
  const sweep = createStraySweep({
    ...{ store, clock, random: () => 0, log: silentLogger() },
    clientFor: () => client as CosClient,
  });
  try {
    sweep.start();
    // A stray is due by itself only a while after it became one.
    sweep.wake();
    await clock.settle();
    expect(asked).toHaveLength(1);
    sweep.wake();
    asked[0]?.reject(
      new CosError({ origin: 'service', code: 'AccessDenied', message: 'old keys', operation: 'abort' }),
    );
    await clock.settle();
    expect(asked).toHaveLength(2);
    asked[1]?.resolve();
    await clock.settle();
    expect(store.strays.count()).toBe(0);
  } finally {
    const stopped = sweep.stop();
    for (const answer of asked) answer.resolve();
    await stopped;
    store.close();
    rmSync(directory, { recursive: true });
  }
});
