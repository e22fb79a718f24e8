import { createAddon } from '../../main/capture/room/simulated/addon.ts';
import type { NativeCloud } from '../../main/capture/room/simulated/native-cloud.ts';
import type { ScenarioRoom } from '../../main/capture/room/simulated/scenario.ts';
import { generatedSetup, manualClock, type SetupParts, turns } from './simulated-parts.ts';

export type PictureArgs = [string, number, number, number, number, number, boolean, number];
interface SoundFrame {
  data: Buffer;
  length: number;
  sampleRate: number;
  channel: number;
  timestamp: number;
}

/** Bytes of a generated picture. */
export const FRAME = 32 * 16 * 1.5;
const clouds: NativeCloud[] = [];

/** One native instance of the simulated addon, driven as the SDK's JavaScript drives the real one. */
export function openAddon(room: Partial<ScenarioRoom>, parts: Partial<SetupParts> = {}) {
  const clock = manualClock();
  const addon = createAddon(() => generatedSetup(room, { clock, ...parts }));
  const cloud = new addon.NodeTRTCCloud({ jsVersion: 'test' });
  clouds.push(cloud);
  const events: string[] = [];
  const rawEvents: unknown[][] = [];
  const sounds: { userId: string; frame: SoundFrame; first: number }[] = [];
  cloud.setTRTCCloudCallback((args) => {
    rawEvents.push(args);
    events.push([args[0], ...Object.values(args[1])].join(' '));
  });
  cloud.setDefaultStreamRecvMode(true, false);
  const onSound = (frame: SoundFrame, userId: string) =>
    sounds.push({ userId, frame, first: frame.data.readInt16LE(0) });
  cloud.setAudioFrameCallback(null, null, onSound, null, null);
  const enter = async () => {
    cloud.enterRoom({ roomId: 43474, strRoomId: '', userId: 'rec' }, 1);
    await turns();
  };
  return { clock, cloud, events, rawEvents, sounds, enter };
}

/** Takes a user's pictures as the SDK does: a new buffer whenever a size is announced. */
export function look(cloud: NativeCloud, userId: string, streamType = 0) {
  const seen = {
    messages: [] as PictureArgs[],
    firstBytes: [] as number[],
    buffer: Buffer.alloc(640 * 360 * 1.5),
    id: 1,
  };
  const setBuffer = (width: number, height: number) =>
    cloud.setRemoteVideoBuffer(userId, seen.buffer, streamType, width, height, 1, seen.id);
  setBuffer(640, 360);
  cloud.addRemoteVideoRenderCallback(
    userId,
    (args) => {
      seen.messages.push(args);
      const [, , width, height, , , valid] = args;
      if (valid) {
        seen.firstBytes.push(seen.buffer[0] ?? -1);
      } else {
        seen.buffer = Buffer.alloc(Math.trunc(width * height * 1.5));
        seen.id += 1;
        setBuffer(width, height);
      }
    },
    1,
  );
  cloud.startRemoteView(userId, streamType);
  return seen;
}

/** Pictures alone, without size messages. */
export const valid = (messages: PictureArgs[]) => messages.filter((args) => args[6] === true);

/** Ends every instance a test has opened. */
export function destroyClouds(): void {
  for (const cloud of clouds.splice(0)) cloud.destroy();
}
