import { open } from 'node:fs/promises';
import { parseFmp4 } from './fmp4.ts';
import { MP3_DELAY_SAMPLES, parseMp3 } from './mp3.ts';
import { fileReader, type RandomAccessReader } from './random-access.ts';

/**
 * Milliseconds of readable media in a segment file, counted from its own start; with pictures and sound, the shorter of the two. A
 * file that is missing, empty or unusable has none; other read errors reject.
 */
export async function timelineEnd(file: string, kind: 'mp4' | 'mp3'): Promise<number> {
  let handle: Awaited<ReturnType<typeof open>>;
  try {
    handle = await open(file, 'r');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return 0;
    throw error;
  }
  try {
    return await readableMs(await fileReader(handle), kind);
  } finally {
    await handle.close();
  }
}

/** As `timelineEnd`, of bytes that are already open. */
export async function readableMs(reader: RandomAccessReader, kind: 'mp4' | 'mp3'): Promise<number> {
  if (kind === 'mp3') {
    const { samples, sampleRate } = await parseMp3(reader);
    return sampleRate === 0 ? 0 : Math.max(0, ((samples - MP3_DELAY_SAMPLES) / sampleRate) * 1000);
  }
  const { tracks } = await parseFmp4(reader);
  const endsMs = tracks.map((track) => (track.sampleCount === 0 ? 0 : (track.endPts / track.timescale) * 1000));
  return endsMs.length === 0 ? 0 : Math.max(0, Math.min(...endsMs));
}
