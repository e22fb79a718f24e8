import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { ffmpegPath } from '../../../test/support/flash-and-beep.ts';
import { FRAGMENTED_MP4 } from '../../capture/encode/ffmpeg-args.ts';
import { type Fmp4Summary, parseFmp4 } from '../../capture/encode/fmp4.ts';
import { memoryReader } from '../../capture/encode/random-access.ts';
import { LiveJoin } from './live-join.ts';

const run = promisify(execFile);

async function segment(...params: string[]): Promise<Fmp4Summary> {
  const args = ['-v', 'error', '-f', 'lavfi', '-i', 'testsrc=s=96x64:r=15', '-t', '1', '-pix_fmt', 'yuv420p'];
  const coder = ['-c:v', 'libx264', '-preset', 'ultrafast', '-x264-params', params.join(':')];
  const { stdout } = await run(ffmpegPath, [...args, ...coder, ...FRAGMENTED_MP4, 'pipe:1'], { encoding: 'buffer' });
  return await parseFmp4(memoryReader(stdout));
}

it('segments of two encoders that number their headers apart go on in one file, whose index tells of both', async () => {
  const [hardware, standIn, other] = await Promise.all([
    segment('ref=2'),
    segment('ref=1', 'sps-id=1'),
    segment('ref=4'),
  ]);
  const join = new LiveJoin({ summary: hardware, startMs: 0 }, 0);
  join.addSegment({ summary: standIn, startMs: 1000 }, 0);
  const index = join.result().file.trailer({ title: 'a', comment: 'b', creationTime: '2026-01-02T03:04:05Z' });
  /** The sets of an encoder, as they stand in its own segment. */
  const setsOf = ({ tracks }: Fmp4Summary): Buffer => {
    const description = tracks[0]!.sampleDescription;
    const at = description.indexOf('avcC') + 10;
    return description.subarray(at, at + 2 + description.readUInt16BE(at));
  };
  for (const summary of [hardware, standIn]) expect(index.includes(setsOf(summary))).toBe(true);
  expect(setsOf(hardware).equals(setsOf(standIn))).toBe(false);
  expect(() => join.addSegment({ summary: other, startMs: 2000 }, 0)).toThrow('different encoders');
});
