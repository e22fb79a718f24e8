import type { TFunction } from 'i18next';
import type { RecordingAnswer } from '../../shared/api/views.ts';
import { failureText } from '../../shared/texts/failures.ts';
import { formatDistance, kept } from '../format.ts';

/** What the line below a recording's state is made from. */
export type StatusFacts = Pick<
  RecordingAnswer,
  | 'state'
  | 'createdAt'
  | 'endedAt'
  | 'nextAttemptAt'
  | 'waitingSince'
  | 'lastError'
  | 'callbacks'
  | 'participants'
  | 'files'
  | 'failure'
  | 'blocked'
  | 'waiting'
>;

export interface StatusLanguage {
  t: TFunction;
  language: string;
  /** IANA name; the reader's own when left out. */
  timeZone?: string;
}

/**
 * What a recording is doing, since when, and when it is tried next, in a line: "Waiting for the line since 14:02, next try in 40 s".
 * Counts down with `nowMs`, without news from the box.
 */
export function statusLine(facts: StatusFacts, nowMs: number, words: StatusLanguage): string {
  const { t } = words;
  const standing = standingLine(facts, nowMs, words);
  if (standing !== null) return standing;
  switch (facts.state) {
    case 'accepted':
      return t('status.acceptedSince');
    case 'joining':
      return withNext(t('status.joining', { since: clock(facts.createdAt, nowMs, words) }), facts, nowMs, words);
    case 'waiting':
    case 'recording': {
      const count = new Set(facts.participants.filter(({ leftAtMs }) => leftAtMs === null).map(({ userId }) => userId))
        .size;
      return count === 0 ? t('status.alone') : t('status.people', { count });
    }
    case 'finalizing':
      return t('status.finalizing');
    case 'uploading':
      return t('status.uploading', { percent: percentOf(facts.files) });
    case 'notifying':
      return notifyingLine(facts, nowMs, words);
    case 'done':
      return doneLine(facts, nowMs, words);
    case 'failed':
      return t('status.failed', { reason: facts.failure ? failureWords(facts.failure, words) : '' });
  }
}

/** Why a recording failed, in the reader's language. */
function failureWords(failure: { code: string; message: string }, { language }: StatusLanguage): string {
  return failureText(failure)[language.startsWith('zh') ? 'zh' : 'en'];
}

/** Whether the line changes with the clock alone, from second to second. */
export function countsDown({ nextAttemptAt }: Pick<StatusFacts, 'nextAttemptAt'>): boolean {
  return nextAttemptAt !== null;
}

function standingLine(facts: StatusFacts, nowMs: number, words: StatusLanguage): string | null {
  const { blocked, waiting } = facts;
  const reason = blocked ?? waiting;
  if (!reason) return null;
  const { t } = words;
  const since = clock(facts.waitingSince ?? facts.endedAt ?? facts.createdAt, nowMs, words);
  const kind = obstacleOf(reason.code, facts.state);
  const line = blocked
    ? t('status.blocked', { since, what: t(`status.blockedBy.${kind}`) })
    : t('status.waiting', { since, what: t(`status.waitFor.${kind}`) });
  const until = waiting?.until ?? null;
  if (until !== null) return t('status.until', { line, time: clock(until, nowMs, words) });
  return withNext(line, facts, nowMs, words);
}

function notifyingLine(facts: StatusFacts, nowMs: number, words: StatusLanguage): string {
  const { t } = words;
  const head = facts.callbacks.find(({ state }) => state === 'pending');
  if (!head || head.attempts === 0) return t('status.notifying');
  const line = t('status.notTaken', { since: clock(head.createdAt, nowMs, words) });
  return withNext(line, { nextAttemptAt: head.nextAttemptAt }, nowMs, words);
}

function doneLine({ callbacks, endedAt, createdAt }: StatusFacts, nowMs: number, { t, language }: StatusLanguage) {
  if (callbacks.some(({ state }) => state === 'parked')) return t('status.doneParked');
  const told = callbacks.findLast(({ event }) => event === null)?.endedAt;
  return t('status.done', { when: formatDistance(told ?? endedAt ?? createdAt, nowMs, language) });
}

