import type { FileHandle } from 'node:fs/promises';
import type { Static } from 'typebox';
import type { FILE_ROUTES } from '../../shared/api/file-routes.ts';
import type { ProblemResult } from './box-api.ts';

/** A file that is open for reading. Whoever gets one closes its handle. */
export interface OpenFile {
  kind: 'file';
  handle: FileHandle;
  bytes: number;
  /** Milliseconds since 1970. */
  modifiedAtMs: number;
  /** Strong: two files with the same tag are equal byte for byte. */
  etag: string;
  mediaType: string;
  /** Under which a reader would save it. */
  name: string;
}

export type Waveform = { kind: 'waveform' } & Static<(typeof FILE_ROUTES.getWaveform.replies)[200]['schema']>;

/** The manifest of a recording, as `resources/manifest.schema.json` says. */
export type ManifestAnswer = { kind: 'manifest'; manifest: Record<string, unknown> };

/**
 * Recorded files on the disk of the box, by their place in the recording's `files`. Refusals common to all: NOT_FOUND, FILE_NOT_FOUND,
 * FILE_NOT_READY while it is being recorded or finalized, FILE_NOT_HERE when the box gave it up or lost it, DISK_AWAY.
 */
export interface FilesApi {
  file(recordingId: string, index: number): Promise<OpenFile | ProblemResult>;
  /** A JPEG picture. NO_PICTURE for files with sound only; PREVIEW_NOT_READY when making it takes long, PREVIEW_FAILED when it cannot be. */
  thumbnail(recordingId: string, index: number): Promise<OpenFile | ProblemResult>;
  /** NO_SOUND for files with pictures only; PREVIEW_NOT_READY and PREVIEW_FAILED as for thumbnails. */
  waveform(recordingId: string, index: number): Promise<Waveform | ProblemResult>;
  manifest(recordingId: string): Promise<ManifestAnswer | ProblemResult>;
}
