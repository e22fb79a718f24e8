/** What a finished file says about itself, apart from its chapters. Players and ffprobe show all of it. */
export interface MediaMetadata {
  title: string;
  comment: string;
  /** Start of the recording, ISO 8601 in UTC. */
  creationTime: string;
  /** Whose recording it is: the recorder's user, or the recorded one in a file of a single user. */
  artist?: string | undefined;
  /** Integer room as digits, or the name of a string room. */
  room?: string | undefined;
  boxId?: string | undefined;
  recordingId?: string | undefined;
  /** Name and version of the recorder; goes where encoders put theirs. */
  recorderVersion?: string | undefined;
}

/** Facts that no format has a field for, under the names they get in every format; facts that are not known are left out. */
export function namedFacts(metadata: MediaMetadata): { name: string; value: string }[] {
  const { room, boxId, recordingId } = metadata;
  const facts = { room, box_id: boxId, recording_id: recordingId };
  return Object.entries(facts).flatMap(([name, value]) => (value ? [{ name, value }] : []));
}
