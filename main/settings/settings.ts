import { readFileSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { Ajv, type ErrorObject } from 'ajv';
import { type Static, Type } from 'typebox';
import { askOf } from '../../shared/api/schema-errors.ts';
import { ENCODER_SETTINGS } from '../../shared/encoders.ts';
import { KEY_STORE_SETTINGS } from '../../shared/key-store.ts';
import { LAYOUTS } from '../../shared/recording.ts';
import { hostPatternProblem } from '../network/host-patterns.ts';
import { proxyProblem } from '../network/proxy.ts';
import { replaceFile } from './atomic-file.ts';
import { feedProblem } from './feed-address.ts';

/** Name of the settings file inside the data directory. */
export const SETTINGS_FILE = 'settings.json';

const MIB = 1024 * 1024;
const HOUR_MS = 3_600_000;

function whole(value: number, minimum: number, maximum: number) {
  return Type.Integer({ default: value, minimum, maximum });
}

function evenPixels(value: number) {
  return Type.Integer({ default: value, minimum: 16, maximum: 4096, multipleOf: 2 });
}

function oneOf<const Word extends string>(words: readonly Word[], value: Word) {
  return Type.Unsafe<Word>({ type: 'string', enum: words, default: value });
}

function yesOrNo(value: boolean) {
  return Type.Boolean({ default: value });
}

function textOrNull() {
  return Type.Unsafe<string | null>({ type: ['string', 'null'], minLength: 1, default: null });
}

function wholeOrNull(minimum: number, maximum: number, value: number | null = null) {
  return Type.Unsafe<number | null>({ type: ['integer', 'null'], minimum, maximum, default: value });
}

function names(pattern: string) {
  return Type.Array(Type.String({ pattern, maxLength: 255 }), { default: [], maxItems: 100 });
}

function group<Properties extends Parameters<typeof Type.Object>[0]>(properties: Properties) {
  return Type.Object(properties, { additionalProperties: false, default: {} });
}

/** Hours of the day, `HH:MM`; `to` before `from` is on the next day. A time zone of null is the machine's. */
interface UploadHours {
  from: string;
  to: string;
  timeZone: string | null;
}

const TIME_OF_DAY = '^([01][0-9]|2[0-3]):[0-5][0-9]$';

/** As a browser sends it: in lower case and without a port. */
const HOST_NAME = '^[a-z0-9_]([a-z0-9_.-]*[a-z0-9_])?$';

/** Short enough for ids, and without the hyphen that ends it there. */
const BOX_NAME = '^[a-z0-9]{1,8}$';

const PRESETS = [
  'ultrafast',
  'superfast',
  'veryfast',
  'faster',
  'fast',
  'medium',
  'slow',
  'slower',
  'veryslow',
] as const;
const SCENES = ['live', 'videoCall', 'audioCall', 'voiceChatRoom'] as const;

/** Every setting with its limits and its default. Keys carry their units. */
export const SettingsSchema = Type.Object(
  {
    http: group({
      host: Type.String({ default: '127.0.0.1', minLength: 1 }),
      port: whole(8787, 0, 65_535),
      requireToken: yesOrNo(false),
      allowedHosts: names(HOST_NAME),
      tls: group({ certPath: textOrNull(), keyPath: textOrNull() }),
    }),
    video: group({
      width: evenPixels(1280),
      height: evenPixels(720),
      fps: whole(15, 1, 60),
      encoder: oneOf(ENCODER_SETTINGS, 'software'),
      preset: oneOf(PRESETS, 'veryfast'),
      crf: whole(23, 0, 51),
      maxRateKbps: whole(2500, 100, 100_000),
      gopSeconds: Type.Number({ default: 2, minimum: 0.5, maximum: 10 }),
      fit: oneOf(['fit', 'fill'], 'fit'),
      layout: oneOf(LAYOUTS, 'grid'),
      background: Type.String({ default: '#000000', pattern: '^#[0-9a-fA-F]{6}$' }),
    }),
    dressing: group({
      nameStrip: yesOrNo(false),
      stamp: yesOrNo(false),
      stampTimeZone: textOrNull(),
      placeholder: yesOrNo(false),
      watermarkPath: textOrNull(),
    }),
    audio: group({
      aacKbps: whole(96, 16, 512),
      mp3Kbps: whole(64, 32, 320),
    }),
    room: group({ scene: oneOf(SCENES, 'live') }),
    capture: group({ host: oneOf(['auto', 'window', 'process'], 'auto') }),
    recording: group({ paused: yesOrNo(false) }),
    limits: group({
      enterTimeoutMs: whole(10_000, 1000, 120_000),
      exitTimeoutMs: whole(3000, 100, 60_000),
      idleMs: whole(300_000, 1000, 7 * 24 * HOUR_MS),
      maxLengthMs: whole(24 * HOUR_MS, 1000, 7 * 24 * HOUR_MS),
      fillGapMs: whole(60_000, 0, HOUR_MS),
      connectionLostMs: whole(600_000, 10_000, 24 * HOUR_MS),
      reenterMs: whole(HOUR_MS, 0, 24 * HOUR_MS),
      maxRecordings: wholeOrNull(1, 500),
    }),
    loudness: group({
      enabled: yesOrNo(false),
      targetLufs: Type.Number({ default: -16, minimum: -40, maximum: -5 }),
      truePeakDb: Type.Number({ default: -1, minimum: -9, maximum: 0 }),
    }),
    manifest: group({ upload: yesOrNo(false) }),
    disk: group({ reserveBytes: whole(2e9, 0, 1e15), dataReserveBytes: whole(2e8, 0, 1e15) }),
    retention: group({
      policy: oneOf(['keepAll', 'keepDays', 'keepGb'], 'keepAll'),
      keepDays: whole(30, 0, 36_500),
      keepBytes: whole(100e9, 0, 1e16),
      evictAtReserve: yesOrNo(true),
    }),
    events: group({ keepDays: wholeOrNull(1, 36_500, 365) }),
    storage: group({ directory: textOrNull() }),
    backup: group({
      keep: whole(7, 1, 365),
      everyHours: whole(24, 1, 24 * 30),
      directory: textOrNull(),
    }),
    callback: group({
      timeoutMs: whole(5000, 100, 120_000),
      giveUpAfterMs: whole(72 * HOUR_MS, 0, 365 * 24 * HOUR_MS),
      eventGiveUpAfterMs: whole(600_000, 0, 72 * HOUR_MS),
    }),
    upload: group({
      live: yesOrNo(false),
      partBytes: whole(8 * MIB, MIB, 1024 * MIB),
      partsInFlight: whole(3, 1, 16),
      filesInFlight: whole(2, 1, 16),
      timeoutMs: whole(60_000, 1000, 600_000),
      maxBytesPerSecond: wholeOrNull(16 * 1024, 1e12),
      window: Type.Unsafe<UploadHours | null>({
        type: ['object', 'null'],
        default: null,
        required: ['from', 'to'],
        additionalProperties: false,
        properties: {
          from: { type: 'string', pattern: TIME_OF_DAY },
          to: { type: 'string', pattern: TIME_OF_DAY },
          timeZone: { type: ['string', 'null'], minLength: 1, default: null },
        },
      }),
    }),
    fleet: group({
      boxName: Type.Unsafe<string | null>({ type: ['string', 'null'], pattern: BOX_NAME, default: null }),
    }),
    network: group({
      proxy: textOrNull(),
      caPath: textOrNull(),
      allowedHosts: Type.Unsafe<string[] | null>({
        type: ['array', 'null'],
        items: { type: 'string', maxLength: 255 },
        maxItems: 100,
        default: null,
      }),
      loopback: oneOf(['auto', 'allow', 'refuse'], 'auto'),
    }),
    secrets: group({ keyStore: oneOf(KEY_STORE_SETTINGS, 'auto') }),
    desktop: group({
      notify: group({
        started: yesOrNo(true),
        finished: yesOrNo(true),
        blocked: yesOrNo(true),
        diskLow: yesOrNo(true),
      }),
    }),
    updates: group({
      feedUrl: textOrNull(),
      checkHours: whole(24, 1, 24 * 30),
      install: oneOf(['ask', 'atQuit'], 'ask'),
    }),
  },
  { additionalProperties: false },
);

/** The box's settings; see `SettingsSchema` for limits and defaults. */
export type Settings = Static<typeof SettingsSchema>;

/** Settings to change: any group, any key of it. */
export type PartialSettings = { [Group in keyof Settings]?: Partial<Settings[Group]> };

/** One wrong key. `key` is its path, `video.width` for example. */
export interface SettingsProblem {
  key: string;
  message: string;
  /** Name of the broken rule; absent where no schema says it. */
  rule?: string;
  /** The message in Chinese; absent where it is told only on the command line. */
  zh?: string;
}

/** The settings cannot be used. The message names every wrong key. */
export class SettingsError extends Error {
  readonly code = 'SETTINGS_INVALID';
  readonly problems: readonly SettingsProblem[];
  constructor(where: string, problems: readonly SettingsProblem[], options?: ErrorOptions) {
    super(`${where}: ${problems.map(({ key, message }) => (key ? `${key} ${message}` : message)).join('; ')}`, options);
    this.name = 'SettingsError';
    this.problems = problems;
  }
}

const ajv = new Ajv({ allErrors: true, useDefaults: true, allowUnionTypes: true });
const validate = ajv.compile(SettingsSchema);

function problemOf(error: ErrorObject): SettingsProblem {
  const path = error.instancePath.slice(1).replaceAll('/', '.');
  const params = error.params as { additionalProperty?: string; allowedValues?: readonly string[] };
  if (params.additionalProperty !== undefined) {
    const key = path ? `${path}.${params.additionalProperty}` : params.additionalProperty;
    return { key, message: 'is not a known setting', rule: error.keyword, zh: '不是已知的设置项' };
  }
  const allowed = params.allowedValues ? `: ${params.allowedValues.join(', ')}` : '';
  const zh = `必须为：${askOf(error).zh}`;
  return { key: path, message: `${error.message ?? 'is wrong'}${allowed}`, rule: error.keyword, zh };
}

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

/** Fills the defaults in and checks everything. @throws SettingsError naming every wrong key; `where` begins its message. */
export function parseSettings(value: unknown, where = 'settings'): Settings {
  const candidate: unknown = structuredClone(value);
  if (!validate(candidate)) throw new SettingsError(where, (validate.errors ?? []).map(problemOf));
  const settings = candidate as Settings;
  const problems = meaningProblems(settings);
  if (problems.length > 0) throw new SettingsError(where, problems);
  return settings;
}

/** What a schema cannot say. */
function meaningProblems({ dressing, upload, network, http, storage, updates }: Settings): SettingsProblem[] {
  const problems: SettingsProblem[] = [];
  if (storage.directory !== null && !isAbsolute(storage.directory)) {
    const message = 'must be a full path, such as /srv/recordings or D:\\recordings';
    problems.push({ key: 'storage.directory', message, zh: '必须为完整路径，例如 /srv/recordings 或 D:\\recordings' });
  }
  const zones = { 'dressing.stampTimeZone': dressing.stampTimeZone, 'upload.window.timeZone': upload.window?.timeZone };
  for (const [key, zone] of Object.entries(zones)) {
    if (zone && !isTimeZone(zone)) problems.push({ key, message: 'is not a known time zone', zh: '不是已知的时区' });
  }
  if (upload.window && upload.window.from === upload.window.to) {
    const message = 'must begin and end at different times; null means always';
    problems.push({ key: 'upload.window', message, zh: '开始与结束时间必须不同；null 表示不限时段' });
  }
  const proxy = network.proxy === null ? null : proxyProblem(network.proxy);
  if (proxy !== null)
    problems.push({ key: 'network.proxy', message: proxy, zh: '必须为 http://主机:端口，且不带路径' });
  const feed = updates.feedUrl === null ? null : feedProblem(updates.feedUrl);
  if (feed !== null) problems.push({ key: 'updates.feedUrl', ...feed });
  for (const [index, entry] of (network.allowedHosts ?? []).entries()) {
    const problem = hostPatternProblem(entry);
    if (problem !== null) problems.push({ key: `network.allowedHosts.${index}`, message: problem });
  }
  if ((http.tls.certPath === null) !== (http.tls.keyPath === null)) {
    const missing = http.tls.certPath === null ? 'certPath' : 'keyPath';
    problems.push({ key: `http.tls.${missing}`, message: 'is missing: certificate and key belong together' });
  }
  return problems;
}

/** All defaults. */
export function defaultSettings(): Settings {
  return parseSettings({});
}

/** Settings with some of them replaced, checked again. @throws SettingsError */
export function withOverrides(settings: Settings, overrides: PartialSettings, where = 'settings'): Settings {
  const merged: Record<string, unknown> = { ...settings };
  for (const [name, changes] of Object.entries(overrides)) {
    const current = merged[name];
    merged[name] = typeof current === 'object' && current !== null ? { ...current, ...changes } : changes;
  }
  return parseSettings(merged, where);
}

/**
 * Settings from DIR/settings.json, or the defaults when there is no such file.
 * @throws SettingsError when the file is not JSON or holds a wrong or unknown key.
 */
export function loadSettings(directory: string, overrides: PartialSettings = {}): Settings {
  const path = join(directory, SETTINGS_FILE);
  return withOverrides(parseSettings(readSettingsFile(directory), path), overrides);
}

/** Writes the settings in one step: a power cut leaves the old file or the new one. @throws SettingsError */
export function saveSettings(directory: string, settings: Settings): void {
  const path = join(directory, SETTINGS_FILE);
  replaceFile(path, `${JSON.stringify(parseSettings(settings, path), null, 2)}\n`);
}

/** What the settings file says, unjudged; an empty object when there is none. @throws SettingsError when it is not JSON. */
export function readSettingsFile(directory: string): unknown {
  const path = join(directory, SETTINGS_FILE);
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw error;
  }
  try {
    return JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new SettingsError(path, [{ key: '', message: `is not valid JSON (${reason})` }], { cause });
  }
}
