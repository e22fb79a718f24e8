import type { CallbackEvent, CallbackEventBody } from '../../shared/callback-events.ts';
import type { RecordingRow } from '../store/rows.ts';

/** What an event of a recording says to its caller; room and user are written as in the result. */
export function eventBody(
  recording: Pick<RecordingRow, 'id' | 'sdkAppId' | 'roomId' | 'strRoomId' | 'userId' | 'simulated'>,
  event: { event: CallbackEvent; data: Readonly<Record<string, unknown>>; eventId: string; atMs: number },
): CallbackEventBody & { Simulated?: true } {
  return {
    Event: event.event,
    EventId: event.eventId,
    EventMs: event.atMs,
    RequestId: recording.id,
    SdkAppId: String(recording.sdkAppId),
    RoomId: recording.roomId === null ? '' : String(recording.roomId),
    UserId: recording.userId,
    StrRoomId: recording.strRoomId ?? '',
    Data: event.data,
    ...(recording.simulated ? { Simulated: true } : {}),
  };
}
