import { randomUUID } from 'node:crypto';

const UUID_LENGTH = 36;

/**
 * The id of a new recording: a UUID. A box that has a name in its fleet puts it before, `box1-0b51b3f4-…`, so that whoever sees the id
 * knows whom to ask.
 */
export function newRecordingId(boxName: string | null, uuid: string = randomUUID()): string {
  return boxName === null ? uuid : `${boxName}-${uuid}`;
}

/** What of an id is random; the name of a box is the same in all of its ids. */
export function uuidOf(id: string): string {
  return id.slice(-UUID_LENGTH);
}
