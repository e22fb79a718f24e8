import type { EndReason, RecordingState } from '../recording.ts';

/** Words of the page in English; every other language has exactly these keys. `{…}` is replaced by `text`. */
export const en = {
  'page.title': 'TRTC recorder box',
  'page.simulated':
    'Simulated rooms: nothing here was recorded from a real TRTC room. Start the box with --rooms trtc to record real ones.',
  'page.notAccepting': 'New recordings are refused at the moment:',
  'page.recordings': 'Recordings, newest first',
  'page.none': 'No recordings yet. Send a request with POST / or POST /api/recordings.',
  'page.older': 'Only the newest {count} are shown; GET /api/recordings lists them all.',
  'page.load': '{capturing} of {capacity} being recorded · {delivering} being delivered · {free} free on the disk',
  'column.room': 'Room',
  'column.user': 'Recorder',
  'column.mode': 'Mode',
  'column.state': 'State',
  'column.length': 'Length',
  'column.size': 'Size',
  'column.next': 'Next try',
  'column.details': 'Details',
  'link.json': 'JSON',
  'room.string': 'string room',
  'mode.00': 'sound, per user (MP3)',
  'mode.01': 'pictures, per user (MP4)',
  'mode.02': 'sound and pictures, per user (MP4)',
  'mode.10': 'sound (MP3)',
  'mode.11': 'pictures (MP4)',
  'mode.12': 'sound and pictures (MP4)',
  'state.accepted': 'accepted',
  'state.joining': 'entering the room',
  'state.waiting': 'in the room, waiting for somebody to speak or show',
  'state.recording': 'recording',
  'state.finalizing': 'finishing the file',
  'state.uploading': 'uploading to COS',
  'state.notifying': 'telling the caller',
  'state.done': 'done',
  'state.failed': 'failed',
  'end.dissolved': 'the room was dissolved',
  'end.kicked': 'the recorder was removed from the room',
  'end.idle': 'nobody was there any more',
  'end.maxLength': 'the maximum length was reached',
  'end.stopped': 'stopped on request',
  'end.disk': 'the disk reserve was reached',
  'end.shutdown': 'the box was shut down',
  'end.error': 'an error ended it',
  'next.inSeconds': 'in {seconds} s (try {attempt})',
  'next.now': 'now (try {attempt})',
  'next.blocked': 'waits until this is mended',
  'upload.progress': '{done} of {total} uploaded',
  'callback.parked': 'The caller could not be told ({error}). To send it again: POST {address}',
  'unit.none': '–',
} as const satisfies Record<`state.${RecordingState}`, string> &
  Record<`end.${EndReason}`, string> &
  Record<string, string>;

export type TextKey = keyof typeof en;
export type Texts = Readonly<Record<TextKey, string>>;
