import { performance } from 'node:perf_hooks';
import type { RequestEntry } from '../../main/selftest/cos-server/index.ts';
import { defaultSettings } from '../../main/settings/settings.ts';
import { sampleRequest } from '../support/box.ts';
import { hashFile, MIB } from '../support/cos-rig.ts';
import { startLiveRig } from '../support/live-rig.ts';
import { longSegment } from '../support/long-segment.ts';
import { makeNoise, noisySegment } from '../support/noisy-segment.ts';
import { startRig } from '../support/rig.ts';
import { soundSegment } from '../support/sound-segment.ts';
import { mergingOf } from './merging.ts';

const BUCKET = 'test-123456789';
const SIZE = '640x360';
/** Of the box that records: a quarter more than what it records. */
const SLOW_LINE_BYTES_PER_SECOND = 400_000;
/** 20 Mbit/s. */
const LINE_BYTES_PER_SECOND = 2_500_000;
const TURN_SECONDS = 20;
const SEGMENT_KILOBYTES_PER_SECOND = 55;
const LIMIT_MS = 3000;
const DELIVERY_TIMEOUT_MS = 10 * 60_000;

/** How long it takes from the end of a recording until its object is proven in COS. */
export interface LiveFigure {
  what: string;
  recordedSeconds: number;
  bytes: number;
  lineBytesPerSecond: number;
  /** Bytes of all parts that were sent after the end. */
  lateBytes: number;
  tookMs: number;
  /** Of it, what the local COS server needed to put the parts together; COS itself may take more or less. */
  mergingMs: number;
  /** What the line alone would need for all bytes. */
  wholeMs: number;
}

export interface LiveBench {
  startedAt: string;
  figures: LiveFigure[];
  /** Ordinary way against `upload.live`, same room, same line. */
  ratio: number;
}

/** A real box over a slow line, the ordinary way and live; then generated recordings, of sound alone too, over 20 Mbit/s. */
export async function runLiveBench(seconds: number): Promise<LiveBench> {
  const startedAt = new Date().toISOString();
  const ordinary = await ofBox(seconds, false);
  const live = await ofBox(seconds, true);
  const short = await generated(120, '12');
  const long = await generated(7200, '12');
  const sound = await generated(7200, '10');
  return { startedAt, figures: [ordinary, live, short, long, sound], ratio: ordinary.tookMs / live.tookMs };
}

/** Whether length does not count: the longest recordings are proven as soon as the figure to reach says. */
export function isLengthNoMatter({ figures, ratio }: LiveBench): boolean {
  return ratio > 2 && figures.slice(-2).every(({ tookMs, mergingMs }) => tookMs - mergingMs <= LIMIT_MS);
}

export function liveBenchText({ figures, ratio }: LiveBench): string {
  const rows = figures.map(({ what, recordedSeconds, bytes, lateBytes, tookMs, mergingMs, wholeMs }) => {
    const numbers = [recordedSeconds, bytes / 1e6, lateBytes / 1e6, tookMs / 1000, mergingMs / 1000, wholeMs / 1000];
    return `| ${what} | ${numbers.map((number) => number.toFixed(1)).join(' | ')} |`;
  });
  return [
    '| | recorded, s | MB | MB sent after the end | end → proven, s | of it COS merging, s | the line alone, s |',
    '|---|---|---|---|---|---|---|',
    ...rows,
    `the ordinary way took ${ratio.toFixed(1)} times as long as live`,
  ].join('\n');
}

