import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type AttentionFacts, attentionCount, attentionItems } from './attention.ts';
import { ERRORS } from './errors.ts';
import { REMEDIES } from './texts/remedies.ts';

const WELL: AttentionFacts = {
  at: '2030-01-01T00:00:00.000Z',
  problems: [],
  simulated: false,
  disk: { freeBytes: 100e9, reserveBytes: 2e9 },
  standstills: [],
  parked: { count: 0, lastError: null, recordings: [] },
  expiring: [],
  withoutSound: [],
  relieved: [],
  hardwareFailed: [],
  clock: { behindMs: 0, cosDifferenceMs: null },
  tls: null,
  quarantine: { rows: 0, files: 0 },
  selfTest: 'passed',
  keyInFile: null,
  windowsMissing: false,
};

const standstill = (changes: Partial<AttentionFacts['standstills'][number]> = {}) => ({
  ...{ code: 'InvalidAccessKeyId', remedy: 'changeBoxKeys', message: 'InvalidAccessKeyId: no such key', count: 3 },
  recordings: [{ id: 'a', room: '1' }],
  ...changes,
});

describe('what needs a person', () => {
  it('is nothing while all is well, also when there is no room for more or the box stops', () => {
    expect(attentionItems(WELL)).toEqual([]);
    expect(attentionItems({ ...WELL, problems: ['AT_CAPACITY', 'SHUTTING_DOWN'] })).toEqual([]);
  });

  it.each<[string, Partial<AttentionFacts>, string, RegExp, string | null]>([
    ['a full disk', { problems: ['DISK_RESERVE'] }, 'stop', /full/, 'openStorage'],
    ['a disk that is away', { problems: ['DISK_AWAY'] }, 'stop', /away/, 'openStorage'],
    ['a disk that refuses', { problems: ['DISK_FAULT'] }, 'stop', /cannot be written/, 'openStorage'],
    ['no ffmpeg', { problems: ['FFMPEG_MISSING'] }, 'stop', /encoder/, 'openDiagnostics'],
    ['no addon', { problems: ['ADDON_MISSING'] }, 'stop', /missing/, 'openDiagnostics'],
    ['refused keys', { standstills: [standstill()] }, 'stop', /refuses this box's keys/, 'storeBoxKeys'],
    ['no keys', { standstills: [standstill({ remedy: 'giveKeys' })] }, 'stop', /no COS keys/, 'storeBoxKeys'],
    [
      'refused keys of a request',
      { standstills: [standstill({ remedy: 'changeRequestKeys' })] },
      'stop',
      /came with a request/,
      'giveRecordingKeys',
    ],
    ['an old token', { standstills: [standstill({ remedy: 'newToken' })] }, 'stop', /Temporary/, 'giveRecordingKeys'],
    ['no bucket', { standstills: [standstill({ remedy: 'checkBucket' })] }, 'stop', /bucket/, 'retryAll'],
    ['arrears', { standstills: [standstill({ remedy: 'checkAccount' })] }, 'stop', /balance/, 'retryAll'],
    ['an unknown reason', { standstills: [standstill({ remedy: 'Ask.' })] }, 'stop', /stands still/, 'retryAll'],
    [
      'callers who were given up',
      { parked: { count: 2, lastError: 'HTTP status 500', recordings: [] } },
      'stop',
      /could not be told/,
      'resend',
    ],
    ['a pause', { problems: ['RECORDING_PAUSED'] }, 'note', /paused/, null],
    ['little room', { disk: { freeBytes: 2.9e9, reserveBytes: 2e9 } }, 'risk', /runs full/, 'openStorage'],
    ['a clock behind', { clock: { behindMs: 120_000, cosDifferenceMs: null } }, 'risk', /clock is wrong/, null],
    [
      'a clock unlike that of COS',
      { clock: { behindMs: 0, cosDifferenceMs: -900_000 } },
      'risk',
      /clock is wrong/,
      null,
    ],
    [
      'a certificate that ends',
      { tls: { validUntil: '2030-01-15T00:00:00.000Z', problem: null } },
      'risk',
      /ends soon/,
      'openAccess',
    ],
    [
      'a certificate that has ended',
      { tls: { validUntil: '2029-12-31T00:00:00.000Z', problem: null } },
      'stop',
      /has ended/,
      'openAccess',
    ],
    [
      'a new certificate that is bad',
      { tls: { validUntil: '2031-01-01T00:00:00.000Z', problem: 'no PEM' } },
      'risk',
      /cannot be used/,
      'openAccess',
    ],
    [
      'a UserSig that ends',
      { expiring: [{ id: 'a', room: '1', at: '2030-01-01T00:10:00.000Z' }] },
      'risk',
      /UserSig/,
      null,
    ],
    ['a hardware encoder that failed', { hardwareFailed: [{ id: 'a', room: '1' }] }, 'risk', /hardware encoder/, null],
    ['a machine that is too slow', { relieved: [{ id: 'a', room: '1' }] }, 'risk', /too slow/, null],
    ['windows that are wanted without a desktop', { windowsMissing: true }, 'note', /no hidden windows/, null],
    ['a recording without sound', { withoutSound: [{ id: 'a', room: '1' }] }, 'risk', /no sound/, null],
    ['a self-test that failed', { selfTest: 'failed' }, 'risk', /self-test failed/, 'runSelfTest'],
    ['what was set aside', { quarantine: { rows: 1, files: 2 } }, 'note', /set aside/, 'openDiagnostics'],
    ['a key that the keychain did not take', { keyInFile: 'failed' }, 'note', /plain file/, null],
    ['a computer without a keychain', { keyInFile: 'unavailable' }, 'note', /plain file/, null],
    ['a keychain asked of a server', { keyInFile: 'noDesktop' }, 'note', /plain file/, null],
    ['simulated rooms', { simulated: true }, 'note', /simulated/, null],
  ])('%s: one item with its remedy', (_name, changes, severity, title, action) => {
    const items = attentionItems({ ...WELL, ...changes });
    expect(items).toHaveLength(1);
    expect(items[0]).toMatchObject({ severity, action, title: { en: expect.stringMatching(title) } });
    expect(items[0]?.remedy).not.toBeNull();
    expect(attentionCount({ ...WELL, ...changes })).toBe(severity === 'note' ? 0 : 1);
  });

  it('groups by reason, says how many wait, and shows what COS said once', () => {
    const [item] = attentionItems({ ...WELL, standstills: [standstill()] });
    expect(item).toMatchObject({ count: 3, detail: 'InvalidAccessKeyId: no such key', recordings: [{ id: 'a' }] });
    expect(item?.text.en).toContain('3');
    const [other] = attentionItems({ ...WELL, standstills: [standstill({ message: 'said COS' })] });
    expect(other?.detail).toBe('InvalidAccessKeyId: said COS');
  });

  it('a disk that is told of already is not told of twice', () => {
    const facts = { ...WELL, problems: ['DISK_RESERVE'], disk: { freeBytes: 1, reserveBytes: 2e9 } };
    expect(attentionItems(facts).map(({ key }) => key)).toEqual(['DISK_RESERVE']);
  });

  it('for any facts: keys differ, what stands still comes first, no place in a text is left open', () => {
    const someFacts = fc.record({
      problems: fc.uniqueArray(fc.constantFrom(...Object.keys(ERRORS))),
      simulated: fc.boolean(),
      standstills: fc.uniqueArray(
        fc.constantFrom(...Object.keys(REMEDIES)).map((remedy) => standstill({ remedy, code: `X${remedy}` })),
        { selector: ({ remedy }) => remedy },
      ),
      keyInFile: fc.constantFrom(null, 'noDesktop', 'unavailable', 'failed'),
      selfTest: fc.constantFrom('never', 'running', 'passed', 'failed'),
      tls: fc.constantFrom(null, { validUntil: '2029-01-01T00:00:00.000Z', problem: 'x' }),
      clock: fc.record({ behindMs: fc.nat(1e6), cosDifferenceMs: fc.option(fc.integer({ min: -1e6, max: 1e6 })) }),
      quarantine: fc.record({ rows: fc.nat(3), files: fc.nat(3) }),
    });
    fc.assert(
      fc.property(someFacts, (changes) => {
        const items = attentionItems({ ...WELL, ...(changes as Partial<AttentionFacts>) });
        expect(new Set(items.map(({ key }) => key)).size).toBe(items.length);
        const order = items.map(({ severity }) => ['stop', 'risk', 'note'].indexOf(severity));
        expect(order).toEqual(order.toSorted());
        for (const { title, text, remedy } of items) {
          const said = [title, text, ...(remedy ? [remedy] : [])].flatMap(({ en, zh }) => [en, zh]);
          expect(said.filter((one) => one === '' || /\{\w+\}/.test(one))).toEqual([]);
        }
      }),
    );
  });
});
