import type { Language, Text } from '../../shared/texts/language.ts';
import type { Ending, NoticeKind, TrayFacts } from './facts.ts';
import { pathOf } from './menu.ts';
import { needsPerson, shortened } from './status.ts';
import type { TrayTextKey } from './texts/en.ts';
import { lengthInWords, trayText } from './texts/texts.ts';

// What the desktop tells by itself: what is new between two looks at the box, in few words and never twice.

export interface Notice {
  kind: NoticeKind;
  title: string;
  text: string;
  /** Where in the console a click leads. */
  path: string;
  /** Whether it should stay until somebody saw it. */
  isUrgent: boolean;
}

/** What was told before. Belongs to one tray, from its first look on. */
export interface NoticeMemory {
  /** When each lasting trouble was told last, ms on the caller's clock. */
  toldAtMs: Readonly<Record<string, number>>;
  /** When notices of a kind were shown within the last minute. */
  shownAtMs: Readonly<Partial<Record<NoticeKind, readonly number[]>>>;
}

export const NO_MEMORY: NoticeMemory = { toldAtMs: {}, shownAtMs: {} };

/** A trouble that comes and goes is told once in this time. */
const QUIET_MS = 60 * 60_000;
/** Of each kind so many are shown within a minute; then they are counted in one, and then nothing more is said. */
const MOST_PER_MINUTE = 4;
const MINUTE_MS = 60_000;
/** Attention items that are about a disk. */
const DISK_KEYS: ReadonlySet<string> = new Set(['diskLow', 'DISK_RESERVE', 'DISK_AWAY', 'DISK_FAULT']);

/**
 * What to tell because the facts went from `before` to `after`. What was so when the tray began to look is not news.
 * @param nowMs wall clock or monotonic, the same one each time
 */
export function decideNotices(
  memory: NoticeMemory,
  before: TrayFacts,
  after: TrayFacts,
  nowMs: number,
  language: Language,
): { notices: Notice[]; memory: NoticeMemory } {
  const { toldAtMs, fresh } = freshTroubles(memory, after, nowMs);
  if (before.line === 'unknown') return { notices: [], memory: { ...memory, toldAtMs } };
  const news: Record<NoticeKind, Notice[]> = {
    started: startedNotices(before, after, language),
    finished: finishedNotices(before, after, language),
    blocked: troubleNotices('blocked', fresh, language),
    diskLow: troubleNotices('diskLow', fresh, language),
  };
  const shownAtMs: Partial<Record<NoticeKind, readonly number[]>> = {};
  const notices: Notice[] = [];
  for (const kind of Object.keys(news) as NoticeKind[]) {
    const shown = (memory.shownAtMs[kind] ?? []).filter((atMs) => Math.abs(nowMs - atMs) < MINUTE_MS);
    const wanted = after.notify[kind] ? news[kind] : [];
    const { told, weight } = bounded(kind, wanted, shown.length, { before, after, language });
    notices.push(...told);
    shownAtMs[kind] = [...shown, ...Array.from({ length: weight }, () => nowMs)];
  }
  return { notices, memory: { toldAtMs, shownAtMs } };
}

interface Step {
  before: TrayFacts;
  after: TrayFacts;
  language: Language;
}

/** As they are while there is room in this minute; else one for all, which is the last word of its minute. */
function bounded(kind: NoticeKind, notices: readonly Notice[], shown: number, step: Step) {
  if (notices.length === 0 || shown > MOST_PER_MINUTE) return { told: [], weight: 0 };
  if (shown + notices.length <= MOST_PER_MINUTE) return { told: notices, weight: notices.length };
  return { told: [summaryOf(kind, notices, step)], weight: MOST_PER_MINUTE + 1 };
}

