import { useTranslation } from 'react-i18next';
import type { RecordingAnswer } from '../../shared/api/views.ts';
import { useNow } from '../data/live.ts';
import { countsDown, statusLine } from './status-words.ts';

/** What is looked at again with the clock, and how often what only grows old. */
const EACH_SECOND_MS = 1000;
const SELDOM_MS = 30_000;

/** What a recording is doing, since when, and when it is tried next; counts down by the page's own clock. */
export function StatusLine({ recording }: { recording: RecordingAnswer }) {
  const { t, i18n } = useTranslation();
  const isCounting =
    countsDown(recording) || recording.callbacks.some(({ state, attempts }) => state === 'pending' && attempts > 0);
  const nowMs = useNow(isCounting ? EACH_SECOND_MS : SELDOM_MS);
  return <>{statusLine(recording, nowMs, { t, language: i18n.language })}</>;
}
