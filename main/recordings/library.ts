import path from 'node:path';
import { systemClock } from '../delivery/clock.ts';
import type { Runner } from '../delivery/runner.ts';
import { createPreviewMaker } from '../files/preview-ffmpeg.ts';
import { createPreviews } from '../files/previews.ts';
import { createRecordedFiles } from '../files/recorded-files.ts';
import type { ArchiveApi } from '../http/archive-api.ts';
import type { FilesApi } from '../http/files-api.ts';
import type { Logger } from '../logging.ts';
import type { Store } from '../store/store.ts';
import { createArchive } from './archive.ts';
import { createDeletions } from './deletion.ts';
import type { DiskCare } from './disk-care.ts';

export interface LibraryOptions {
  store: Store;
  disk: Pick<DiskCare, 'isAway'>;
  runner: Pick<Runner, 'abandon'>;
  directoryOf(recordingId: string): string;
  dataDirectory: string;
  /** Null when no ffmpeg works: there are no previews then. */
  ffmpegPath: string | null;
  log: Logger;
}

/** What the box offers of recordings that are over: files, previews, histories, deletion. */
export interface Library {
  readonly files: FilesApi;
  readonly archive: ArchiveApi;
  /** Finishes deletions that an earlier box had begun. */
  start(): void;
  stop(): Promise<void>;
}

export function createLibrary(options: LibraryOptions): Library {
  const { store, disk, runner, directoryOf, dataDirectory, ffmpegPath, log } = options;
  const isDiskAway = () => disk.isAway();
  const previews = createPreviews({
    directory: path.join(dataDirectory, 'cache', 'previews'),
    maker: ffmpegPath === null ? null : createPreviewMaker(ffmpegPath),
    log,
  });
  const deletions = createDeletions({
    ...{ store, directoryOf, runner, isDiskAway, clock: systemClock, log },
    forgetPreviews: (recordingId) => previews.forget(recordingId),
  });
  return {
    files: createRecordedFiles({ store, previews, isDiskAway }),
    archive: createArchive({ store, deletions }),
    start() {
      deletions.finishEarlier().catch((error: unknown) => log.error({ err: error }, 'deletions could not be finished'));
    },
    async stop() {
      deletions.stop();
      await previews.stop();
    },
  };
}
