import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { ffmpegPath } from './flash-and-beep.ts';

/** A segment of sound alone as a capture process writes it: a tone that rises, so that no two places are the same. */
export async function soundSegment(seconds: number, kilobitsPerSecond: number, ...coder: string[]): Promise<Buffer> {
  const source = `aevalsrc=exprs=0.3*sin(2*PI*(200+20*t)*t):s=48000:d=${seconds}`;
  const bare = ['-c:a', 'libmp3lame', '-ac', '1', '-b:a', `${kilobitsPerSecond}k`, ...coder];
  const args = ['-v', 'error', '-f', 'lavfi', '-i', source, ...bare, '-write_xing', '0', '-id3v2_version', '0'];
  const options = { encoding: 'buffer', maxBuffer: 1e9 } as const;
  return (await promisify(execFile)(ffmpegPath, [...args, '-f', 'mp3', 'pipe:1'], options)).stdout;
}