function withNext(
  line: string,
  { nextAttemptAt }: Pick<StatusFacts, 'nextAttemptAt'>,
  nowMs: number,
  { t, language }: StatusLanguage,
): string {
  if (nextAttemptAt === null) return line;
  const waitMs = Date.parse(nextAttemptAt) - nowMs;
  return waitMs < 500 ? t('status.nextNow', { line }) : t('status.next', { line, wait: formatWait(waitMs, language) });
}

/** How long something still takes, coarse enough to be read: `40 s`, `12 min`, `3 h`. */
export function formatWait(waitMs: number, language: string): string {
  const seconds = Math.max(1, Math.round(waitMs / 1000));
  const [value, unit] =
    seconds < 100
      ? [seconds, 'second']
      : seconds < 100 * 60
        ? [Math.round(seconds / 60), 'minute']
        : [Math.round(seconds / 3600), 'hour'];
  const style = { style: 'unit', unit: unit as string, unitDisplay: 'short' } as const;
  return kept(`wait ${language} ${unit}`, () => new Intl.NumberFormat(language, style))
    .format(value as number)
    .replace('sec', 's')
    .replace('hr', 'h');
}

/** Time of day, with the date unless it is today. */
function clock(iso: string, nowMs: number, { language, timeZone }: StatusLanguage): string {
  const zone = timeZone === undefined ? {} : { timeZone };
  const day = kept(`day ${timeZone}`, () => new Intl.DateTimeFormat('en-CA', { dateStyle: 'short', ...zone }));
  const isToday = day.format(new Date(iso)) === day.format(nowMs);
  const time = { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' } as const;
  const date = isToday ? {} : ({ month: 'short', day: 'numeric' } as const);
  const name = `clock ${language} ${timeZone} ${isToday}`;
  return kept(name, () => new Intl.DateTimeFormat(language, { ...time, ...date, ...zone })).format(new Date(iso));
}

/** Share of all bytes that COS has, in whole percent; 100 only when it has all. */
export function percentOf(files: readonly Pick<RecordingAnswer['files'][number], 'bytes' | 'uploadedBytes'>[]): number {
  const sum = (key: 'bytes' | 'uploadedBytes') => files.reduce((total, file) => total + file[key], 0);
  const bytes = sum('bytes');
  return bytes === 0 ? 0 : Math.floor((100 * sum('uploadedBytes')) / bytes);
}

/** What stands in the way, in one of a few words that a person can act on. */
export type Obstacle = 'line' | 'hours' | 'disk' | 'keys' | 'bucket' | 'clock' | 'ffmpeg' | 'cos' | 'file';

const OBSTACLES: readonly (readonly [Obstacle, RegExp])[] = [
  ['hours', /^UPLOAD_WINDOW$/],
  ['disk', /^(DISK_|ENOSPC|EDQUOT|EIO|EROFS)/],
  ['ffmpeg', /^FFMPEG_/],
  ['clock', /^RequestTimeTooSkewed|^AccessDeniedTime|^RequestExpired/i],
  ['bucket', /^NoSuchBucket/],
  [
    'keys',
    /^(COS_CREDENTIALS_MISSING|MissingCredentials|InvalidAccessKeyId|SignatureDoesNotMatch|AccessDenied|HeadForbidden|InvalidToken|ExpiredToken|InvalidSecurity|AuthFailure|403)/,
  ],
  ['line', /^(E[A-Z]{4,}|Deadline|STALLED|UND_ERR|CERT_|NETWORK|ERR_TLS|UNABLE_TO)/],
];

export function obstacleOf(code: string, state: RecordingAnswer['state']): Obstacle {
  const known = OBSTACLES.find(([, pattern]) => pattern.test(code))?.[0];
  return known ?? (state === 'finalizing' ? 'file' : 'cos');
}
