import { existsSync } from 'node:fs';
import path from 'node:path';
import type { CaptureJob, VideoSettings } from '../messages.ts';
import { CANVAS_COLOUR } from '../mix/colour.ts';
import type { Encoder, EncoderEvents } from '../segment-sequence.ts';
import { SegmentEncoder } from './encoder.ts';
import { containerOfMode, liveEncoderArgs, modeOfMedia, tracksOfMode } from './ffmpeg-args.ts';
import { type SegmentPlace, segmentFileName } from './segment-name.ts';
import { timelineEnd } from './timeline-end.ts';

/** Pixels per second up to which one encoder thread keeps up with ease: a second one would hold back a further picture. */
const ONE_THREAD_PIXELS_PER_SECOND = 1280 * 720 * 30;

/**
 * Opens the encoder of one segment of a job, with a canvas of the size in `video`; the file in the recording's directory is named after its place. Returns at once: whatever
 * fails later, a file that cannot be created included, is told through `events`.
 */
export function openSegmentEncoder(
  job: CaptureJob,
  place: SegmentPlace,
  video: VideoSettings,
  events: EncoderEvents,
): Encoder {
  const { audio, ffmpeg, directory } = job;
  const mode = modeOfMedia(job.media);
  const { matrix } = CANVAS_COLOUR;
  const container = containerOfMode(mode);
  const file = freeName(directory, place, container);
  const fullPath = path.join(directory, file);
  const threads = video.width * video.height * video.fps > ONE_THREAD_PIXELS_PER_SECOND ? 2 : 1;
  const encoder = new SegmentEncoder({
    ffmpegPath: ffmpeg.path,
    args: liveEncoderArgs({ mode, video, audio, matrix, threads, ffmpeg }),
    tracks: tracksOfMode({ mode, video, matrix }),
    file: fullPath,
    listener: {
      onDied: ({ code, signal, stalled, stderrTail }) => {
        const how = stalled ? 'stopped reading and was killed' : `ended with ${signal ?? `exit code ${code}`}`;
        events.onDied([how, ...stderrTail.slice(-3)].join(' | '));
      },
      onWriteError: (error) => events.onStorageError(error.message, isOutOfSpace(error)),
    },
  });
  return {
    file,
    get backlogBytes() {
      return encoder.backlogBytes;
    },
    get bytesWritten() {
      return encoder.bytesWritten;
    },
    writePicture: (canvas, timestampNs, dress, look) => encoder.writePicture(canvas, timestampNs, dress, look),
    writeAudio: (pcm, timestampNs) => encoder.writeAudio(pcm, timestampNs),
    finish: (timeoutMs) => encoder.finish(timeoutMs),
    readableMs: () => timelineEnd(fullPath, container),
  };
}

/**
 * A name that no file has yet. A process that died before it could tell of its segment may have left one with this number, and what
 * is in it must not be lost.
 */
function freeName(directory: string, place: SegmentPlace, extension: string): string {
  let name = segmentFileName(place, extension);
  for (let attempt = 2; existsSync(path.join(directory, name)); attempt += 1) {
    name = segmentFileName(place, extension, attempt);
  }
  return name;
}

function isOutOfSpace(error: Error): boolean {
  return 'code' in error && (error.code === 'ENOSPC' || error.code === 'EDQUOT');
}
