import { EventEmitter } from 'node:events';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { PassThrough, Writable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { beeps, decodeErrors, flashes, lumaOfTick, lumas, probe } from '../../../test/support/flash-and-beep.ts';
import { FFMPEG_BUILDS, openRecorder, SMALL_VIDEO, until } from '../../../test/support/segment-recording.ts';
import { type EncoderChild, SegmentEncoder } from './encoder.ts';
import { realSegmentFileSystem, type SegmentFileSystem, type SegmentHandle } from './segment-file.ts';
import { timelineEnd } from './timeline-end.ts';

const TRACKS = {
  video: { width: 64, height: 64, fps: 15, matrix: 'bt601' as const },
  audio: { sampleRate: 48_000, channels: 1 },
};
const PICTURE = new Uint8Array(64 * 64 * 1.5);
const BLOCK = new Int16Array(960);

let directory: string;
let files = 0;
const nextFile = (): string => {
  files += 1;
  return path.join(directory, `segment-${files}`);
};

beforeAll(async () => {
  directory = await mkdtemp(path.join(os.tmpdir(), 'encoder-'));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

describe.each(FFMPEG_BUILDS)('four seconds through %s', (ffmpeg) => {
  it('with pictures and sound become a file in step', async () => {
    const file = nextFile();
    const recorder = await openRecorder({ file, mode: '12', ffmpeg });
    await recorder.feed(0, 4000);
    const result = await recorder.encoder.finish(20_000);
    expect(result).toEqual({ bytes: (await stat(file)).size, clean: true });
    expect(recorder).toMatchObject({ deaths: [], writeErrors: [] });
    expect(recorder.encoder.bytesSynced).toBe(result.bytes);
    expect(await timelineEnd(file, 'mp4')).toBeCloseTo(4000, 3);
    expect(await decodeErrors(file, ffmpeg)).toBe('');
    expect(await flashes(file)).toEqual([0, 1, 2, 3]);
    for (const [second, at] of (await beeps(file)).entries()) expect(Math.abs(at - second)).toBeLessThan(0.001);
    const { streams } = await probe(file);
    expect(streams.map((stream) => stream.codec_name)).toEqual(['h264', 'aac']);
    expect(streams[0]).toMatchObject({ pix_fmt: 'yuv420p', color_space: 'smpte170m', color_range: 'tv' });
  });

  it('with pictures alone keep every picture at its time', async () => {
    const file = nextFile();
    const recorder = await openRecorder({ file, mode: '11', ffmpeg });
    await recorder.feed(0, 4000);
    expect(await recorder.encoder.finish(20_000)).toMatchObject({ clean: true });
    const pictures = await lumas(file, ffmpeg);
    expect(pictures).toHaveLength(60);
    for (const [tick, { seconds, luma }] of pictures.entries()) {
      expect(seconds).toBeCloseTo(tick / 15, 4);
      expect(Math.abs(luma - lumaOfTick(SMALL_VIDEO, tick))).toBeLessThan(3);
    }
    expect((await probe(file)).streams).toHaveLength(1);
  });

  it('with sound alone become an MP3', async () => {
    const file = nextFile();
    const recorder = await openRecorder({ file, mode: '10', ffmpeg });
    await recorder.feed(0, 4000);
    expect(await recorder.encoder.finish(20_000)).toMatchObject({ clean: true });
    expect(await decodeErrors(file, ffmpeg)).toBe('');
    expect(await beeps(file)).toHaveLength(4);
    expect(Math.abs((await timelineEnd(file, 'mp3')) - 4000)).toBeLessThan(30);
  });

  it('with pictures left out lose no time', async () => {
    const file = nextFile();
    const recorder = await openRecorder({ file, mode: '11', ffmpeg });
    const { encoder } = recorder;
    const canvas = new Uint8Array((SMALL_VIDEO.width * SMALL_VIDEO.height * 3) / 2);
    for (const tick of [0, 1, 2, 20, 21, 44])
      encoder.writePicture(canvas.fill(tick * 4), Math.round((tick / 15) * 1e9));
    expect(await encoder.finish(20_000)).toMatchObject({ clean: true });
    const times = (await lumas(file, ffmpeg)).map(({ seconds }) => Math.round(seconds * 15));
    expect(times).toEqual([0, 1, 2, 20, 21, 44]);
  });
});

it('leaves a readable beginning when ffmpeg is killed', async () => {
  const file = nextFile();
  let child: EncoderChild | undefined;
  const { spawn } = await import('node:child_process');
  const recorder = await openRecorder({
    file,
    mode: '12',
    overrides: {
      spawnEncoder: (program, args) => {
        child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'] });
        return child;
      },
    },
  });
  await recorder.feed(0, 8000, (tick) => {
    if (tick === 75) child?.kill('SIGKILL');
  });
  await until(() => recorder.deaths.length > 0);
  expect(recorder.deaths).toMatchObject([{ signal: 'SIGKILL', stalled: false }]);
  expect(recorder.encoder.writePicture(new Uint8Array((192 * 108 * 3) / 2), 9e9)).toBe('skipped');
  expect(await recorder.encoder.finish(0)).toMatchObject({ clean: false });
  const endMs = await timelineEnd(file, 'mp4');
  expect(endMs).toBeGreaterThan(2500);
  expect(endMs).toBeLessThanOrEqual(5100);
  expect((await flashes(file)).slice(0, 3)).toEqual([0, 1, 2]);
});

/** A child that is only a set of streams; its stdin is read when told to. */
class StandIn extends EventEmitter {
  readonly pid = 1;
  readonly stdout = new PassThrough();
  readonly stderr = new PassThrough();
  readonly signals: string[] = [];
  readonly stdin: Writable;
  #resume: (() => void)[] = [];
  constructor(options: { reads: boolean }) {
    super();
    this.stdin = new Writable({
      write: (_chunk, _encoding, done) => {
        if (options.reads) done();
        else this.#resume.push(done);
      },
      final: (done) => {
        done();
        this.exit(0, null);
      },
    });
  }
  readSome(): void {
    for (const done of this.#resume.splice(0)) done();
  }
  kill(signal: string): boolean {
    this.signals.push(signal);
    if (signal === 'SIGKILL') this.exit(null, 'SIGKILL');
    return true;
  }
  exit(code: number | null, signal: string | null): void {
    this.stdout.end();
    setImmediate(() => this.emit('close', code, signal));
  }
}

interface Told {
  died: unknown[];
  failed: Error[];
}

function openWithStandIn(
  options: { reads: boolean },
  overrides: Partial<ConstructorParameters<typeof SegmentEncoder>[0]> = {},
): { child: StandIn; encoder: SegmentEncoder; told: Told; file: string } {
  const child = new StandIn(options);
  const told: Told = { died: [], failed: [] };
  const file = nextFile();
  const encoder = new SegmentEncoder({
    ffmpegPath: 'none',
    args: [],
    tracks: TRACKS,
    file,
    listener: { onDied: (death) => told.died.push(death), onWriteError: (error) => told.failed.push(error) },
    spawnEncoder: () => child as unknown as EncoderChild,
    killStepMs: 20,
    ...overrides,
  });
  return { child, encoder, told, file };
}

describe('an encoder that stops reading', () => {
  it('is given no more than two seconds of pictures at its start, one later, and all the sound', async () => {
    const { child, encoder } = openWithStandIn({ reads: false });
    const outcomes = Array.from({ length: 200 }, (_, tick) => encoder.writePicture(PICTURE, tick * 66_666_667));
    expect(outcomes.filter((outcome) => outcome === 'written')).toHaveLength(30);
    expect(encoder).toMatchObject({ picturesWritten: 30, picturesSkipped: 170 });
    const before = encoder.backlogBytes;
    expect(before).toBeLessThan(31 * PICTURE.length);
    for (let block = 0; block < 100; block += 1) encoder.writeAudio(BLOCK, block * 20_000_000);
    await Promise.resolve();
    expect(encoder.backlogBytes - before).toBeGreaterThanOrEqual(100 * BLOCK.byteLength);
    await until(() => child.stdin.writableLength > 0);
    await until(() => {
      child.readSome();
      return encoder.backlogBytes === 0;
    });
    const later = Array.from({ length: 40 }, (_, tick) => encoder.writePicture(PICTURE, 15e9 + tick * 66_666_667));
    expect(later.filter((outcome) => outcome === 'written')).toHaveLength(15);
    await encoder.finish(0);
  });

  it('copies what it is given, since the canvas goes on changing', async () => {
    const received: Buffer[] = [];
    const { child, encoder } = openWithStandIn({ reads: true });
    child.stdin._write = (chunk: Buffer, _encoding, done) => {
      received.push(Buffer.from(chunk));
      done();
    };
    const canvas = new Uint8Array(PICTURE.length).fill(11);
    encoder.writePicture(canvas, 0);
    canvas.fill(22);
    await until(() => received.some((chunk) => chunk.length >= canvas.length));
    const picture = Buffer.concat(received).subarray(-canvas.length);
    expect(picture.every((byte) => byte === 11)).toBe(true);
    await encoder.finish(1000);
  });

  it('is killed when it reads nothing for long, and reported', async () => {
    let nowMs = 0;
    const { child, encoder, told } = openWithStandIn({ reads: false }, { nowMs: () => nowMs, stallTimeoutMs: 15_000 });
    encoder.writePicture(PICTURE, 0);
    await until(() => child.stdin.writableLength > 0);
    nowMs = 14_999;
    encoder.writeAudio(BLOCK, 0);
    expect(child.signals).toEqual([]);
    nowMs = 15_001;
    encoder.writeAudio(BLOCK, 20_000_000);
    expect(child.signals).toEqual(['SIGKILL']);
    await until(() => told.died.length > 0);
    expect(told.died).toMatchObject([{ signal: 'SIGKILL', stalled: true }]);
    expect(encoder.backlogBytes).toBeLessThan(2 * PICTURE.length);
  });
});

describe('the end', () => {
  it('asked of an encoder that will not is forced', async () => {
    const { child, encoder } = openWithStandIn({ reads: false });
    encoder.writePicture(PICTURE, 0);
    expect(await encoder.finish(20)).toMatchObject({ clean: false });
    expect(child.signals).toEqual(['SIGTERM', 'SIGKILL']);
  });

  it('asked twice is one end, and reports no death', async () => {
    const { encoder, told } = openWithStandIn({ reads: true });
    encoder.writePicture(PICTURE, 0);
    const [first, second] = await Promise.all([encoder.finish(20_000), encoder.finish(1)]);
    expect(first).toBe(second);
    expect(first).toMatchObject({ clean: true });
    expect(told).toEqual({ died: [], failed: [] });
  });

  it('of a program that cannot be started is a death with a reason', async () => {
    const told: { stderrTail: string[] }[] = [];
    const encoder = new SegmentEncoder({
      ffmpegPath: path.join(directory, 'no-such-program'),
      args: [],
      tracks: TRACKS,
      file: nextFile(),
      listener: { onDied: (death) => told.push(death), onWriteError: () => {} },
    });
    encoder.writePicture(PICTURE, 0);
    await until(() => told.length > 0);
    expect(told[0]?.stderrTail.join()).toContain('ENOENT');
    expect(await encoder.finish(1000)).toEqual({ bytes: 0, clean: false });
  });

  it('of a program that reads nothing and leaves is a death, not a broken pipe', async () => {
    const told: { code: number | null; stderrTail: string[] }[] = [];
    const encoder = new SegmentEncoder({
      ffmpegPath: process.execPath,
      args: ['-e', 'for (let n = 0; n < 50; n++) console.error("line " + n); process.exitCode = 3'],
      tracks: TRACKS,
      file: nextFile(),
      listener: { onDied: (death) => told.push(death), onWriteError: () => {} },
    });
    for (let tick = 0; tick < 30; tick += 1) encoder.writePicture(PICTURE, tick * 66_666_667);
    await until(() => told.length > 0);
    expect(told[0]?.code).toBe(3);
    expect(told[0]?.stderrTail).toHaveLength(20);
    expect(told[0]?.stderrTail.at(-1)).toBe('line 49');
    await encoder.finish(0);
  });
});

/** The real file system, with some calls replaced. */
function failing(replaced: Partial<SegmentHandle>): SegmentFileSystem {
  return {
    open: async (file, flags) => {
      const handle = await realSegmentFileSystem.open(file, flags);
      if (flags === 'r') return handle;
      return {
        write: handle.write.bind(handle),
        datasync: () => handle.datasync(),
        sync: () => handle.sync(),
        close: () => handle.close(),
        ...replaced,
      } as SegmentHandle;
    },
  };
}

function systemError(code: string): Error {
  return Object.assign(new Error(`${code}: injected`), { code });
}

describe('the file', () => {
  it('that cannot be written any more is reported once, and the encoder is stopped', async () => {
    const write = (async () => {
      throw systemError('ENOSPC');
    }) as unknown as SegmentHandle['write'];
    const { child, encoder, told, file } = openWithStandIn({ reads: true }, { fileSystem: failing({ write }) });
    await until(() => child.stdin.listenerCount('error') > 0);
    child.stdout.write(Buffer.alloc(100));
    child.stdout.write(Buffer.alloc(100));
    await until(() => told.failed.length > 0);
    await until(() => child.signals.length > 0);
    expect(encoder.writePicture(PICTURE, 0)).toBe('skipped');
    expect(await encoder.finish(1000)).toEqual({ bytes: 0, clean: false });
    expect(told.failed).toMatchObject([{ code: 'ENOSPC' }]);
    expect(told.died).toEqual([]);
    expect((await stat(file)).size).toBe(0);
  });

  it('that cannot be synced is reported as well', async () => {
    const datasync = async (): Promise<void> => {
      throw systemError('EIO');
    };
    const overrides = { fileSystem: failing({ datasync }), syncEveryMs: 5 };
    const { child, encoder, told } = openWithStandIn({ reads: true }, overrides);
    await until(() => child.stdin.listenerCount('error') > 0);
    child.stdout.write(Buffer.alloc(100));
    await until(() => told.failed.length > 0);
    expect(told.failed).toMatchObject([{ code: 'EIO' }]);
    expect(await encoder.finish(1000)).toMatchObject({ clean: false });
  });

  it('that is there already is not touched', async () => {
    const file = nextFile();
    await writeFile(file, 'precious');
    const { encoder, told } = openWithStandIn({ reads: true }, { file });
    await until(() => told.failed.length > 0);
    expect(told.failed).toMatchObject([{ code: 'EEXIST' }]);
    expect(await encoder.finish(100)).toEqual({ bytes: 0, clean: false });
    expect(await readFile(file, 'utf8')).toBe('precious');
  });

  it('survives short writes, and is synced while it grows, one sync at a time', async () => {
    let syncing = 0;
    let mostSyncing = 0;
    let syncs = 0;
    const file = nextFile();
    const handle = await realSegmentFileSystem.open(file, 'wx');
    const write = (async (bytes: Buffer, offset: number, length: number, position: number) =>
      handle.write(bytes, offset, Math.min(length, 7), position)) as unknown as SegmentHandle['write'];
    const datasync = async (): Promise<void> => {
      syncing += 1;
      mostSyncing = Math.max(mostSyncing, syncing);
      await handle.datasync();
      await new Promise((resolve) => setTimeout(resolve, 10));
      syncing -= 1;
      syncs += 1;
    };
    const overrides = { file: nextFile(), fileSystem: failing({ write, datasync }), syncEveryMs: 1 };
    const { child, encoder, told } = openWithStandIn({ reads: true }, overrides);
    await until(() => child.stdin.listenerCount('error') > 0);
    const sent = Buffer.from(Array.from({ length: 1000 }, (_, index) => index % 251));
    for (let at = 0; at < sent.length; at += 100) {
      child.stdout.write(sent.subarray(at, at + 100));
      const before = syncs;
      await until(() => syncs > before);
    }
    expect(await encoder.finish(20_000)).toEqual({ bytes: 1000, clean: true });
    expect(encoder.bytesSynced).toBe(1000);
    expect(await readFile(file)).toEqual(sent);
    expect(mostSyncing).toBe(1);
    expect(told).toEqual({ died: [], failed: [] });
    await handle.close();
  });
});
