import type { Room, RoomListener, RoomParams } from '../../main/capture/room/room.ts';
import { configureSetup } from '../../main/capture/room/simulated/configuration.ts';
import type { ScenarioRoom } from '../../main/capture/room/simulated/scenario.ts';
import { loadSdk } from '../../main/capture/room/trtc/sdk.ts';
import { createTrtcRoom } from '../../main/capture/room/trtc/trtc-room.ts';
import { generatedSetup, hear, type ManualClock, manualClock, type SetupParts, turns } from './simulated-parts.ts';

export const PARAMS: RoomParams = { sdkAppId: 1, roomId: 43474, userId: 'rec', userSig: 'secret-sig', scene: 'live' };
export const quiet = () => undefined;
const rooms: Room[] = [];

/** A room over the vendor's own JavaScript and the simulated addon, with generated media and a clock that the test moves. */
export async function openTrtcRoom(
  scene: Partial<ScenarioRoom>,
  extra: Partial<Omit<SetupParts, 'clock'>> & { listener?: Partial<RoomListener>; clock?: ManualClock } = {},
) {
  const clock = extra.clock ?? manualClock();
  configureSetup(generatedSetup(scene, { ...extra, clock }));
  const sdk = await loadSdk({ rooms: 'simulated', log: quiet });
  const logged: string[] = [];
  const heard = hear(extra.listener);
  const room = createTrtcRoom(sdk, heard.listener, {
    simulated: true,
    log: (level, message, data) => logged.push(`${level} ${message} ${JSON.stringify(data)}`),
    after: (delayMs, callback) => clock.after(delayMs, callback),
  });
  rooms.push(room);
  return { room, clock, heard, logged };
}

/** The same, and the recorder has been let in. */
export async function enterTrtcRoom(scene: Partial<ScenarioRoom>, extra: Parameters<typeof openTrtcRoom>[1] = {}) {
  const opened = await openTrtcRoom(scene, extra);
  opened.room.enter(PARAMS);
  await turns();
  return opened;
}

/** First byte of each picture: its number. */
export const firsts = (pictures: { first: number }[]) => pictures.map((one) => one.first);

/** Ends every room a test has opened. */
export function disposeRooms(): void {
  for (const room of rooms.splice(0)) room.dispose();
}