async function ofBox(seconds: number, isLive: boolean): Promise<LiveFigure> {
  const what = isLive ? 'box, upload.live' : 'box, the ordinary way';
  console.log(`${what}: ${seconds} s …`);
  const rig = await startRig({
    name: 'bench-live',
    settings: {
      upload: { live: isLive, maxBytesPerSecond: SLOW_LINE_BYTES_PER_SECOND },
      video: { width: 640, height: 360, preset: 'ultrafast', crf: 16, maxRateKbps: 2500 },
    },
    rooms: async (directory, ffmpegPath) => ({
      '1': {
        participants: [{ userId: 'a', media: await makeNoise(ffmpegPath, directory, SIZE), size: SIZE, fps: 15 }],
      },
    }),
  });
  try {
    const id = await rig.box.record(sampleRequest({ RoomId: 1, Callback: undefined }));
    await rig.box.waitFor(id, 'long enough', ({ durationMs }) => durationMs >= seconds * 1000, (seconds + 60) * 1000);
    const [endedAt, endedAtMs] = [performance.now(), Date.now()];
    await rig.box.post(`/api/recordings/${id}/stop`, {});
    const view = await rig.box.waitForState(id, 'done', DELIVERY_TIMEOUT_MS);
    const tookMs = performance.now() - endedAt;
    const [file] = view.files;
    if (!file?.localPath) throw new Error('no file');
    const object = await rig.cos.findObjectFile(BUCKET, file.objectKey);
    if (!object || (await hashFile(object)) !== (await hashFile(file.localPath)))
      throw new Error('the object is not the file');
    const recordedSeconds = file.durationMs / 1000;
    const mergingMs = mergingOf(rig.cos.requests);
    const line = { bytes: file.bytes, lineBytesPerSecond: SLOW_LINE_BYTES_PER_SECOND };
    return { what, recordedSeconds, ...figureOf(line, rig.cos.requests, endedAtMs), tookMs, mergingMs };
  } finally {
    await rig.close();
  }
}

async function generated(seconds: number, mode: '10' | '12'): Promise<LiveFigure> {
  const what = `generated, upload.live, ${mode === '10' ? 'sound alone' : 'with pictures'}`;
  console.log(`${what}: ${seconds} s …`);
  const turns = Math.round(seconds / TURN_SECONDS);
  const rig = await startLiveRig({ upload: { partBytes: 8 * MIB, live: true } }, 1);
  try {
    const id = await rig.begin({ mode });
    let bytes = 0;
    for await (const piece of mode === '10' ? longSound(turns) : longPictures(turns)) {
      await rig.grow(id, piece);
      bytes += piece.length;
    }
    // As it would be after hours: what is full has been sent.
    const sentBytes = (): number => (rig.store.uploadJournal(id, 0).load()?.parts.length ?? 0) * MIB;
    await rig.until('sent', () => sentBytes() > bytes - 2 * MIB, DELIVERY_TIMEOUT_MS);
    rig.settings.upload.maxBytesPerSecond = LINE_BYTES_PER_SECOND;
    const [endedAt, endedAtMs] = [performance.now(), Date.now()];
    rig.end(id);
    await rig.until('done', () => rig.row(id).state === 'done', DELIVERY_TIMEOUT_MS);
    const tookMs = performance.now() - endedAt;
    await rig.untilDelivered(id);
    const [file] = rig.store.files.list(id);
    if (!file) throw new Error('no file');
    const line = { bytes: file.bytes, lineBytesPerSecond: LINE_BYTES_PER_SECOND };
    const { requests } = rig.cos.server;
    const figure = figureOf(line, requests, endedAtMs);
    return {
      what,
      recordedSeconds: file.durationMs / 1000,
      ...figure,
      tookMs,
      mergingMs: mergingOf(requests),
    };
  } finally {
    await rig.close();
  }
}

async function* longPictures(turns: number): AsyncGenerator<Buffer> {
  yield* longSegment(await noisySegment(TURN_SECONDS, SEGMENT_KILOBYTES_PER_SECOND), turns);
}

/** Of the bit rate that recordings have unless somebody sets it otherwise. */
async function* longSound(turns: number): AsyncGenerator<Buffer> {
  const turn = await soundSegment(TURN_SECONDS, defaultSettings().audio.mp3Kbps);
  for (let left = turns; left > 0; left -= 1) yield turn;
}

function figureOf(
  line: Pick<LiveFigure, 'bytes' | 'lineBytesPerSecond'>,
  requests: readonly RequestEntry[],
  endedAtMs: number,
): Pick<LiveFigure, 'bytes' | 'lineBytesPerSecond' | 'lateBytes' | 'wholeMs'> {
  const late = requests.filter(
    ({ partNumber, status, atMs }) => partNumber !== null && status === 200 && atMs >= endedAtMs,
  );
  const isAll = requests.every(({ partNumber, atMs }) => partNumber === null || atMs >= endedAtMs);
  const wholeMs = (line.bytes / line.lineBytesPerSecond) * 1000;
  return { ...line, lateBytes: isAll ? line.bytes : late.length * MIB, wholeMs };
}

/** The box looks at the object as soon as COS has answered. */
