import type { Static } from 'typebox';
import type { AttentionFactsSchema } from './api/check-routes.ts';
import { ERRORS, type ErrorCode } from './errors.ts';
import { ATTENTION_TEXTS, type AttentionText } from './texts/attention.ts';
import type { Text } from './texts/language.ts';
import { REMEDIES, type RemedyName } from './texts/remedies.ts';

export type AttentionFacts = Static<typeof AttentionFactsSchema>;

/** What can be done about an item at once. */
export type AttentionAction =
  /** Store keys for the box itself. */
  | 'storeBoxKeys'
  /** Give the named recordings keys of their own. */
  | 'giveRecordingKeys'
  /** Try everything that waits again. */
  | 'retryAll'
  /** Send the parked messages again. */
  | 'resend'
  | 'openStorage'
  | 'openAccess'
  | 'runSelfTest'
  | 'openDiagnostics';

/** One thing that needs a person. */
export interface AttentionItem {
  /** Tells it from the others, and stays while the cause is the same. */
  key: string;
  /** `stop`: something stands still or is refused; `risk`: it will be; `note`: worth knowing, not counted. */
  severity: 'stop' | 'risk' | 'note';
  title: Text;
  text: Text;
  remedy: Text | null;
  /** What COS, a receiver or the system said, in its own words. */
  detail: string | null;
  action: AttentionAction | null;
  /** Recordings it is about; `count` says how many there are in all. */
  recordings: readonly { id: string; room: string }[];
  count: number;
}

const DAY_MS = 24 * 3_600_000;
/** As long as it takes to get a new certificate in a large house. */
const TLS_NOTICE_MS = 21 * DAY_MS;
/** Clocks that follow a time server are never this far off. */
const CLOCK_TOLERANCE_MS = 60_000;
/** Free space counts as low below this many times the reserve. */
const LOW_RESERVES = 1.5;
const SEVERITIES = ['stop', 'risk', 'note'] as const;

/** Everything that needs a person, what stands still first. Pure: the page, its navigation and the tray show the same. */
export function attentionItems(facts: AttentionFacts): AttentionItem[] {
  const items = [
    ...facts.problems.flatMap(problemItem),
    ...facts.standstills.map(standstillItem),
    ...parkedItem(facts),
    ...diskItem(facts),
    ...clockItem(facts),
    ...tlsItem(facts),
    ...userSigItem(facts),
    ...soundItem(facts),
    ...reliefItem(facts),
    ...hardwareItem(facts),
    ...selfTestItem(facts),
    ...quarantineItem(facts),
    ...keyItem(facts),
    ...windowsItem(facts),
    ...pausedItem(facts),
    ...simulatedItem(facts),
  ];
  return SEVERITIES.flatMap((severity) => items.filter((item) => item.severity === severity));
}

/** How many things need a person: the number in the navigation. */
export function attentionCount(facts: AttentionFacts): number {
  return attentionItems(facts).filter(({ severity }) => severity !== 'note').length;
}

function item(
  fields: Pick<AttentionItem, 'key' | 'severity' | 'title' | 'text'> & Partial<AttentionItem>,
): AttentionItem {
  return { remedy: null, detail: null, action: null, recordings: [], count: 0, ...fields };
}

function say(name: AttentionText, values: Readonly<Record<string, string | number>> = {}): Text {
  const fill = (text: string): string =>
    text.replace(/\{(\w+)\}/g, (place, key: string) => String(values[key] ?? place));
  return { en: fill(ATTENTION_TEXTS[name].en), zh: fill(ATTENTION_TEXTS[name].zh) };
}

/** Why new recordings are refused. A full or stopping box needs nobody. */
const PROBLEMS: Partial<Record<ErrorCode, { title: AttentionText; action: AttentionAction | null }>> = {
  FFMPEG_MISSING: { title: 'ffmpegTitle', action: 'openDiagnostics' },
  ADDON_MISSING: { title: 'addonTitle', action: 'openDiagnostics' },
  DISK_RESERVE: { title: 'diskReserveTitle', action: 'openStorage' },
  DISK_AWAY: { title: 'diskAwayTitle', action: 'openStorage' },
  DISK_FAULT: { title: 'diskFaultTitle', action: 'openStorage' },
};

function problemItem(code: string): AttentionItem[] {
  const known = PROBLEMS[code as ErrorCode];
  if (!known) return [];
  const { message, remedy } = ERRORS[code as ErrorCode];
  const refusing = ATTENTION_TEXTS.refusing;
  const text = { en: `${message.en} ${refusing.en}`, zh: `${message.zh}${refusing.zh}` };
  return [item({ key: code, severity: 'stop', title: say(known.title), text, remedy, action: known.action })];
}

interface Reason {
  title: AttentionText;
  action: AttentionAction;
  /** In place of the remedy, which speaks of the API. */
  remedy?: AttentionText;
}