function summaryOf(kind: NoticeKind, notices: readonly Notice[], { before, after, language }: Step): Notice {
  const [first] = notices;
  const only = notices.length === 1 && first;
  if (only) return only;
  const say = sayIn(language);
  const many = { kind, text: say('notice.many'), isUrgent: notices.some(({ isUrgent }) => isUrgent) };
  const count = notices.length;
  switch (kind) {
    case 'started':
      return { ...many, title: say('notice.startedMany', { count }), path: '/' };
    case 'finished': {
      const failed = newEndings(before, after).filter(({ outcome }) => outcome === 'failed').length;
      const text = say('notice.finishedManyText', { delivered: count - failed, failed });
      return { ...many, title: say('notice.finishedMany', { count }), text, path: '/recordings' };
    }
    case 'blocked':
    case 'diskLow':
      return { ...many, title: say('notice.blockedMany', { count: needsPerson(after) }), path: '/attention' };
  }
}

function startedNotices(before: TrayFacts, after: TrayFacts, language: Language): Notice[] {
  const say = sayIn(language);
  const isOn = ({ state }: TrayFacts['running'][number]): boolean => state === 'recording';
  const known = new Set(before.running.filter(isOn).map(({ id }) => id));
  return after.running
    .filter((one) => isOn(one) && !known.has(one.id) && one.lengthMs < JUST_BEGUN_MS)
    .map(({ id, room }) => ({
      kind: 'started',
      title: say('notice.started'),
      text: say('notice.startedText', { room: shortened(room) }),
      path: pathOf(id),
      isUrgent: false,
    }));
}

/** A recording that goes on after an interruption has not begun. */
const JUST_BEGUN_MS = 5 * MINUTE_MS;

function newEndings(before: TrayFacts, after: TrayFacts): Ending[] {
  const known = new Set(before.endings.map(({ id }) => id));
  return after.endings.filter(({ id }) => !known.has(id));
}

function finishedNotices(before: TrayFacts, after: TrayFacts, language: Language): Notice[] {
  const say = sayIn(language);
  return newEndings(before, after).map(({ id, room: whole, outcome, lengthMs, failure }) => {
    const room = shortened(whole);
    const place = { kind: 'finished', path: pathOf(id) } as const;
    if (outcome === 'failed') {
      const reason = failure ?? say('notice.failedReason');
      const text = say('notice.failedText', { room, reason });
      return { ...place, title: say('notice.failed'), text, isUrgent: true };
    }
    const text = say('notice.finishedText', { room, length: lengthInWords(language, lengthMs) });
    return { ...place, title: say('notice.finished'), text, isUrgent: false };
  });
}

/** Troubles that were not told lately, and when each was seen last. */
function freshTroubles({ toldAtMs }: NoticeMemory, { attention }: TrayFacts, nowMs: number) {
  const troubles = attention.filter(({ key, severity }) => severity === 'stop' || DISK_KEYS.has(key));
  const lately = Object.entries(toldAtMs).filter(([, atMs]) => Math.abs(nowMs - atMs) < QUIET_MS);
  const fresh = troubles.filter(({ key }) => !lately.some(([known]) => known === key));
  // One that lasts keeps its silence; it counts from when it was seen last.
  const seen = troubles.map(({ key }) => [key, nowMs]);
  return { fresh, toldAtMs: Object.fromEntries([...lately, ...seen]) as Record<string, number> };
}

function troubleNotices(
  kind: 'blocked' | 'diskLow',
  items: readonly TrayFacts['attention'][number][],
  language: Language,
): Notice[] {
  return items
    .filter(({ key }) => DISK_KEYS.has(key) === (kind === 'diskLow'))
    .map(({ title, text, remedy }) => ({
      kind,
      title: title[language],
      text: sentences(language, text, remedy),
      path: '/attention',
      isUrgent: true,
    }));
}

function sentences(language: Language, ...texts: readonly (Text | null)[]): string {
  return texts.flatMap((text) => text?.[language] ?? []).join(language === 'zh' ? '' : ' ');
}

function sayIn(language: Language) {
  return (key: TrayTextKey, values: Readonly<Record<string, string | number>> = {}): string =>
    trayText(language, key, values);
}
