import type { SettingField } from './settings-model.ts';

/** Sections of the page, in its order. `other` holds what no section claims and is there only when there is something. */
export const SECTIONS = [
  'recording',
  'storage',
  'upload',
  'callback',
  'access',
  'desktop',
  'destinations',
  'appearance',
  'diagnostics',
  'other',
] as const;
export type Section = (typeof SECTIONS)[number];

/** Settings that stand together under one heading. Keys are whole keys or the groups they begin with. */
export interface CardPlan {
  card: string;
  keys: readonly string[];
  /** Settings that few ever touch; they stand below the others, folded away. */
  seldom?: readonly string[];
}

const PLAN: Readonly<Partial<Record<Section, readonly CardPlan[]>>> = {
  recording: [
    {
      card: 'picture',
      keys: ['video.layout', 'video.width', 'video.height', 'video.fps', 'video.crf', 'video.fit', 'video.background'],
      seldom: ['video'],
    },
    { card: 'sound', keys: ['audio', 'loudness'] },
    { card: 'dressing', keys: ['dressing'] },
    {
      card: 'limits',
      keys: ['recording.paused', 'limits.maxRecordings', 'limits.idleMs', 'limits.maxLengthMs'],
      seldom: ['limits', 'room', 'capture'],
    },
  ],
  storage: [
    { card: 'retention', keys: ['retention'] },
    { card: 'disk', keys: ['storage.directory', 'disk.reserveBytes'], seldom: ['storage', 'disk'] },
    { card: 'history', keys: ['events'] },
    { card: 'backup', keys: ['backup'] },
  ],
  upload: [
    {
      card: 'pace',
      keys: ['upload.window', 'upload.maxBytesPerSecond', 'upload.live', 'manifest'],
      seldom: ['upload'],
    },
    { card: 'network', keys: ['network'] },
  ],
  callback: [
    {
      card: 'callback',
      keys: ['callback.giveUpAfterMs', 'network.allowedHosts', 'network.loopback'],
      seldom: ['callback'],
    },
  ],
  access: [
    { card: 'address', keys: ['http'] },
    { card: 'certificate', keys: ['http.tls'] },
    { card: 'fleet', keys: ['fleet'] },
    { card: 'secrets', keys: ['secrets'] },
  ],
  desktop: [
    { card: 'notices', keys: ['desktop.notify'], seldom: ['desktop'] },
    { card: 'updates', keys: ['updates'] },
  ],
};

export interface CardOfFields {
  card: string;
  fields: readonly SettingField[];
  seldom: readonly SettingField[];
}

interface Place {
  section: Section;
  card: string;
  isSeldom: boolean;
}

/** Where a setting stands: with whoever names it most exactly. */
function placeOf(key: string): Place {
  let place: Place = { section: 'other', card: key.split('.')[0] ?? key, isSeldom: false };
  let best = 0;
  for (const [section, cards] of Object.entries(PLAN) as [Section, readonly CardPlan[]][]) {
    for (const { card, keys, seldom = [] } of cards) {
      for (const claim of [...keys, ...seldom]) {
        const isHit = key === claim || key.startsWith(`${claim}.`);
        if (!isHit || claim.length <= best) continue;
        best = claim.length;
        place = { section, card, isSeldom: !keys.includes(claim) };
      }
    }
  }
  return place;
}

/** The settings of each section, card by card; every setting stands in exactly one place. */
export function arrange(fields: readonly SettingField[]): Record<Section, CardOfFields[]> {
  const sections = Object.fromEntries(SECTIONS.map((section) => [section, []])) as unknown as Record<
    Section,
    { card: string; fields: SettingField[]; seldom: SettingField[] }[]
  >;
  for (const [section, cards] of Object.entries(PLAN) as [Section, readonly CardPlan[]][]) {
    sections[section] = cards.map(({ card }) => ({ card, fields: [], seldom: [] }));
  }
  for (const field of fields) {
    const { section, card, isSeldom } = placeOf(field.key);
    let target = sections[section].find((one) => one.card === card);
    if (!target) {
      target = { card, fields: [], seldom: [] };
      sections[section].push(target);
    }
    (isSeldom ? target.seldom : target.fields).push(field);
  }
  for (const [section, cards] of Object.entries(PLAN) as [Section, readonly CardPlan[]][]) {
    for (const { card, keys } of cards) {
      const order = (field: SettingField) =>
        keys.findIndex((key) => field.key === key || field.key.startsWith(`${key}.`));
      sections[section].find((one) => one.card === card)?.fields.sort((one, other) => order(one) - order(other));
    }
  }
  return Object.fromEntries(
    Object.entries(sections).map(([section, cards]) => [
      section,
      cards.filter((one) => one.fields.length + one.seldom.length > 0),
    ]),
  ) as unknown as Record<Section, CardOfFields[]>;
}

/** The section of an address; the first one for what is none. */
export function sectionOf(name: string | undefined): Section {
  return SECTIONS.find((section) => section === name) ?? 'recording';
}

/** A setting's key as words, for one that the page has no title for: `video.someNewKey` is "Some new key". */
export function wordsOfKey(key: string): string {
  const words = key
    .slice(key.lastIndexOf('.') + 1)
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .toLowerCase();
  return words.charAt(0).toUpperCase() + words.slice(1);
}
