import type { RecordingAnswer } from '../../../shared/api/views.ts';
import { CAPTURING_STATES, TERMINAL_STATES } from '../../../shared/recording.ts';

/** What can be done with a recording as it is. */
export interface Possible {
  stop: boolean;
  retry: boolean;
  resend: boolean;
  delete: boolean;
}

const isIn = (states: readonly string[], state: string): boolean => states.includes(state);

export function possibleWith(recording: RecordingAnswer): Possible {
  const { state, blocked, waiting, result, request } = recording;
  const isOver = isIn(TERMINAL_STATES, state);
  return {
    stop: isIn(CAPTURING_STATES, state),
    retry:
      (blocked ?? waiting) !== null ||
      (state === 'notifying' && recording.callbacks.some(({ attempts }) => attempts > 0)),
    resend: isOver && result !== null && request.Callback !== null,
    delete: !isIn(CAPTURING_STATES, state),
  };
}

/** Whether everything of it is in COS and its caller knows; the box judges again, and more strictly. */
export function isDelivered({ state, files, callbacks }: RecordingAnswer): boolean {
  return (
    isIn(TERMINAL_STATES, state) &&
    files.every((file) => file.state === 'uploaded') &&
    callbacks.every((callback) => callback.state !== 'pending')
  );
}

/** Files that a deletion takes from the box, and their size together. */
export function localFiles({ files }: Pick<RecordingAnswer, 'files'>): { count: number; bytes: number } {
  const local = files.filter(({ localPath }) => localPath !== null);
  return { count: local.length, bytes: local.reduce((sum, { bytes }) => sum + bytes, 0) };
}

/** How a file is, for the eye: one whose upload is tried again and again is not on its way while nothing moves. */
export function fileStateOf(
  file: Pick<RecordingAnswer['files'][number], 'state'>,
  { state, blocked, waiting }: Pick<RecordingAnswer, 'state' | 'blocked' | 'waiting'>,
): RecordingAnswer['files'][number]['state'] | 'stands' | 'waits' {
  if (state !== 'uploading' || (file.state !== 'uploading' && file.state !== 'local')) return file.state;
  return blocked ? 'stands' : waiting ? 'waits' : file.state;
}

/** What stands in the way, said once: the box begins some messages with their code. */
export function sentenceOf(message: string, code: string): string {
  const said = message.startsWith(`${code}: `) ? message.slice(code.length + 2) : message;
  if (/[.!?。！？]$/.test(said)) return said;
  return /[\u4e00-\u9fff）]$/.test(said) ? `${said}。` : `${said}.`;
}

/** JSON as people read it; text that is none stays as it is. */
export function prettyJson(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}
