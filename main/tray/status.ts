import type { Language } from '../../shared/texts/language.ts';
import type { TrayFacts } from './facts.ts';
import { trayText } from './texts/texts.ts';

/** What the icon can say, the most urgent last. Each has a file of its name in `resources/icons/tray`. */
export const ICON_STATES = ['idle', 'uploading', 'recording', 'offline', 'attention'] as const;
export type IconState = (typeof ICON_STATES)[number];

/** How the reader writes moments. */
export interface TrayWords {
  language: Language;
  /** A time of day, with the date when it is another day: `14:32`. */
  timeOf(iso: string): string;
}

/** Windows cuts what is longer. */
const LONGEST_TOOLTIP = 127;

/** Things that stand still, or soon will: what is merely worth knowing is not counted. */
export function needsPerson({ attention }: Pick<TrayFacts, 'attention'>): number {
  return attention.filter(({ severity }) => severity !== 'note').length;
}

/**
 * The most urgent of what the icon can say. What merely may go wrong one day (a certificate that ends in two weeks) must not hide for
 * days that something is being recorded.
 */
export function iconStateOf(facts: TrayFacts): IconState {
  if (facts.attention.some(({ severity }) => severity === 'stop')) return 'attention';
  if (facts.line === 'down' || facts.uploads.offlineSince !== null) return 'offline';
  if (facts.running.length > 0) return 'recording';
  if (facts.uploads.active > 0) return 'uploading';
  return needsPerson(facts) > 0 ? 'attention' : 'idle';
}

/** How the box is, in sentences, what is going on first. Never empty. */
export function statusLines(facts: TrayFacts, { language, timeOf }: TrayWords): string[] {
  const say = trayText.bind(null, language);
  if (facts.line !== 'up') return [say(facts.line === 'down' ? 'status.down' : 'status.unknown')];
  const { running, uploads } = facts;
  const lines: string[] = [];
  const [only] = running;
  if (running.length > 1) lines.push(say('status.recordingMany', { count: running.length }));
  else if (only) lines.push(say('status.recordingOne', { room: shortened(only.room) }));
  const needing = needsPerson(facts);
  if (needing > 0) lines.push(say(needing === 1 ? 'status.attentionOne' : 'status.attentionMany', { count: needing }));
  if (uploads.offlineSince !== null) lines.push(say('status.offline', { time: timeOf(uploads.offlineSince) }));
  else if (uploads.active > 0) {
    const key = uploads.active === 1 ? 'status.uploadingOne' : 'status.uploadingMany';
    lines.push(say(key, { count: uploads.active }));
  }
  if (facts.isPaused) lines.push(say('status.paused'));
  return lines.length > 0 ? lines : [say('status.idle')];
}

/** What the icon tells whoever rests the pointer on it. */
export function tooltipOf(facts: TrayFacts, words: TrayWords): string {
  const title = trayText(words.language, 'app');
  let text = title;
  for (const line of statusLines(facts, words)) {
    const longer = `${text}\n${line}`;
    if (longer.length > LONGEST_TOOLTIP) break;
    text = longer;
  }
  return text;
}

const LONGEST_ROOM = 32;

/** A room's name, cut where a menu would become too wide. */
export function shortened(room: string): string {
  return room.length > LONGEST_ROOM ? `${room.slice(0, LONGEST_ROOM - 1)}…` : room;
}
