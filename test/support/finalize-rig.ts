import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { FRAGMENTED_MP4 } from '../../main/capture/encode/ffmpeg-args.ts';
import type { OutputName } from '../../main/capture/messages.ts';
import { createFinalizeStep, type FinalizeStepDeps } from '../../main/delivery/finalize-step.ts';
import type { Outcome, StepProgress } from '../../main/delivery/steps.ts';
import { defaultSettings } from '../../main/settings/settings.ts';
import type { NewRecording, RecordingPatch, RecordingRow } from '../../main/store/rows.ts';
import { openStore, type Store } from '../../main/store/store.ts';
import { ffmpegPath } from './flash-and-beep.ts';
import { addRecording } from './new-recording.ts';

export const T0_MS = Date.UTC(2026, 0, 2, 3, 4, 5);

/** A segment of a recording: which output, where it begins, what its file holds. */
export interface TestSegment {
  output: OutputName;
  startMs: number;
  content: Buffer;
}

export interface RunOptions extends Partial<FinalizeStepDeps> {
  signal?: AbortSignal;
  onReport?: (progress: StepProgress) => void;
}

/** A store and a directory with recordings that have ended and are to be finalized. */
export interface FinalizeRig {
  readonly store: Store;
  readonly dataDirectory: string;
  directoryOf(recordingId: string): string;
  ended(
    segments: readonly TestSegment[],
    patch?: RecordingPatch,
    request?: Partial<NewRecording>,
  ): Promise<RecordingRow>;
  run(recording: RecordingRow, options?: RunOptions): Promise<{ outcome: Outcome; progress: StepProgress[] }>;
  close(): void;
}

export function createFinalizeRig(): FinalizeRig {
  const root = mkdtempSync(path.join(tmpdir(), 'finalize-step-'));
  const store = openStore(root, { now: Date.now });
  const directoryOf = (id: string): string => path.join(root, 'recordings', id);
  return {
    store,
    dataDirectory: root,
    directoryOf,
    async ended(segments, patch = {}, request = {}) {
      const { id } = addRecording(store, { mode: '10', ...request });
      await mkdir(directoryOf(id), { recursive: true });
      store.recordings.move(id, 'accepted', 'joining');
      store.recordings.move(id, 'joining', 'waiting', { startedAtMs: T0_MS, firstMediaAtMs: 20 });
      for (const [segment, { output, startMs, content }] of segments.entries()) {
        const file = `segment-000${segment}.${request.mode?.endsWith('0') === false ? 'mp4' : 'mp3'}`;
        store.segments.open({ recordingId: id, segment, output, file, startMs });
        await writeFile(path.join(directoryOf(id), file), content);
      }
      store.recordings.move(id, 'waiting', 'finalizing', { endReason: 'dissolved', ...patch });
      return rowOf(store, id);
    },
    async run(recording, { signal = new AbortController().signal, onReport, ...deps } = {}) {
      const progress: StepProgress[] = [];
      const now = (): number => T0_MS + 60_000;
      const settings = defaultSettings();
      const step = createFinalizeStep({
        store,
        directoryOf,
        dataDirectory: root,
        ffmpegPath,
        settings,
        version: '9.8.7',
        now,
        ...deps,
      });
      const outcome = await step(recording, signal, (report) => {
        progress.push(report);
        onReport?.(report);
      });
      return { outcome, progress };
    },
    close() {
      store.close();
      rmSync(root, { recursive: true });
    },
  };
}

function rowOf(store: Store, id: string): RecordingRow {
  const row = store.recordings.get(id);
  if (!row) throw new Error(`recording ${id} is missing`);
  return row;
}

/** Two seconds of a tone, as an encoder of a capture process leaves them. */
export async function toneSegment(frequencyHz: number): Promise<Buffer> {
  const sound = ['-f', 'lavfi', '-i', `sine=f=${frequencyHz}:r=48000:d=2`, '-ac', '1', '-b:a', '64k'];
  return await encoded([...sound, '-write_xing', '0', '-id3v2_version', '0'], 'mp3');
}

/** Two seconds of a coloured picture with a tone. */
export async function pictureSegment(colour: string, size: string, frequencyHz: number): Promise<Buffer> {
  const inputs = ['-f', 'lavfi', '-i', `color=c=${colour}:s=${size}:r=15:d=2`];
  const sound = ['-f', 'lavfi', '-i', `sine=f=${frequencyHz}:r=48000:d=2`];
  const codecs = [
    '-c:v',
    'libx264',
    '-preset',
    'ultrafast',
    '-bf',
    '0',
    '-pix_fmt',
    'yuv420p',
    '-c:a',
    'aac',
    '-ac',
    '1',
  ];
  return await encoded([...inputs, ...sound, ...codecs, ...FRAGMENTED_MP4], 'mp4');
}

async function encoded(args: readonly string[], extension: string): Promise<Buffer> {
  const file = path.join(tmpdir(), `finalize-rig-${process.pid}-${performance.now()}.${extension}`);
  try {
    await promisify(execFile)(ffmpegPath, ['-v', 'error', '-y', ...args, file]);
    return await readFile(file);
  } finally {
    await rm(file, { force: true });
  }
}
