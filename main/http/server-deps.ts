import type { AccessApi } from './access/access-api.ts';
import type { TlsSource } from './access/tls.ts';
import type { ArchiveApi } from './archive-api.ts';
import type { BoxApi } from './box-api.ts';
import type { CapacityApi } from './capacity-api.ts';
import type { ChecksApi, DiagnosticsApi } from './checks-api.ts';
import type { EventsFeed } from './events-feed.ts';
import type { FilesApi } from './files-api.ts';
import type { KeysApi } from './key-handlers.ts';
import type { LivePictureApi } from './live-picture-api.ts';
import type { PresetsApi } from './presets-api.ts';
import type { SelfTestApi } from './self-test-api.ts';
import type { SettingsApi } from './settings-api.ts';
import type { StatusApi } from './status-api.ts';

/** The part of a pino logger that the HTTP face uses. */
export interface HttpLog {
  debug(facts: object, message: string): void;
  info(facts: object, message: string): void;
  warn(facts: object, message: string): void;
  error(facts: object, message: string): void;
}

export interface HttpServerDeps {
  box: BoxApi;
  log: HttpLog;
  /** Version of the box, shown by /healthz. */
  version: string;
  /** Lower-case names, besides addresses and localhost, under which browsers may use the box. */
  allowedHosts?: readonly string[];
  /** Who may use it; everybody by default. */
  access?: AccessApi;
  /** Certificate and key for https; http by default. */
  tls?: TlsSource;
  keys?: KeysApi;
  files?: FilesApi;
  archive?: ArchiveApi;
  livePictures?: LivePictureApi;
  status?: StatusApi;
  events?: EventsFeed;
  settings?: SettingsApi;
  presets?: PresetsApi;
  selfTest?: SelfTestApi;
  capacity?: CapacityApi;
  checks?: ChecksApi;
  diagnostics?: DiagnosticsApi;
  /** Directory of the built console; without one there is only the plain page. */
  consoleDirectory?: string;
  /** The box's name in its fleet: every answer tells it, so that a balancer learns who would take a request. */
  boxName?: string | null;
  /** Milliseconds since 1970; the system's clock by default. */
  nowMs?: () => number;
  /** The longest the box may take for an answer; 40 s by default. */
  handlerTimeoutMs?: number;
}
