import type { RoomsSource } from '../messages.ts';
import type { RoomLog } from './log.ts';
import type { Room, RoomListener } from './room.ts';
import { loadSdk } from './trtc/sdk.ts';
import { createTrtcRoom } from './trtc/trtc-room.ts';

/**
 * Makes a room over the SDK, with its real native addon or the simulated one. One room at a time per process.
 * Rejects with an `SdkError` of code `ADDON_MISSING` when real rooms are asked for and the addon is not installed.
 */
export async function openRoom(
  rooms: RoomsSource,
  ffmpegPath: string,
  listener: RoomListener,
  log: RoomLog,
): Promise<Room> {
  const isSimulated = rooms.kind === 'simulated';
  if (isSimulated) {
    const { configureSimulation } = await import('./simulated/configuration.ts');
    configureSimulation({ scenarioPath: rooms.scenarioPath, statePath: rooms.statePath, ffmpegPath, log });
  }
  const sdk = await loadSdk({ rooms: rooms.kind, log });
  return createTrtcRoom(sdk, listener, { simulated: isSimulated, log });
}
