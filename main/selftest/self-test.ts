import { mkdir, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ApiClient, createApiClient } from '../../shared/api/client.ts';
import type { RecordingAnswer } from '../../shared/api/views.ts';
import type { Text } from '../../shared/texts/language.ts';
import { SELF_TEST_STEPS, type SelfTestStepName } from '../../shared/texts/self-test.ts';
import { type PartialSettings, SETTINGS_FILE } from '../settings/settings.ts';
import { type CallbackReceiver, startCallbackReceiver } from './callback-receiver.ts';
import { type CosServer, startCosServer } from './cos-server/index.ts';
import { type SelfTestBox, type StartSelfTestBox, startSelfTestBox } from './self-test-box.ts';
import { CLIP, makeClip, ROOM_ID, ROOM_SECONDS, writeScenario } from './self-test-clip.ts';
import { examineFile } from './self-test-content.ts';
import { SelfTestFailure } from './self-test-failure.ts';

export interface SelfTestOptions {
  /** Of the test's own; removed before and afterwards. */
  directory: string;
  /** The box's ffmpeg, or null when it has none. */
  ffmpegPath: string | null;
  signal: AbortSignal;
  /** Starts the second box; by default in a process of its own. */
  startBox?: StartSelfTestBox | undefined;
  /** Told when a step begins and ends. */
  onStep(name: SelfTestStepName, state: 'running' | 'passed' | 'failed', message: Text): void;
}

const SECRET_ID = 'AKIDselftest';
const SECRET_KEY = 'key-of-the-self-test-only';
const BUCKET = 'self-test-1250000000';
const POLL_MS = 200;
/** Entering, recording and finalizing; on a busy machine slower than the room itself. */
const RECORD_TIMEOUT_MS = 45_000;
const DELIVER_TIMEOUT_MS = 20_000;
const LENGTH_TOLERANCE_MS = 500;
const COLOUR_TOLERANCE = 20;
const LEAST_TONE_SHARE = 0.5;
const LEAST_LOUDNESS = 0.01;

const SETTINGS: PartialSettings = {
  video: { width: CLIP.width, height: CLIP.height, fps: CLIP.fps, preset: 'ultrafast' },
  limits: { maxLengthMs: 60_000, exitTimeoutMs: 1000 },
  disk: { reserveBytes: 0, dataReserveBytes: 0 },
};

/** What the steps leave for those after them. */
interface Site {
  options: SelfTestOptions;
  ffmpegPath: string;
  scenario: string;
  cos: CosServer;
  receiver: CallbackReceiver;
  box: SelfTestBox;
  api: ApiClient;
  recording: RecordingAnswer;
}

type StepWork = (site: Partial<Site> & Pick<Site, 'options'>) => Promise<Text>;

/** Records a simulated room from request to callback with a second box, and judges what comes of it. Resolves with whether all is well. */
export async function runSelfTest(options: SelfTestOptions): Promise<boolean> {
  const site: Partial<Site> & Pick<Site, 'options'> = { options };
  let isWell = true;
  for (const name of ['encoder', 'box', 'record', 'upload', 'callback', 'content'] as const) {
    isWell = await step(options, name, () => STEPS[name](site));
    if (!isWell) break;
  }
  const isClean = await step(options, 'cleanup', () => cleanUp(site));
  return isWell && isClean;
}

async function step(options: SelfTestOptions, name: SelfTestStepName, work: () => Promise<Text>): Promise<boolean> {
  options.onStep(name, 'running', SELF_TEST_STEPS[name]);
  try {
    // Whoever stops the test still wants it cleaned up.
    if (name !== 'cleanup') options.signal.throwIfAborted();
    options.onStep(name, 'passed', await work());
    return true;
  } catch (error) {
    options.onStep(name, 'failed', textOf(error, options.signal));
    return false;
  }
}

function textOf(error: unknown, signal: AbortSignal): Text {
  if (signal.aborted) return { en: 'Not finished in time, or stopped.', zh: '未能及时完成，或已被停止。' };
  if (error instanceof SelfTestFailure) return error.text;
  const message = error instanceof Error ? error.message : String(error);
  return { en: message, zh: message };
}

/** @throws SelfTestFailure when an earlier step left nothing. */
function given<T>(value: T | undefined): T {
  if (value === undefined) throw new SelfTestFailure({ en: 'A step before this one failed.', zh: '之前的步骤失败。' });
  return value;
}

