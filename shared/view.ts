import type { Static } from 'typebox';
import type {
  CALLBACK_DELIVERY_STATES,
  CallbackDeliveryViewSchema,
  FILE_STATES,
  FileViewSchema,
  RecordingViewSchema,
  RequestViewSchema,
  ResultFileSchema,
  StandstillSchema,
  WaitingSchema,
} from './api/views.ts';
import type { Text } from './texts/language.ts';

// What the API, the page and the console show of a recording; the schemas in `api/views.ts` say what each key means.

export type { ResultView } from './api/views.ts';
export type RequestView = Static<typeof RequestViewSchema>;
export type FileState = (typeof FILE_STATES)[number];
export type FileView = Static<typeof FileViewSchema>;
export type ResultFile = Static<typeof ResultFileSchema>;
export type CallbackDeliveryState = (typeof CALLBACK_DELIVERY_STATES)[number];
export type CallbackDeliveryView = Static<typeof CallbackDeliveryViewSchema>;
export type Waiting = Static<typeof WaitingSchema>;
export type Blocked = Static<typeof StandstillSchema>;

/** Something that somebody should know although the recording goes on. */
export interface RecordingWarning {
  code: 'USERSIG_EXPIRES' | 'SOUND_MISSING' | 'ENCODER_RELIEVED' | 'HARDWARE_ENCODER_FAILED';
  /** When it becomes a trouble, or has become one. */
  at: string;
  message: Text;
}

/** What may be shown of the box's own COS credentials; the keys themselves are never read back. */
export interface CosCredentialsView {
  /** `stored`: given at run time; `environment`: from RECORDER_COS_SECRET_ID and RECORDER_COS_SECRET_KEY. */
  source: 'stored' | 'environment' | 'none';
  /** First and last characters. */
  secretId: string | null;
  /** When they were stored. */
  setAt: string | null;
}

/** A recording before its texts are in anybody's language. */
export type RecordingView = Static<typeof RecordingViewSchema> & { warnings: RecordingWarning[] };

/** What an address may show in a reply, a page or a log: no user name, no password, no query, no fragment. */
export function urlForDisplay(url: string): string {
  if (!URL.canParse(url)) {
    return '(not a URL)';
  }
  const shown = new URL(url);
  shown.username = '';
  shown.password = '';
  shown.search = '';
  shown.hash = '';
  return shown.href;
}
