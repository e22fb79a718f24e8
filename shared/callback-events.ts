/**
 * What a caller may ask to be told of on the way, beside the result at the end (request key `Event`). Names are part of the API: they
 * are added, never renamed.
 */
export const CALLBACK_EVENTS = [
  /** The recorder is in the room for the first time; nobody needs to be there yet. */
  'recording.waiting',
  /** The first participant came: there is somebody to record. */
  'recording.started',
  /** The recorder is out of the room, or its connection is lost; the recording goes on by itself. */
  'recording.interrupted',
  /** After `recording.interrupted`: the recorder is in the room again. */
  'recording.resumed',
  /** Recording is over; the files are being made and delivered. */
  'recording.ended',
  /** The upload stands still until somebody corrects something. */
  'upload.blocked',
  /** After `upload.blocked`: it goes on. */
  'upload.resumed',
  /** The UserSig expires soon while the recording is running. */
  'usersig.expiring',
] as const;
export type CallbackEvent = (typeof CALLBACK_EVENTS)[number];

/** Body of an event's POST. It never has the result's key `Files`, by which a receiver can tell the two. */
export interface CallbackEventBody {
  Event: CallbackEvent;
  /** The same in every try; equals the header `x-delivery-id`. */
  EventId: string;
  /** When it happened: milliseconds since 1970. */
  EventMs: number;
  RequestId: string;
  /** The next four are written as in the result. */
  SdkAppId: string;
  RoomId: string;
  UserId: string;
  StrRoomId: string;
  /** Facts of this event; keys depend on `Event`. */
  Data: Readonly<Record<string, unknown>>;
}
