import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ffmpegPath, ffprobePath, mixBetween } from '../../../test/support/flash-and-beep.ts';
import { MatroskaWriter, TIMESTAMP_SCALE_NS } from './matroska.ts';

const run = promisify(execFile);
const MIX = { width: 64, height: 48, fps: 15 };
const TRACKS = { video: { ...MIX, matrix: 'bt601' as const }, audio: { sampleRate: 48_000, channels: 1 } };

interface Element {
  id: number;
  start: number;
  end: number;
}

/** Reads one element the way any EBML parser does, without knowledge of the writer. */
function readElement(bytes: Buffer, at: number): Element {
  const idLength = Math.clz32(bytes[at] ?? 0) - 23;
  const sizeLength = Math.clz32(bytes[at + idLength] ?? 0) - 23;
  const sizeAt = at + idLength;
  let size = (bytes[sizeAt] ?? 0) & (0xff >> sizeLength);
  let isUnknown = size === 0xff >> sizeLength;
  for (let index = 1; index < sizeLength; index += 1) {
    const byte = bytes[sizeAt + index] ?? 0;
    size = size * 256 + byte;
    isUnknown &&= byte === 0xff;
  }
  const start = sizeAt + sizeLength;
  return { id: bytes.readUIntBE(at, idLength), start, end: isUnknown ? Number.POSITIVE_INFINITY : start + size };
}

/** Times (in scale units) and tracks of all blocks of a stream without payloads. */
function readBlocks(headers: Buffer[]): { track: number; units: number; payload: number }[] {
  let cluster = 0;
  return headers.map((header) => {
    let at = 0;
    for (;;) {
      const element = readElement(header, at);
      if (element.id === 0xe7) {
        cluster = header.readUIntBE(element.start, element.end - element.start);
        at = element.end;
      } else if (element.id === 0xa3) {
        expect(header.length).toBe(element.start + 4);
        const relative = header.readInt16BE(element.start + 1);
        const track = (header[element.start] ?? 0) & 0x7f;
        return { track, units: cluster + relative, payload: element.end - element.start - 4 };
      } else {
        expect(element.id).toBe(0x1f43b675);
        at = element.start;
      }
    }
  });
}

describe('block headers', () => {
  it('keep every time to half a scale unit, in whatever order the tracks come', () => {
    const block = fc.record({
      track: fc.constantFrom('video' as const, 'audio' as const),
      timestampNs: fc.nat({ max: 100_000_000_000 }),
      payload: fc.nat({ max: 5_000_000 }),
    });
    fc.assert(
      fc.property(fc.array(block, { maxLength: 40 }), (blocks) => {
        const writer = new MatroskaWriter(TRACKS);
        const headers = blocks.map((one) => writer.blockHeader(one.track, one.timestampNs, one.payload));
        for (const [index, read] of readBlocks(headers).entries()) {
          const wanted = blocks[index];
          expect(read.track).toBe(wanted?.track === 'video' ? 1 : 2);
          expect(read.payload).toBe(wanted?.payload);
          expect(Math.abs(read.units * TIMESTAMP_SCALE_NS - (wanted?.timestampNs ?? 0))).toBeLessThanOrEqual(50_000);
        }
      }),
    );
  });

  it('stay right ten hours into a recording', () => {
    const writer = new MatroskaWriter(TRACKS);
    const tickNs = (tick: number): number => Math.round((tick / 15) * 1e9);
    const headers = [0, 1, 540_000, 540_001].map((tick) => writer.blockHeader('video', tickNs(tick), 1));
    expect(readBlocks(headers).map(({ units }) => units)).toEqual([0, 667, 360_000_000, 360_000_667]);
  });

  it('are refused for a track that the stream does not have, and before 0', () => {
    const writer = new MatroskaWriter({ ...TRACKS, audio: null });
    expect(() => writer.blockHeader('audio', 0, 1)).toThrow(TypeError);
    expect(() => writer.blockHeader('video', -1, 1)).toThrow(TypeError);
  });
});

describe('a stream read by ffmpeg', () => {
  let directory: string;
  let file: string;
  const hashes: string[] = [];

  beforeAll(async () => {
    directory = await mkdtemp(path.join(os.tmpdir(), 'matroska-'));
    file = path.join(directory, 'stream.mkv');
    const writer = new MatroskaWriter(TRACKS);
    const parts = [writer.header()];
    const target = {
      writePicture: (canvas: Uint8Array, timestampNs: number) => {
        hashes.push(createHash('md5').update(canvas).digest('hex'));
        parts.push(writer.blockHeader('video', timestampNs, canvas.length), Buffer.from(canvas));
      },
      writeAudio: (pcm: Int16Array, timestampNs: number) => {
        parts.push(writer.blockHeader('audio', timestampNs, pcm.byteLength), Buffer.from(pcm.buffer));
      },
    };
    Array.from(mixBetween(MIX, 0, 5000, target));
    await writeFile(file, Buffer.concat(parts));
  });

  afterAll(() => rm(directory, { recursive: true, force: true }));

  it('holds the pictures byte for byte', async () => {
    const { stdout } = await run(ffmpegPath, ['-v', 'error', '-i', file, '-map', '0:v', '-f', 'framemd5', '-']);
    const read = stdout.split('\n').filter((line) => line && !line.startsWith('#'));
    expect(read.map((line) => line.split(',').at(-1)?.trim())).toEqual(hashes);
  });

  it('has the times to 0.1 ms and says what the pictures are', async () => {
    const show = ['-show_entries', 'packet=stream_index,pts_time', '-show_streams', '-of', 'json'];
    const { stdout } = await run(ffprobePath, ['-v', 'error', ...show, file]);
    const { packets, streams } = JSON.parse(stdout) as {
      packets: { stream_index: number; pts_time: string }[];
      streams: Record<string, unknown>[];
    };
    const times = (stream: number): number[] =>
      packets.filter((packet) => packet.stream_index === stream).map((packet) => Number(packet.pts_time));
    const offBy = (seconds: number[], step: number): number =>
      Math.max(...seconds.map((second, index) => Math.abs(second - index * step)));
    expect(times(0)).toHaveLength(75);
    expect(times(1)).toHaveLength(250);
    expect(offBy(times(0), 1 / 15)).toBeLessThanOrEqual(0.0001);
    expect(offBy(times(1), 0.02)).toBeLessThanOrEqual(1e-9);
    expect(streams[0]).toMatchObject({
      pix_fmt: 'yuv420p',
      color_range: 'tv',
      color_space: 'smpte170m',
      chroma_location: 'left',
      avg_frame_rate: '15/1',
    });
    expect(streams[1]).toMatchObject({ codec_name: 'pcm_s16le', sample_rate: '48000', channels: 1 });
  });
});
