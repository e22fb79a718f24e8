import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** What is played in the self-test's room, and therefore has to be in its file. */
export const CLIP = { colour: { red: 0x20, green: 0x60, blue: 0xc0 }, toneHz: 1000, width: 320, height: 180, fps: 15 };
export const ROOM_ID = 1;
/** The room is dissolved this long after the recorder entered. */
export const ROOM_SECONDS = 4;

const CLIP_SECONDS = 3;
const DRAW_TIMEOUT_MS = 30_000;

/** Draws one colour and voices one tone. @throws when the encoder cannot. */
export async function makeClip(ffmpegPath: string, file: string, signal: AbortSignal): Promise<void> {
  const { colour, toneHz, width, height, fps } = CLIP;
  const hex = [colour.red, colour.green, colour.blue].map((part) => part.toString(16).padStart(2, '0')).join('');
  await run(
    ffmpegPath,
    [
      ...['-v', 'error', '-nostdin', '-y'],
      ...['-f', 'lavfi', '-i', `color=c=0x${hex}:s=${width}x${height}:r=${fps}`],
      ...['-f', 'lavfi', '-i', `sine=f=${toneHz}:r=48000`],
      ...['-filter_complex', '[1:a]volume=4[a]', '-map', '0:v', '-map', '[a]', '-t', String(CLIP_SECONDS)],
      ...['-pix_fmt', 'yuv420p', '-c:v', 'libx264', '-preset', 'ultrafast', '-crf', '10', '-c:a', 'pcm_s16le'],
      ...['-f', 'matroska', file],
    ],
    { timeout: DRAW_TIMEOUT_MS, signal },
  );
}

/** Writes the scenario of a room in which the clip is played. @returns its file. */
export async function writeScenario(directory: string, clip: string): Promise<string> {
  const room = {
    participants: [{ userId: 'self_test', media: clip }],
    events: [{ at: ROOM_SECONDS, type: 'dissolve' }],
  };
  const file = path.join(directory, 'scenario.json');
  await writeFile(file, JSON.stringify({ rooms: { [ROOM_ID]: room } }));
  return file;
}
