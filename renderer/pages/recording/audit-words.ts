import type { TFunction } from 'i18next';
import type { Static } from 'typebox';
import type { EventSchema } from '../../../shared/api/recording-routes.ts';
import { AUDIT_EVENTS } from '../../../shared/audit-events.ts';
import { END_REASONS, MODES, RECORDING_STATES } from '../../../shared/recording.ts';
import { formatLength, formatSize } from '../../format.ts';

export type AuditEvent = Pick<Static<typeof EventSchema>, 'type' | 'data'>;

/** What happened, as a sentence; of a type that the page does not know, its name. */
export function auditSentence({ type, data }: AuditEvent, t: TFunction, language: string): string {
  if (!(AUDIT_EVENTS as readonly string[]).includes(type)) return t('auditWords.unknown', { type });
  return t(`audit.${type}`, valuesOf(data, t, language));
}

/** The facts of an event as the sentences name them. What is not there becomes a dash, never a hole. */
function valuesOf(data: Record<string, unknown>, t: TFunction, language: string): Record<string, string> {
  const number = (key: string): number | null => (typeof data[key] === 'number' ? data[key] : null);
  const text = (key: string): string => plain(data[key]);
  const wordOf = (key: string, words: readonly string[], prefix: string): string =>
    words.includes(text(key)) ? t(`${prefix}.${text(key)}`) : text(key);
  const length = (key: string): string => {
    const ms = number(key);
    return ms === null ? DASH : formatLength(ms);
  };
  const bytes = number('bytes');
  const ms = number('durationMs');
  const stateWord = (key: string): string => wordOf(key, RECORDING_STATES, 'state');
  const keys = [
    'message',
    'code',
    'text',
    'attempts',
    'status',
    'error',
    'outcome',
    'what',
    'output',
    'segments',
    'name',
    'encoder',
    'preset',
    'fps',
    'mixed',
    'singles',
    'sound',
  ];
  return {
    ...Object.fromEntries(keys.map((key) => [key, text(key)])),
    mode: wordOf('mode', MODES, 'mode'),
    from: stateWord('from'),
    to: stateWord('to'),
    step: stateWord('step'),
    user: text('userId'),
    at: length('atMs'),
    timeline: length('timelineMs'),
    duration: ms === null ? DASH : ms < 10_000 ? `${(ms / 1000).toFixed(1)} s` : formatLength(ms),
    size: bytes === null ? DASH : formatSize(bytes, language),
    reason:
      wordOf('reason', END_REASONS, 'end') === text('reason') ? gapWord(text('reason'), t) : t(`end.${text('reason')}`),
    state: wordOf('state', ['lost', 'reconnecting', 'recovered'], 'auditWords.connection'),
    event: data.event === 'result' ? t('auditWords.result') : text('event'),
    keys: Array.isArray(data.keys) ? data.keys.join(', ') : DASH,
    by: typeof data.by === 'string' ? t('auditWords.by', { name: data.by }) : '',
  };
}

const DASH = '–';
const GAP_REASONS = ['encoderDied', 'captureDied', 'boxDown', 'connectionLost', 'segmentLost'];

/** Why something is missing, in words; a reason that the page does not know stays as it is. */
export function gapWord(reason: string, t: TFunction): string {
  return GAP_REASONS.includes(reason) ? t(`auditWords.gap.${reason}`) : reason;
}

function plain(value: unknown): string {
  if (typeof value === 'string') return value === '' ? DASH : value;
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : DASH;
}