const STEPS = {
  async encoder(site) {
    const { directory, ffmpegPath, signal } = site.options;
    if (ffmpegPath === null) {
      throw new SelfTestFailure({
        en: 'No working ffmpeg was found: install one with libx264 and libmp3lame, or set FFMPEG_PATH.',
        zh: '没有找到可用的 ffmpeg：请安装带 libx264 和 libmp3lame 的版本，或设置 FFMPEG_PATH。',
      });
    }
    await rm(directory, { recursive: true, force: true });
    await mkdir(path.join(directory, 'box'), { recursive: true, mode: 0o700 });
    const clip = path.join(directory, 'clip.mkv');
    await makeClip(ffmpegPath, clip, signal);
    site.ffmpegPath = ffmpegPath;
    site.scenario = await writeScenario(directory, clip);
    return { en: `The encoder works; the clip has ${(await stat(clip)).size} bytes.`, zh: '编码器工作正常。' };
  },

  async box(site) {
    const { directory, signal } = site.options;
    await writeFile(path.join(directory, 'box', SETTINGS_FILE), JSON.stringify(SETTINGS));
    const credentials = [{ secretId: SECRET_ID, secretKey: SECRET_KEY }];
    site.cos = await startCosServer({ directory: path.join(directory, 'cos'), port: 0, credentials });
    site.receiver = await startCallbackReceiver({ port: 0 });
    const { startBox = startSelfTestBox } = site.options;
    site.box = await startBox({
      dataDirectory: path.join(directory, 'box'),
      scenario: given(site.scenario),
      cos: { url: site.cos.url, secretId: SECRET_ID, secretKey: SECRET_KEY },
      ffmpegPath: given(site.ffmpegPath),
      signal,
    });
    site.api = createApiClient({ baseUrl: site.box.url });
    return { en: 'The second box is up.', zh: '测试实例已启动。' };
  },

  async record(site) {
    const api = given(site.api);
    const body = {
      SdkAppId: 1_400_000_000,
      RoomId: ROOM_ID,
      UserId: 'recorder',
      UserSig: 'simulated',
      Mode: '12',
      IsReserve: false,
      CosConfig: { Region: 'ap-shanghai', Bucket: BUCKET, Path: '/self-test' },
      Callback: `${given(site.receiver).url}/told`,
    };
    const { id } = await api.call('startRecording', { body }, { signal: site.options.signal });
    site.recording = await follow(site, id, RECORD_TIMEOUT_MS, ({ files }) => files.length > 0);
    const durationMs = site.recording.files[0]?.durationMs ?? 0;
    if (Math.abs(durationMs - ROOM_SECONDS * 1000) > LENGTH_TOLERANCE_MS) {
      throw new SelfTestFailure({
        en: `The room lived for ${ROOM_SECONDS} s, but the file has ${durationMs} ms.`,
        zh: `房间持续 ${ROOM_SECONDS} 秒，但文件为 ${durationMs} 毫秒。`,
      });
    }
    return { en: `${(durationMs / 1000).toFixed(1)} s recorded.`, zh: `录制了 ${(durationMs / 1000).toFixed(1)} 秒。` };
  },

  async upload(site) {
    const { id } = given(site.recording);
    site.recording = await follow(site, id, DELIVER_TIMEOUT_MS, ({ files }) => files[0]?.state === 'uploaded');
    const { bytes, crc64 } = given(site.recording.files[0]);
    return { en: `${bytes} bytes in COS, CRC-64 ${crc64}.`, zh: `COS 中有 ${bytes} 字节，CRC-64 为 ${crc64}。` };
  },

  async callback(site) {
    const file = given(given(site.recording).files[0]);
    const { body } = await given(site.receiver).waitFor(() => true, DELIVER_TIMEOUT_MS);
    const { Files: files = [] } = JSON.parse(body) as { Files?: { RecordFile?: string; Status?: number }[] };
    if (files.length !== 1 || files[0]?.Status !== 1 || files[0].RecordFile !== file.url) {
      throw new SelfTestFailure({
        en: 'The callback came, but does not tell of the file.',
        zh: '回调已收到，但内容与录制文件不符。',
      });
    }
    return { en: 'The caller was told.', zh: '调用方已收到回调。' };
  },

  async content(site) {
    const { objectKey } = given(given(site.recording).files[0]);
    const object = await given(site.cos).findObjectFile(BUCKET, objectKey);
    if (object === null) throw new SelfTestFailure({ en: 'The object is not in COS.', zh: 'COS 中没有该对象。' });
    const facts = await examineFile(given(site.ffmpegPath), object, CLIP.toneHz, site.options.signal);
    const { colour, toneShare, loudness, complaints, pictures } = facts;
    if (complaints !== '') {
      throw new SelfTestFailure({ en: `The decoder complains: ${complaints}`, zh: `解码器报错：${complaints}` });
    }
    const isRight = (['red', 'green', 'blue'] as const).every(
      (part) => Math.abs(colour[part] - CLIP.colour[part]) <= COLOUR_TOLERANCE,
    );
    if (!isRight) {
      const seen = `${colour.red}, ${colour.green}, ${colour.blue}`;
      throw new SelfTestFailure({ en: `The picture has the wrong colour: ${seen}.`, zh: `画面颜色不正确：${seen}。` });
    }
    if (toneShare < LEAST_TONE_SHARE || loudness < LEAST_LOUDNESS) {
      throw new SelfTestFailure({ en: 'The tone is not in the sound.', zh: '声音中没有预期的音调。' });
    }
    return {
      en: `${pictures} pictures of the right colour, and the tone.`,
      zh: `${pictures} 帧画面颜色正确，音调正确。`,
    };
  },
} satisfies Record<Exclude<SelfTestStepName, 'cleanup'>, StepWork>;

/** Waits until a recording of the second box is as wanted. @throws SelfTestFailure when it fails or does not come there in time. */
async function follow(
  { api, options }: Pick<Site, 'options'> & Partial<Site>,
  id: string,
  timeoutMs: number,
  isThere: (recording: RecordingAnswer) => boolean,
): Promise<RecordingAnswer> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const recording = await given(api).call('getRecording', { params: { id } }, { signal: options.signal });
    if (recording.failure || recording.blocked) {
      const { code, message } = recording.failure ?? recording.blocked ?? { code: '', message: '' };
      throw new SelfTestFailure({ en: `${code}: ${message}`, zh: `${code}：${message}` });
    }
    if (isThere(recording)) return recording;
    if (performance.now() > deadline) {
      const why = recording.lastError ?? recording.state;
      throw new SelfTestFailure({ en: `Not done in time; last heard: ${why}`, zh: `未能及时完成；最后状态：${why}` });
    }
    await sleep(POLL_MS, undefined, { signal: options.signal });
  }
}

async function cleanUp({ box, cos, receiver, options }: Partial<Site> & Pick<Site, 'options'>): Promise<Text> {
  await box?.stop();
  await Promise.all([cos?.close(), receiver?.close()]);
  await rm(options.directory, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  return { en: 'Nothing is left behind.', zh: '已全部清理。' };
}
