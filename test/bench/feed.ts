/**
 * Child process of the benchmark: enters the simulated room and only counts what arrives. What it spends is the price of the
 * stand-in for the SDK's native addon and of the SDK's own JavaScript, which no recorder in JavaScript can avoid.
 * Arguments: scenario file, path of ffmpeg, and between which seconds of the room its steady rate is measured. Prints one line of JSON, and
 * `entered` before it once it is in the room.
 */
import path from 'node:path';
import { openRoom } from '../../main/capture/room/open-room.ts';
import type { RoomListener } from '../../main/capture/room/room.ts';

const EXIT_TIMEOUT_MS = 1000;

const [scenarioPath = '', ffmpegPath = '', from = '0', until = '0'] = process.argv.slice(2);
const over = Promise.withResolvers<void>();
let startedAt = process.cpuUsage();
let frames = 0;
let blocks = 0;
/** Of a core, between the two given moments; 0 when the room ended before. */
let steady = 0;
const nothing = () => {};
const listener: RoomListener = {
  onEntered: () => {
    startedAt = process.cpuUsage();
    process.stdout.write('entered\n');
    setTimeout(measureSteady, Number(from) * 1000).unref();
  },
  onEnterFailed: (code, message) => over.reject(new Error(`${code} ${message}`)),
  onExited: () => over.resolve(),
  onUserEntered: nothing,
  onUserLeft: nothing,
  onVideoAvailable: (userId, stream, available) => {
    if (available) room.subscribe(userId, stream);
  },
  onAudioAvailable: nothing,
  onVideo: () => {
    frames += 1;
  },
  onAudio: () => {
    blocks += 1;
  },
  onFrameDropped: nothing,
  onConnection: nothing,
  onProblem: nothing,
};
const statePath = path.join(path.dirname(scenarioPath), `feed-${process.pid}.json`);
const room = await openRoom({ kind: 'simulated', scenarioPath, statePath }, ffmpegPath, listener, nothing);
room.enter({ sdkAppId: 1400000000, roomId: 1, userId: 'recorder', userSig: 'simulated', scene: 'live' });
await over.promise;
const cpuSeconds = secondsSince(startedAt);
await room.exit(EXIT_TIMEOUT_MS);
process.stdout.write(`${JSON.stringify({ cpuSeconds, steady, frames, blocks })}\n`, () => process.exit(0));

function secondsSince(earlier: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(earlier);
  return (user + system) / 1e6;
}

function measureSteady(): void {
  const earlier = process.cpuUsage();
  const beganMs = performance.now();
  setTimeout(
    () => {
      steady = secondsSince(earlier) / ((performance.now() - beganMs) / 1000);
    },
    (Number(until) - Number(from)) * 1000,
  ).unref();
}
