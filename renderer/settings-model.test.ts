import fc from 'fast-check';
import { createInstance } from 'i18next';
import { describe, expect, it } from 'vitest';
import { keysReadAtStart, settingKeys } from '../main/settings/live-settings.ts';
import { defaultSettings, type PartialSettings, SettingsSchema, withOverrides } from '../main/settings/settings.ts';
import { settingWords } from './pages/settings/words.ts';
import { fieldsOf, isSameValue, patchOf, type SettingField, valueAt } from './settings-model.ts';
import { type Entry, entryOf, placeRefusals, readDrafts, readEntry } from './settings-model-entries.ts';
import { arrange, SECTIONS, sectionOf, wordsOfKey } from './settings-model-sections.ts';
import { en } from './texts/en.ts';
import { zhCN } from './texts/zh-CN.ts';

const schema = SettingsSchema as unknown as Record<string, unknown>;
const defaults = defaultSettings();
const fields = fieldsOf(schema, defaults);

function field(key: string, among: readonly SettingField[] = fields): SettingField {
  const found = among.find((one) => one.key === key);
  if (!found) throw new Error(`there is no setting ${key}`);
  return found;
}

async function wordsIn(language: 'en' | 'zh-CN') {
  const i18n = createInstance();
  const resources = { en: { translation: en }, 'zh-CN': { translation: zhCN } };
  await i18n.init({ lng: language, fallbackLng: false, resources, interpolation: { escapeValue: false } });
  return { i18n, words: settingWords(i18n.t, i18n) };
}

describe('the settings of the box on the page', () => {
  it('each has one control, made for its values', () => {
    expect(fields.map(({ key }) => key)).toEqual(settingKeys());
    expect(fields.filter(({ kind }) => kind === 'json')).toEqual([]);
    const kinds = {
      'video.crf': 'number',
      'video.fit': 'choice',
      'dressing.stamp': 'switch',
      'upload.window': 'object',
    };
    for (const [key, kind] of Object.entries(kinds)) expect(field(key).kind).toBe(kind);
    expect(field('video.background')).toMatchObject({ kind: 'text', look: 'colour' });
    expect(field('dressing.stampTimeZone')).toMatchObject({ look: 'timeZone', isNullable: true });
    expect(field('network.allowedHosts')).toMatchObject({ kind: 'list', isNullable: true });
    expect(field('http.allowedHosts')).toMatchObject({ kind: 'list', isNullable: false });
    expect(field('upload.window')).toMatchObject({
      fields: [{ look: 'time' }, { look: 'time' }, { look: 'timeZone' }],
    });
  });

  it('each stands in exactly one section that knows it', () => {
    const arranged = arrange(fields);
    const placed = SECTIONS.flatMap((section) =>
      arranged[section].flatMap((card) => [...card.fields, ...card.seldom].map(({ key }) => key)),
    );
    expect([...placed].sort()).toEqual([...settingKeys()].sort());
    expect(arranged.other).toEqual([]);
    expect(arranged.callback[0]?.fields.map(({ key }) => key)).toContain('network.loopback');
    expect(sectionOf('upload')).toBe('upload');
    expect(sectionOf('nonsense')).toBe('recording');
  });

  it.each(['en', 'zh-CN'] as const)(
    'each has title, explanation, and words for its choices and for being empty in %s',
    async (language) => {
      const { i18n, words } = await wordsIn(language);
      const titles = fields.map(({ key }) => words.titleOf(key));
      for (const one of fields) {
        const { key } = one;
        expect(i18n.exists(`settings.titles.${key}`), `title of ${key}`).toBe(true);
        expect(words.explanationOf(key), `explanation of ${key}`).not.toBe('');
        if (one.isNullable) expect(i18n.exists(`settings.empty.${key}`), `${key} without a value`).toBe(true);
        if (one.kind !== 'choice') continue;
        for (const choice of one.options)
          expect(i18n.exists(`settings.choices.${key}.${choice}`), `${key}: ${choice}`).toBe(true);
      }
      for (const cards of Object.values(arrange(fields)))
        for (const { card } of cards) expect(i18n.exists(`settings.cards.${card}`), card).toBe(true);
      expect(titles.every((title) => title.length > 0 && title.length < 45)).toBe(true);
    },
  );

  it('says limits and defaults as people do', async () => {
    const { words } = await wordsIn('en');
    const shown = (key: string) => `${words.limitsOf(field(key))} | ${words.valueOf(field(key), field(key).default)}`;
    expect(shown('limits.idleMs')).toBe('1 second to 7 days | 5 minutes');
    expect(shown('disk.reserveBytes')).toBe('0 to 1000 TB | 2 GB');
    expect(shown('upload.partBytes')).toBe('1 MiB to 1 GiB | 8 MiB');
    expect(shown('video.width')).toBe('16 to 4096 pixels, even numbers only | 1280 pixels');
    expect(shown('http.port')).toBe('0 to 65535 | 8787');
    expect(shown('retention.policy')).toBe(' | Keep all');
    expect(shown('upload.maxBytesPerSecond')).toContain('| No limit');
    expect((await wordsIn('zh-CN')).words.limitsOf(field('limits.idleMs'))).toBe('1 秒 至 7 天');
  });

  it('shows a setting that is newer than the page, whatever its form', async () => {
    const later = {
      type: 'object',
      properties: {
        telephone: {
          type: 'object',
          properties: {
            ringMs: { type: 'integer', minimum: 0 },
            deepList: { type: 'array', items: { type: 'object' } },
            oddThing: { oneOf: [{ type: 'string' }] },
          },
        },
      },
    };
    const found = fieldsOf(later, { telephone: { ringMs: 90_000, deepList: [{ a: 1 }], oddThing: 'x' } });
    expect(found.map(({ kind }) => kind)).toEqual(['number', 'json', 'json']);
    expect(arrange(found).other).toMatchObject([{ card: 'telephone', fields: found }]);
    const { words } = await wordsIn('en');
    expect(words.titleOf('telephone.ringMs')).toBe('Ring ms');
    expect(words.explanationOf('telephone.ringMs')).toBe('');
    expect(words.valueOf(field('telephone.ringMs', found), 90_000)).toBe('90 seconds');
    expect(wordsOfKey('a.keepGb')).toBe('Keep gb');
  });
});

