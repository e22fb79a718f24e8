import { isDeepStrictEqual } from 'node:util';
import { Ajv } from 'ajv';
import { type Static, Type } from 'typebox';
import { type EncoderSetting, HARDWARE_ENCODERS, type HardwareEncoder } from '../../shared/encoders.ts';
import type { FfmpegFacts } from '../capture/encode/ffmpeg.ts';
import type { Logger } from '../logging.ts';
import { hardwareOf, namedEncoder, type RunTimed, type TrialVideo, tryHardware } from './encoder-trial.ts';
import { createRunTimed } from './run-timed.ts';

export interface EncoderChoiceDeps {
  facts: { get(key: string): string | null; set(key: string, value: string): void };
  /** Read anew each time. */
  settings: { readonly video: TrialVideo & { readonly encoder: EncoderSetting } };
  /** Null when none works. */
  ffmpeg: Pick<FfmpegFacts, 'path' | 'version' | 'encoders'> | null;
  run: RunTimed;
  /** Wall clock, ms since 1970. */
  now(): number;
  log: Logger;
}

export interface OpenEncoderChoiceOptions extends Omit<EncoderChoiceDeps, 'facts' | 'run' | 'now'> {
  store: { facts: EncoderChoiceDeps['facts'] };
}

/** Which encoder recordings get that begin now. */
export interface EncoderChoice {
  /**
   * An encoder of graphics hardware, or null for x264. With `auto` it is x264 until a trial has shown what works; asking begins that trial
   * when it is due.
   */
  current(): HardwareEncoder | null;
  /** It failed in a recording: with `auto` a trial has to show that it works before it is chosen again. */
  doubt(): void;
  /** Ends a trial that runs. */
  stop(): void;
}

const FoundSchema = Type.Object({
  ffmpegPath: Type.String(),
  ffmpegVersion: Type.String(),
  width: Type.Integer(),
  height: Type.Integer(),
  fps: Type.Integer(),
  encoder: Type.Enum(Object.fromEntries(HARDWARE_ENCODERS.map((name) => [name, name]))),
});
/** What was found, and for which pictures of which build. */
type Found = Omit<Static<typeof FoundSchema>, 'encoder'> & { encoder: HardwareEncoder };

const isFound = new Ajv().compile<Found>(FoundSchema);
const FACT = 'hardwareEncoder';
/** That nothing works counts for so long: a driver may be installed, or the hardware may be free again. */
const NONE_COUNTS_MS = 3_600_000;

/** The choice of a box, with real programs; what `auto` finds is looked for at once. */
export function openEncoderChoice({ store, ...deps }: OpenEncoderChoiceOptions): EncoderChoice {
  const stopping = new AbortController();
  const choice = createEncoderChoice({
    ...deps,
    facts: store.facts,
    run: createRunTimed(stopping.signal),
    now: Date.now,
  });
  choice.current();
  return { ...choice, stop: () => stopping.abort(new Error('the box is stopping')) };
}

/** Chooses by the setting `video.encoder`. What `auto` found is kept over restarts; that nothing was found is not. */
export function createEncoderChoice(deps: EncoderChoiceDeps): Omit<EncoderChoice, 'stop'> {
  const { facts, settings, ffmpeg, run, now, log } = deps;
  let found = keptOf(facts.get(FACT));
  /** What was tried for these pictures since the start. */
  let tried: Found | (Omit<Found, 'encoder'> & { encoder: null }) | null = found;
  let noneSinceMs = 0;
  let trying = false;
  let saidMissing: EncoderSetting | null = null;

  const conditions = (): Omit<Found, 'encoder'> | null => {
    if (ffmpeg === null) return null;
    const { width, height, fps } = settings.video;
    return { ffmpegPath: ffmpeg.path, ffmpegVersion: ffmpeg.version, width, height, fps };
  };

  const keep = (value: Found | null): void => {
    found = value;
    try {
      facts.set(FACT, JSON.stringify(value));
    } catch (error) {
      log.error({ err: error }, 'the choice of the encoder could not be written down');
    }
  };

  const tryAll = async (by: Omit<Found, 'encoder'>, build: NonNullable<typeof ffmpeg>): Promise<void> => {
    const failed: { encoder: string; why: string }[] = [];
    const video = structuredClone({ ...settings.video });
    for (const encoder of hardwareOf(build)) {
      const { works, message } = await tryHardware(build, encoder, { ...video, ...by }, run);
      if (works) {
        tried = { ...by, encoder };
        keep({ ...by, encoder });
        log.info({ encoder, failed }, 'pictures are encoded by graphics hardware, which passed its trial');
        return;
      }
      failed.push({ encoder, why: message.en });
    }
    tried = { ...by, encoder: null };
    noneSinceMs = now();
    if (found !== null) keep(null);
    const why = failed.length === 0 ? 'this ffmpeg has no encoder of graphics hardware' : failed;
    log.info({ why }, 'no hardware encoder works: pictures are encoded by x264');
  };

  const auto = (build: NonNullable<typeof ffmpeg>): HardwareEncoder | null => {
    const by = conditions();
    if (by === null) return null;
    const isKnown = tried !== null && isDeepStrictEqual(tried, { ...by, encoder: tried.encoder });
    const isOld = tried?.encoder === null && now() - noneSinceMs > NONE_COUNTS_MS;
    if (isKnown && !isOld) return tried?.encoder ?? null;
    if (!trying) {
      trying = true;
      void tryAll(by, build)
        .catch(() => log.info({}, 'the trial of the hardware encoders was ended'))
        .finally(() => {
          trying = false;
        });
    }
    return null;
  };

  return {
    current() {
      const { encoder: setting } = settings.video;
      if (ffmpeg === null || setting === 'software') return null;
      if (setting === 'auto') return auto(ffmpeg);
      const named = namedEncoder(setting);
      if (named !== null && ffmpeg.encoders.has(named)) return named;
      if (saidMissing !== setting)
        log.warn({ encoder: setting }, 'this ffmpeg lacks the encoder that is set: x264 takes its place');
      saidMissing = setting;
      return null;
    },
    doubt() {
      tried = null;
      if (found !== null) keep(null);
    },
  };
}

/** What was kept, or null when the text is nothing of it: it is then found out again. */
function keptOf(text: string | null): Found | null {
  try {
    const value: unknown = JSON.parse(text ?? 'null');
    return isFound(value) ? value : null;
  } catch {
    return null;
  }
}