const BY_REMEDY: Partial<Record<RemedyName, Reason>> = {
  checkKeys: { title: 'keysRefused', action: 'storeBoxKeys', remedy: 'storeKeys' },
  changeBoxKeys: { title: 'keysRefused', action: 'storeBoxKeys', remedy: 'storeKeys' },
  giveKeys: { title: 'keysMissing', action: 'storeBoxKeys', remedy: 'storeKeys' },
  changeRequestKeys: { title: 'requestKeysRefused', action: 'giveRecordingKeys', remedy: 'giveOwnKeys' },
  newToken: { title: 'tokenEnded', action: 'giveRecordingKeys', remedy: 'giveOwnKeys' },
  checkToken: { title: 'tokenEnded', action: 'giveRecordingKeys', remedy: 'giveOwnKeys' },
  unreadableKeys: { title: 'keysUnreadable', action: 'giveRecordingKeys', remedy: 'giveOwnKeys' },
  allowPolicy: { title: 'notAllowed', action: 'retryAll' },
  allowHead: { title: 'notAllowed', action: 'retryAll' },
  checkAccount: { title: 'account', action: 'retryAll' },
  checkBucket: { title: 'bucket', action: 'retryAll' },
  checkClock: { title: 'clockTitle', action: 'retryAll' },
  checkAddress: { title: 'way', action: 'retryAll' },
  proxyPassword: { title: 'way', action: 'retryAll' },
  checkProxy: { title: 'way', action: 'retryAll' },
  checkCertificate: { title: 'way', action: 'retryAll' },
  checkPortal: { title: 'way', action: 'retryAll' },
  checkIntegrity: { title: 'integrity', action: 'retryAll' },
  checkDisk: { title: 'disk', action: 'retryAll' },
  diskFull: { title: 'disk', action: 'retryAll' },
  diskReadOnly: { title: 'disk', action: 'retryAll' },
  diskDenied: { title: 'disk', action: 'retryAll' },
  diskError: { title: 'disk', action: 'retryAll' },
  diskAway: { title: 'disk', action: 'retryAll' },
};
const UNKNOWN: Reason = { title: 'standstill', action: 'retryAll' };

function standstillItem({
  code,
  remedy,
  message,
  count,
  recordings,
}: AttentionFacts['standstills'][number]): AttentionItem {
  const name = Object.hasOwn(REMEDIES, remedy) ? (remedy as RemedyName) : null;
  const reason = (name && BY_REMEDY[name]) ?? UNKNOWN;
  const own = reason.remedy ? say(reason.remedy) : null;
  return item({
    key: `standstill ${code} ${remedy}`,
    severity: 'stop',
    title: say(reason.title),
    text: say('waits', { count }),
    remedy: own ?? (name ? REMEDIES[name] : { en: remedy, zh: remedy }),
    // The code stands in front of what the last try said, unless it is there already.
    detail: message.startsWith(code) ? message : `${code}: ${message}`,
    action: reason.action,
    ...{ recordings, count },
  });
}

function parkedItem({ parked: { count, lastError, recordings } }: AttentionFacts): AttentionItem[] {
  if (count === 0) return [];
  return [
    item({
      ...{ key: 'parked', severity: 'stop', title: say('parkedTitle'), text: say('parked', { count }) },
      ...{ remedy: say('parkedRemedy'), detail: lastError, action: 'resend', recordings, count },
    }),
  ];
}

function diskItem({ disk: { freeBytes, reserveBytes }, problems }: AttentionFacts): AttentionItem[] {
  const isTold = problems.some((code) => code.startsWith('DISK_'));
  if (isTold || freeBytes === null || freeBytes >= LOW_RESERVES * reserveBytes) return [];
  return [
    item({
      ...{ key: 'diskLow', severity: 'risk', title: say('diskLowTitle'), text: say('diskLow') },
      ...{ remedy: say('diskLowRemedy'), action: 'openStorage' },
    }),
  ];
}

function clockItem({ clock: { behindMs, cosDifferenceMs } }: AttentionFacts): AttentionItem[] {
  const minutes = (ms: number): number => Math.max(1, Math.round(Math.abs(ms) / 60_000));
  const clock = (text: Text): AttentionItem[] => [
    item({ key: 'clock', severity: 'risk', title: say('clockTitle'), text, remedy: say('clockRemedy') }),
  ];
  if (behindMs > CLOCK_TOLERANCE_MS) return clock(say('clockBehind', { minutes: minutes(behindMs) }));
  const isOff = cosDifferenceMs !== null && Math.abs(cosDifferenceMs) > CLOCK_TOLERANCE_MS;
  return isOff ? clock(say('clockCos', { minutes: minutes(cosDifferenceMs) })) : [];
}

