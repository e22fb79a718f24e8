import type { Progress } from '../../shared/api/messages.ts';
import type { Runner } from '../delivery/runner.ts';
import type { Supervisor } from '../recordings/supervisor.ts';
import type { RecordingRow } from '../store/rows.ts';
import type { Store } from '../store/store.ts';

export interface ProgressDeps {
  store: { recordings: Pick<Store['recordings'], 'capturing' | 'list'>; segments: Pick<Store['segments'], 'list'> };
  supervisor: Pick<Supervisor, 'stats'>;
  runner: Pick<Runner, 'progress'>;
}

/** Uploads shown at a time; many more than run at a time. */
const MOST_UPLOADS = 64;

/** How far the recordings are that are being captured or uploaded at this moment. */
export function createProgress({ store, supervisor, runner }: ProgressDeps): () => Progress[] {
  const captured = (row: RecordingRow): Progress[] => {
    const stats = supervisor.stats(row.id);
    if (!stats) return [];
    const { timelineMs, participantsInRoom, participantsRecorded, picturesSent, picturesSkipped, framesDropped } =
      stats;
    const { levelDb, participants, encoderSpeed } = stats.live;
    const closedBytes = store.segments.list(row.id).reduce((sum, { bytes }) => sum + (bytes ?? 0), 0);
    return [
      {
        recordingId: row.id,
        state: row.state,
        timelineMs: Math.round(Math.max(row.timelineMs, timelineMs)),
        participants: { inRoom: participantsInRoom, recorded: participantsRecorded },
        pictures: { sent: picturesSent, skipped: picturesSkipped, framesDropped },
        live: {
          ...{ levelDb, participants },
          bytesWritten: closedBytes + stats.segmentBytes,
          encoder: { name: stats.encoder, speed: encoderSpeed },
        },
        upload: null,
      },
    ];
  };
  const uploaded = (row: RecordingRow): Progress[] => {
    const progress = runner.progress(row.id);
    if (!progress) return [];
    const { picturesSent: sent, picturesSkipped: skipped, framesDropped } = row;
    return [
      {
        recordingId: row.id,
        state: row.state,
        timelineMs: Math.round(row.timelineMs),
        participants: null,
        pictures: { sent, skipped, framesDropped },
        live: null,
        upload: { doneBytes: progress.doneBytes, totalBytes: progress.totalBytes },
      },
    ];
  };
  return () => [
    ...store.recordings.capturing().flatMap(captured),
    ...store.recordings.list({ state: 'uploading', limit: MOST_UPLOADS }).flatMap(uploaded),
  ];
}
