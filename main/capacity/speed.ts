import { Ajv } from 'ajv';
import { type Static, Type } from 'typebox';

const Seconds = Type.Number({ minimum: 0 });

/** What the pieces of a recording cost on this machine, in CPU seconds of all processes. */
export const SpeedSchema = Type.Object({
  /** Taking in, scaling and handing over, for a million pixels of the canvas. */
  drawPerMegapixel: Seconds,
  /** Encoding a million pixels, with the preset in `conditions`. */
  encodePerMegapixel: Type.Number({ exclusiveMinimum: 0 }),
  /** Mixing six voices for a second. */
  soundMixPerSecond: Seconds,
  /** Encoding a second of sound. */
  soundEncodePerSecond: Type.Number({ exclusiveMinimum: 0 }),
});
export type Speed = Static<typeof SpeedSchema>;

/** What a measurement depends on: with other conditions it has to be made again. */
const ConditionsSchema = Type.Object({
  ffmpegPath: Type.String(),
  ffmpegVersion: Type.String(),
  encoder: Type.String(),
  preset: Type.String(),
  crf: Type.Number(),
  width: Type.Integer(),
  height: Type.Integer(),
  fps: Type.Integer(),
  cpu: Type.String(),
  cores: Type.Integer(),
});
export type Conditions = Static<typeof ConditionsSchema>;

const MeasurementSchema = Type.Object({ atMs: Type.Integer(), conditions: ConditionsSchema, speed: SpeedSchema });
/** A measurement as it is kept. */
export type Measurement = Static<typeof MeasurementSchema>;

const ajv = new Ajv();
const isMeasurement = ajv.compile<Measurement>(MeasurementSchema);
const isSpeed = ajv.compile<Speed>(SpeedSchema);

/** A measurement that was kept, or null when the text is none: it is then made again. */
export function parseMeasurement(text: string | null): Measurement | null {
  const value = parsed(text);
  return isMeasurement(value) ? value : null;
}

/** What the measuring process printed. @throws Error when that is no speed. */
export function parseSpeed(text: string): Speed {
  const value = parsed(text);
  if (!isSpeed(value)) throw new Error('the measurement brought no result');
  return value;
}

function parsed(text: string | null): unknown {
  if (text === null) return null;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return null;
  }
}

/** Until the machine was measured it counts as a slow one: half as fast as a server of 2020. */
export const ASSUMED_SPEED: Speed = {
  drawPerMegapixel: 0.006,
  encodePerMegapixel: 0.024,
  soundMixPerSecond: 0.006,
  soundEncodePerSecond: 0.012,
};
/** The preset that `ASSUMED_SPEED` is about. */
export const ASSUMED_PRESET = 'veryfast';

/** How much the presets cost against each other; only until the box has measured the one that is set. */
const PRESET_WEIGHTS: Readonly<Record<string, number>> = {
  ultrafast: 0.4,
  superfast: 0.65,
  veryfast: 1,
  faster: 1.6,
  fast: 2.2,
  medium: 2.6,
  slow: 4.5,
  slower: 9,
  veryslow: 18,
};

/** The speed with another preset than the measured one. */
export function withPreset(speed: Speed, measured: string, preset: string): Speed {
  const factor = (PRESET_WEIGHTS[preset] ?? 1) / (PRESET_WEIGHTS[measured] ?? 1);
  return { ...speed, encodePerMegapixel: speed.encodePerMegapixel * factor };
}
