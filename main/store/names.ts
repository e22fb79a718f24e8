import { parseObject } from './events.ts';
import type { RecordingRow } from './rows.ts';

/** The names to show of a recording; none when they cannot be read: a recording is worth more than its captions. */
export function namesOf({ namesJson }: Pick<RecordingRow, 'namesJson'>): Record<string, string> {
  const parsed = parseObject(namesJson);
  if (!parsed.ok) return {};
  const texts = Object.entries(parsed.value).filter((entry): entry is [string, string] => typeof entry[1] === 'string');
  return Object.fromEntries(texts);
}

/** The name to show for a user: his own where the request gave one, otherwise his id. */
export function shownName(row: Pick<RecordingRow, 'namesJson'>, userId: string): string {
  const names = namesOf(row);
  // A user may be called `constructor`.
  return (Object.hasOwn(names, userId) ? names[userId] : undefined) ?? userId;
}