describe('entries', () => {
  it('a value that is put into its control and read again is the same', () => {
    for (const one of fields) {
      const value = valueAt(defaults, one.key);
      expect(readEntry(one, entryOf(one, value)), one.key).toEqual({ kind: 'value', value });
    }
    const others: PartialSettings = {
      upload: { window: { from: '23:30', to: '05:00', timeZone: 'Asia/Shanghai' }, maxBytesPerSecond: 1_250_000 },
      network: { allowedHosts: ['a.example', '10.0.0.0/8'], proxy: 'http://proxy:3128' },
      limits: { idleMs: 90_001 },
    };
    const settings = withOverrides(defaults, others);
    for (const one of fields) {
      const value = valueAt(settings, one.key);
      expect(readEntry(one, entryOf(one, value)), one.key).toEqual({ kind: 'value', value });
    }
  });

  it('every whole number within the limits comes back exactly, in whatever unit it is shown', () => {
    const numbers = fields.flatMap((one) => (one.kind === 'number' && one.isWhole ? one : []));
    fc.assert(
      fc.property(fc.constantFrom(...numbers), fc.double({ min: 0, max: 1, noNaN: true }), (one, share) => {
        const { minimum, maximum, multipleOf } = one;
        const low = minimum ?? 0;
        const raw = Math.round(low + ((maximum ?? 1e9) - low) * share ** 4);
        const value = raw - (raw % (multipleOf ?? 1));
        expect(readEntry(one, entryOf(one, value))).toEqual({ kind: 'value', value });
      }),
      { numRuns: 500 },
    );
  });

  it.each([
    ['limits.idleMs', { text: '1.5', unit: 'min' }, 90_000],
    ['disk.reserveBytes', { text: '0.1', unit: 'GB' }, 100_000_000],
    ['disk.reserveBytes', { text: '1.000000001', unit: 'GB' }, 1_000_000_001],
    ['upload.maxBytesPerSecond', { text: '20', unit: 'Mbps' }, 2_500_000],
    ['upload.maxBytesPerSecond', { text: ' ', unit: 'Mbps' }, null],
    ['loudness.targetLufs', { text: '−16.5', unit: 'LUFS' }, -16.5],
    ['video.crf', { text: '１８', unit: null }, 18],
  ] as const)('%s as %o is %s', (key, amount, value) => {
    expect(readEntry(field(key), { kind: 'amount', ...amount })).toEqual({ kind: 'value', value });
  });

  it.each<[string, Entry, string]>([
    ['video.crf', { kind: 'amount', text: '', unit: null }, 'required'],
    ['video.crf', { kind: 'amount', text: 'fine', unit: null }, 'number'],
    ['video.crf', { kind: 'amount', text: '18.5', unit: null }, 'whole'],
    ['video.crf', { kind: 'amount', text: '52', unit: null }, 'range'],
    ['video.width', { kind: 'amount', text: '1281', unit: 'px' }, 'multipleOf'],
    ['disk.reserveBytes', { kind: 'amount', text: '0.0000000001', unit: 'GB' }, 'exact'],
    ['limits.idleMs', { kind: 'amount', text: '8', unit: 'd' }, 'range'],
    ['video.background', { kind: 'text', text: 'blue' }, 'form'],
    ['http.host', { kind: 'text', text: ' ' }, 'required'],
    ['http.allowedHosts', { kind: 'list', isChosen: true, text: 'good.example\nBad Name' }, 'form'],
  ])('%s refuses %o: %s', async (key, entry, rule) => {
    const reading = readEntry(field(key), entry);
    expect(reading).toMatchObject({ kind: 'problem', problem: { key, rule } });
    if (reading.kind !== 'problem') return;
    for (const language of ['en', 'zh-CN'] as const) {
      const sentence = (await wordsIn(language)).words.problemOf(reading.problem);
      expect(sentence).toMatch(/[.。]$/);
      expect(sentence).not.toMatch(/\{\{|undefined|null|settings\./);
    }
  });

  it('names the part of an object that is wrong', () => {
    const window = field('upload.window');
    const entry = entryOf(window, { from: '22:00', to: '06:00', timeZone: null });
    if (entry.kind !== 'object') throw new Error('not an object');
    const wrong: Entry = { ...entry, parts: { ...entry.parts, to: { kind: 'text', text: '' } } };
    expect(readEntry(window, wrong)).toMatchObject({ problem: { key: 'upload.window.to', rule: 'required' } });
    expect(readEntry(window, { ...entry, isChosen: false })).toEqual({ kind: 'value', value: null });
    expect(readEntry(window, { ...entryOf(window, null), isChosen: true } as Entry)).toMatchObject({
      value: { from: '22:00', to: '06:00', timeZone: null },
    });
  });
});

describe('drafts', () => {
  it('only what differs is a change; what is wrong is no change', () => {
    const drafts: Record<string, Entry> = {
      'video.crf': { kind: 'amount', text: '20', unit: null },
      'video.fps': { kind: 'amount', text: '15', unit: 'fps' },
      'video.width': { kind: 'amount', text: 'x', unit: 'px' },
      'http.tls.certPath': { kind: 'text', text: ' /etc/box/cert.pem ' },
    };
    const { changes, problems } = readDrafts(fields, defaults, drafts);
    expect(changes).toEqual({ 'video.crf': 20, 'http.tls.certPath': '/etc/box/cert.pem' });
    expect(Object.keys(problems)).toEqual(['video.width']);
    expect(patchOf(changes)).toEqual({ video: { crf: 20 }, http: { tls: { certPath: '/etc/box/cert.pem' } } });
    expect(keysReadAtStart()).toContain('http.tls.certPath');
  });

  it('a refusal of the box stands at its setting, under the title that the person knows', () => {
    const refusals = [
      {
        field: 'upload.window.timeZone',
        message: 'upload.window.timeZone is not a known time zone.',
        remedy: 'Mend it.',
      },
      { field: 'video.crf', message: 'video.crf must be <= 51.', remedy: 'Mend it.' },
      { field: 'disk.full', message: 'disk.full is not a known setting.', remedy: '' },
    ];
    const titles: Record<string, string> = { 'upload.window.timeZone': 'Time zone', 'video.crf': 'Quality' };
    const { placed, others } = placeRefusals(
      ['video.crf', 'upload.window'],
      refusals,
      (key) => titles[key] ?? key,
      'Save again.',
    );
    expect(placed).toEqual({
      'upload.window': 'Time zone is not a known time zone. Save again.',
      'video.crf': 'Quality must be <= 51. Save again.',
    });
    expect(others).toEqual(['disk.full is not a known setting.']);
  });

  it('values are compared as the box would', () => {
    expect(isSameValue({ a: 1, b: [1, 2] }, { b: [1, 2], a: 1 })).toBe(true);
    expect(isSameValue({ a: 1 }, { a: 1, b: null })).toBe(false);
    expect(isSameValue([1], [1, 2])).toBe(false);
    expect(isSameValue(null, {})).toBe(false);
  });
});