function tlsItem({ tls, at }: AttentionFacts): AttentionItem[] {
  if (tls === null) return [];
  const remedy = say('tlsRemedy');
  const items: AttentionItem[] = [];
  if (tls.problem !== null) {
    const text = say('tlsBad', { problem: tls.problem });
    items.push(
      item({ key: 'tlsBad', severity: 'risk', title: say('tlsBadTitle'), text, remedy, action: 'openAccess' }),
    );
  }
  const leftMs = Date.parse(tls.validUntil) - Date.parse(at);
  if (leftMs < TLS_NOTICE_MS) {
    const title = say(leftMs > 0 ? 'tlsTitle' : 'tlsEndedTitle');
    const text = say('tls', { date: tls.validUntil.slice(0, 10) });
    items.push(item({ key: 'tls', severity: leftMs > 0 ? 'risk' : 'stop', title, text, remedy, action: 'openAccess' }));
  }
  return items;
}

function userSigItem({ expiring }: AttentionFacts): AttentionItem[] {
  if (expiring.length === 0) return [];
  return [
    item({
      ...{ key: 'userSig', severity: 'risk', title: say('userSigTitle'), text: say('userSig') },
      ...{ remedy: say('userSigRemedy'), recordings: expiring, count: expiring.length },
    }),
  ];
}

function reliefItem({ relieved }: AttentionFacts): AttentionItem[] {
  if (relieved.length === 0) return [];
  return [
    item({
      ...{ key: 'relieved', severity: 'risk', title: say('reliefTitle'), text: say('relief') },
      ...{ remedy: say('reliefRemedy'), recordings: relieved, count: relieved.length },
    }),
  ];
}

function hardwareItem({ hardwareFailed }: AttentionFacts): AttentionItem[] {
  if (hardwareFailed.length === 0) return [];
  return [
    item({
      ...{ key: 'hardware', severity: 'risk', title: say('hardwareTitle'), text: say('hardware') },
      ...{ remedy: say('hardwareRemedy'), recordings: hardwareFailed, count: hardwareFailed.length },
    }),
  ];
}

function soundItem({ withoutSound }: AttentionFacts): AttentionItem[] {
  if (withoutSound.length === 0) return [];
  return [
    item({
      ...{ key: 'sound', severity: 'risk', title: say('soundTitle'), text: say('sound') },
      ...{ remedy: say('soundRemedy'), recordings: withoutSound, count: withoutSound.length },
    }),
  ];
}

function selfTestItem({ selfTest }: AttentionFacts): AttentionItem[] {
  if (selfTest !== 'failed') return [];
  return [
    item({
      ...{ key: 'selfTest', severity: 'risk', title: say('selfTestTitle'), text: say('selfTest') },
      ...{ remedy: say('selfTestRemedy'), action: 'runSelfTest' },
    }),
  ];
}

function quarantineItem({ quarantine: { rows, files } }: AttentionFacts): AttentionItem[] {
  const count = rows + files;
  if (count === 0) return [];
  return [
    item({
      ...{ key: 'quarantine', severity: 'note', title: say('quarantineTitle'), text: say('quarantine', { count }) },
      ...{ remedy: say('quarantineRemedy'), action: 'openDiagnostics' },
    }),
  ];
}

/** Nothing stands still for it, and every box without a desktop has its key there. */
function keyItem({ keyInFile }: AttentionFacts): AttentionItem[] {
  if (keyInFile === null) return [];
  const { text, remedy } = KEY_IN_FILE[keyInFile];
  const words = { title: say('keyTitle'), text: say(text), remedy: say(remedy) };
  return [item({ key: 'keyInFile', severity: 'note', ...words })];
}

function windowsItem({ windowsMissing }: AttentionFacts): AttentionItem[] {
  if (!windowsMissing) return [];
  const words = { title: say('windowsTitle'), text: say('windows'), remedy: say('windowsRemedy') };
  return [item({ key: 'windowsMissing', severity: 'note', ...words })];
}

const KEY_IN_FILE = {
  noDesktop: { text: 'keyNoDesktop', remedy: 'keyNoDesktopRemedy' },
  unavailable: { text: 'keyUnavailable', remedy: 'keyRemedy' },
  failed: { text: 'keyFailed', remedy: 'keyRemedy' },
} as const;

/** Somebody wanted it, so it is none of the problems; but it is easily forgotten. */
function pausedItem({ problems }: AttentionFacts): AttentionItem[] {
  if (!problems.includes('RECORDING_PAUSED')) return [];
  return [
    item({
      ...{ key: 'paused', severity: 'note', title: say('pausedTitle'), text: say('paused') },
      remedy: say('pausedRemedy'),
    }),
  ];
}

function simulatedItem({ simulated }: AttentionFacts): AttentionItem[] {
  if (!simulated) return [];
  return [
    item({
      ...{ key: 'simulated', severity: 'note', title: say('simulatedTitle'), text: say('simulated') },
      remedy: say('simulatedRemedy'),
    }),
  ];
}
