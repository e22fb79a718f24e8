declare module 'pino-roll' {
  import type { SonicBoom } from 'pino';

  /** The part of pino-roll's options that the box uses; see its README for the others. */
  interface RollOptions {
    /** Path without number and extension. */
    file: string;
    extension: string;
    frequency: 'daily';
    /** Megabytes. */
    size: number;
    limit: { count: number; removeOtherLogFiles: boolean };
    /** File mode. */
    mode: number;
    sync: boolean;
  }

  /** Opens the newest file, or the next one, and rolls it from then on. */
  function build(options: RollOptions): Promise<SonicBoom>;
  export = build;
}
