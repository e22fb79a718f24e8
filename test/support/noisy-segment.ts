import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { FRAGMENTED_MP4 } from '../../main/capture/encode/ffmpeg-args.ts';
import { ffmpegPath } from './flash-and-beep.ts';

/** A segment as a capture process writes it, of about so many kilobytes a second, with a tone. */
export async function noisySegment(seconds: number, kilobytesPerSecond: number, ...coder: string[]): Promise<Buffer> {
  const sources = ['testsrc2=s=160x96:r=15,noise=alls=100:allf=t', 'sine=f=440:r=48000'];
  const rate = `${kilobytesPerSecond * 8}k`;
  const args = [
    ...['-v', 'error', ...sources.flatMap((source) => ['-f', 'lavfi', '-i', source]), '-t', `${seconds}`],
    ...['-pix_fmt', 'yuv420p', '-c:v', 'libx264', '-preset', 'ultrafast', '-g', '30', '-bf', '0'],
    ...['-b:v', rate, '-minrate', rate, '-maxrate', rate, '-bufsize', rate, ...coder],
    ...['-c:a', 'aac', '-ac', '1', ...FRAGMENTED_MP4, 'pipe:1'],
  ];
  const { stdout } = await promisify(execFile)(ffmpegPath, args, { encoding: 'buffer', maxBuffer: 1e9 });
  return stdout;
}

/** Some seconds for a participant of a simulated room that no encoder makes small, with a tone. */
export async function makeNoise(ffmpegPath: string, directory: string, size: string): Promise<string> {
  const file = path.join(directory, 'noise.mkv');
  const picture = `testsrc2=s=${size}:r=15,noise=alls=40:allf=t`;
  await promisify(execFile)(ffmpegPath, [
    ...['-v', 'error', '-nostdin', '-y', '-f', 'lavfi', '-i', picture, '-f', 'lavfi', '-i', 'sine=f=440:r=48000'],
    ...['-t', '4', '-pix_fmt', 'yuv420p', '-c:v', 'libx264', '-preset', 'ultrafast', '-crf', '10'],
    ...['-c:a', 'pcm_s16le', '-f', 'matroska', file],
  ]);
  return file;
}
