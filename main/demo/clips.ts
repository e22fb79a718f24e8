import { spawn } from 'node:child_process';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';

/** A participant of the demo: what he looks and sounds like, and when he is in the room (seconds since the recorder entered). */
interface DemoParticipant {
  userId: string;
  background: string;
  marker: string;
  /** Two partials and a rhythm, so that voices can be told apart by ear. */
  toneHz: number;
  rhythmHz: number;
  stays: [number, number][];
  changes?: Record<string, unknown>[];
}

export const DEMO_ROOM = '43474';
/** The room is dissolved this many seconds after the recorder entered. */
export const DEMO_SECONDS = 20;
const CLIP_SECONDS = 8;
const CLIP_SIZE = '640x360';
const CLIP_FPS = 15;

const PARTICIPANTS: readonly DemoParticipant[] = [
  { userId: 'user_a', background: '0x1f4e79', marker: 'yellow', toneHz: 220, rhythmHz: 2, stays: [[0, DEMO_SECONDS]] },
  { userId: 'user_b', background: '0x7b2d26', marker: 'cyan', toneHz: 330, rhythmHz: 3, stays: [[2, 16]] },
  {
    userId: 'user_c',
    background: '0x2e6b3a',
    marker: 'magenta',
    toneHz: 494,
    rhythmHz: 4,
    stays: [
      [4, 9],
      [13, DEMO_SECONDS],
    ],
  },
  {
    userId: 'user_d',
    background: '0x5b3a82',
    marker: 'white',
    toneHz: 659,
    rhythmHz: 1.5,
    stays: [[6, DEMO_SECONDS]],
    changes: [
      { at: 10, video: false },
      { at: 12, video: true },
    ],
  },
];

const MEDIA_EXTENSIONS = new Set(['.mp4', '.mkv', '.mov', '.webm', '.avi']);

/** Runs ffmpeg to its end. @throws with the last lines of its complaint. */
function runFfmpeg(ffmpegPath: string, args: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(ffmpegPath, ['-hide_banner', '-loglevel', 'error', '-nostdin', '-y', ...args], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let complaint = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      complaint = (complaint + text).slice(-2_000);
    });
    child.on('error', reject);
    child.on('close', (code) =>
      code === 0 ? resolve() : reject(new Error(`ffmpeg ended with ${code}: ${complaint}`)),
    );
  });
}

/** drawtext reads `:` and `\` as its own; a path has to be escaped twice (option, then filter graph). */
function filterPath(file: string): string {
  return file.replaceAll('\\', '/').replaceAll(':', '\\\\:');
}

/** Draws and voices one participant: name, running clock, a moving marker; a rhythmic tone of his own. */
async function drawClip(ffmpegPath: string, who: DemoParticipant, file: string): Promise<void> {
  const fonts = path.dirname(createRequire(import.meta.url).resolve('dejavu-fonts-ttf/ttf/DejaVuSans-Bold.ttf'));
  const text = (font: string, content: string, size: number, y: string) =>
    `drawtext=fontfile=${filterPath(path.join(fonts, font))}:text='${content}':fontsize=${size}:fontcolor=white:x=(w-tw)/2:y=${y}`;
  const picture = [
    text('DejaVuSans-Bold.ttf', who.userId, 72, 'h*0.16'),
    text('DejaVuSansMono.ttf', '%{pts\\:hms}', 48, 'h*0.46'),
  ].join(',');
  await runFfmpeg(ffmpegPath, [
    ...['-f', 'lavfi', '-i', `color=c=${who.background}:s=${CLIP_SIZE}:r=${CLIP_FPS}`],
    ...['-f', 'lavfi', '-i', `color=c=${who.marker}:s=48x48:r=${CLIP_FPS}`],
    ...['-f', 'lavfi', '-i', `sine=f=${who.toneHz}:r=48000`],
    ...['-f', 'lavfi', '-i', `sine=f=${who.toneHz * 1.5}:r=48000`],
    '-filter_complex',
    `[0:v]${picture}[named];[named][1:v]overlay=x='mod(t*150\\,W-w)':y=H*0.76[v];` +
      `[2:a]volume=2.4[low];[3:a]volume=1.0[high];[low][high]amix=inputs=2,tremolo=f=${who.rhythmHz}:d=0.9[a]`,
    ...['-map', '[v]', '-map', '[a]', '-t', String(CLIP_SECONDS), '-pix_fmt', 'yuv420p'],
    ...['-c:v', 'libx264', '-preset', 'veryfast', '-c:a', 'aac', '-ac', '1', file],
  ]);
}

/** Clips of a directory, by name; used in the order of their names. */
async function clipsOf(directory: string): Promise<string[]> {
  const names = (await readdir(directory)).filter((name) => MEDIA_EXTENSIONS.has(path.extname(name).toLowerCase()));
  if (names.length === 0) {
    throw new Error(
      `${directory} holds no clips (${[...MEDIA_EXTENSIONS].join(', ')}); give another directory with --media`,
    );
  }
  return names.sort().map((name) => path.resolve(directory, name));
}

/**
 * Writes the demo's scenario and, unless `mediaDirectory` brings real clips, its participants' clips.
 * @returns the scenario file.
 */
export async function prepareScenario(options: {
  directory: string;
  ffmpegPath: string;
  mediaDirectory?: string | undefined;
}): Promise<string> {
  const { directory, ffmpegPath, mediaDirectory } = options;
  await mkdir(directory, { recursive: true });
  const real = mediaDirectory ? await clipsOf(mediaDirectory) : null;
  const participants = await Promise.all(
    PARTICIPANTS.map(async (who, index) => {
      const media = real ? real[index % real.length] : path.join(directory, `${who.userId}.mp4`);
      if (!real && media) await drawClip(ffmpegPath, who, media);
      const { userId, stays, changes } = who;
      return { userId, media, stays, size: CLIP_SIZE, fps: CLIP_FPS, ...(changes ? { changes } : {}) };
    }),
  );
  const scenario = {
    rooms: { [DEMO_ROOM]: { participants, events: [{ at: DEMO_SECONDS, type: 'dissolve' }] } },
  };
  const file = path.join(directory, 'scenario.json');
  await writeFile(file, JSON.stringify(scenario, null, 2));
  return file;
}
