import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { guardDisk } from '../../../main/delivery/disk-guard.ts';
import { createFinalizeStep } from '../../../main/delivery/finalize-step.ts';
import { hashFile } from '../../../main/delivery/hash-file.ts';
import type { Outcome } from '../../../main/delivery/steps.ts';
import { diskFaultOfCode } from '../../../main/disk-fault.ts';
import { defaultSettings } from '../../../main/settings/settings.ts';
import type { RecordingRow } from '../../../main/store/rows.ts';
import { failOnce, systemError } from '../../support/failing-calls.ts';
import { failDisk } from '../../support/failing-disk.ts';
import { createFinalizeRig, type FinalizeRig, toneSegment } from '../../support/finalize-rig.ts';
import { ffmpegPath } from '../../support/flash-and-beep.ts';

let rig: FinalizeRig;
let mp3: Buffer;
beforeAll(async () => {
  rig = createFinalizeRig();
  mp3 = await toneSegment(440);
});
afterAll(() => rig?.close());

/** Finalizes while the `failAt`th file call below the recording's folder fails; 0 for none. */
async function finalize(
  recording: RecordingRow,
  failAt: number,
  code: string,
): Promise<[Outcome, string | null, number]> {
  const directory = rig.directoryOf(recording.id);
  const step = guardDisk(
    createFinalizeStep({
      store: rig.store,
      directoryOf: rig.directoryOf,
      dataDirectory: path.dirname(path.dirname(directory)),
      ffmpegPath,
      settings: { ...defaultSettings(), manifest: { upload: true } },
      version: '1',
      now: Date.now,
    }),
    {
      isDiskAway: async () => false,
      isFolderAway: async () => false,
      missingBytes: null,
      hasDiskCodes: true,
      now: Date.now,
    },
  );
  const counter = failOnce(failAt, (call) => systemError(code, call));
  const restore = await failDisk(directory, counter);
  try {
    const outcome = await step(recording, new AbortController().signal, () => {});
    return [outcome, counter.failed, counter.count];
  } finally {
    restore();
  }
}

async function recorded(): Promise<RecordingRow> {
  const segments = [0, 2_000].map((startMs) => ({ output: 'mix', startMs, content: mp3 }) as const);
  return await rig.ended(segments);
}

/** The recording's one file is there, as its row says; nothing else but its manifest is left. */
async function expectWhole(recording: RecordingRow, after: string): Promise<void> {
  const [file, ...more] = rig.store.files.list(recording.id);
  expect(more, after).toEqual([]);
  const { bytes, crc64, sha256 } = await hashFile(file!.localPath);
  expect({ bytes, crc64, sha256 }, after).toEqual({ bytes: file!.bytes, crc64: file!.crc64, sha256: file!.sha256 });
  expect(Math.abs(file!.durationMs - 4_000), after).toBeLessThan(100);
  const names = await readdir(rig.directoryOf(recording.id));
  const media = path.basename(file!.localPath);
  const others = names.filter((name) => !name.startsWith('segment-')).sort();
  expect(others, after).toEqual([media, `${media}.json`]);
}

describe.each(['ENOSPC', 'EIO'])('finalizing: each file call fails in turn with %s', { timeout: 240_000 }, (code) => {
  it('waits with a remedy, loses nothing, and the next try makes the same whole file', async () => {
    const calls: string[] = [];
    for (let failAt = 1; ; failAt += 1) {
      const recording = await recorded();
      const [outcome, failed] = await finalize(recording, failAt, code);
      if (failed === null) {
        expect(outcome).toMatchObject({ kind: 'done' });
        await expectWhole(recording, 'no failure');
        break;
      }
      calls.push(failed);
      const where = `${code} at call ${failAt}, ${failed}`;
      // Failures of courtesies (removing, closing, measuring) may pass unseen; none may end the recording.
      expect(['done', 'blocked'], `${where}: ${JSON.stringify(outcome)}`).toContain(outcome.kind);
      if (outcome.kind === 'blocked') {
        expect(outcome, where).toMatchObject({ code: diskFaultOfCode(code), remedy: expect.stringMatching(/\w{4}/) });
        const names = await readdir(rig.directoryOf(recording.id));
        expect(
          names.filter((name) => name.endsWith('.partial')),
          where,
        ).toEqual([]);
        const hasSegments = names.filter((name) => name.startsWith('segment-'));
        const file = rig.store.files.list(recording.id)[0];
        expect(hasSegments.length === 2 || (file && existsSync(file.localPath)), where).toBe(true);
        const [again] = await finalize(recording, 0, code);
        expect(again, where).toMatchObject({ kind: 'done' });
      }
      await expectWhole(recording, where);
    }
    // The file is on the disk before it gets its name, and the name before the row.
    const renamed = calls.indexOf('rename');
    expect(calls.slice(calls.lastIndexOf('handle.write'), renamed)).toContain('handle.sync');
    expect(calls.slice(renamed + 1, renamed + 3)).toEqual(['open', 'handle.sync']);
    // It is read for its checksums under the name it keeps.
    expect(calls.slice(renamed + 3).join(' ')).toContain('open handle.read');
    for (const kind of ['open', 'handle.read', 'handle.write', 'handle.sync', 'rename']) expect(calls).toContain(kind);
    expect(calls).toEqual(expect.arrayContaining(['openSync', 'writeFileSync', 'fsyncSync', 'renameSync']));
  });
});
