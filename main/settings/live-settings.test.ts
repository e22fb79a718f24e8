import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { keysReadAtStart, openSettings, settingKeys } from './live-settings.ts';
import { defaultSettings, loadSettings, SETTINGS_FILE, SettingsError } from './settings.ts';

let directory: string;
let file: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'live-settings-'));
  file = join(directory, SETTINGS_FILE);
});
afterEach(() => rmSync(directory, { recursive: true }));

const onDisk = (): unknown => JSON.parse(readFileSync(file, 'utf8'));

describe('changing settings', () => {
  it('counts at once for whoever holds the live ones, and not for whoever took them before', () => {
    const store = openSettings(directory);
    const { limits } = store.live;
    const before = store.current();
    store.change({ limits: { maxRecordings: 3 }, upload: { window: { from: '20:00', to: '06:00' } } });
    expect([limits.maxRecordings, before.limits.maxRecordings]).toEqual([3, null]);
    expect(store.live.upload.window).toEqual({ from: '20:00', to: '06:00', timeZone: null });
    expect(structuredClone(store.live)).toEqual(store.current());
    expect(JSON.parse(JSON.stringify(store.live))).toEqual(store.current());
  });

  it('writes only what was ever set, beside what is in the file, and the next start reads the same', () => {
    writeFileSync(file, '{"video":{"fps":25},"http":{"tls":{"certPath":"/a","keyPath":"/b"}}}');
    const store = openSettings(directory);
    store.change({ video: { width: 640 }, http: { tls: { certPath: '/c' } }, upload: { window: null } });
    expect(onDisk()).toEqual({
      video: { fps: 25, width: 640 },
      http: { tls: { certPath: '/c', keyPath: '/b' } },
      upload: { window: null },
    });
    expect(loadSettings(directory)).toEqual(store.current());
  });

  it('a value that is an object is replaced whole', () => {
    const store = openSettings(directory);
    store.change({ upload: { window: { from: '01:00', to: '02:00', timeZone: 'Asia/Shanghai' } } });
    store.change({ upload: { window: { from: '03:00', to: '04:00' } } });
    expect(store.current().upload.window).toEqual({ from: '03:00', to: '04:00', timeZone: null });
  });

  it('overrides win and are not written', () => {
    const store = openSettings(directory, { video: { fps: 10 } });
    store.change({ video: { crf: 30 } });
    expect([store.current().video.fps, store.current().video.crf]).toEqual([10, 30]);
    expect(onDisk()).toEqual({ video: { crf: 30 } });
  });

  it.each([
    ['nothing but an object', 5, ['']],
    ['no list', [], ['']],
    ['two wrong keys', { video: { fps: 1000, width: 641 }, limits: { idleMs: 5000 } }, ['video.fps', 'video.width']],
    ['an unknown key', { video: { colour: 'red' } }, ['video.colour']],
    ['an unknown group', { vidoe: {} }, ['vidoe']],
    ['a group that is no object', { video: null }, ['video']],
    ['a name out of the language', JSON.parse('{"__proto__":{"x":1}}'), ['__proto__']],
    ['a meaning no schema knows', { upload: { window: { from: '01:00', to: '01:00' } } }, ['upload.window']],
    ['certificates that are not there', { network: { caPath: '/nowhere/ca.pem' } }, ['network.caPath']],
  ])('refuses %s, names it and changes nothing', (_, patch, keys) => {
    writeFileSync(file, '{"video":{"fps":25}}');
    const store = openSettings(directory);
    const told: unknown[] = [];
    store.onChange((now) => told.push(now));
    let error: unknown;
    try {
      store.change(patch);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(SettingsError);
    expect((error as SettingsError).problems.map(({ key }) => key).sort()).toEqual(keys);
    expect(onDisk()).toEqual({ video: { fps: 25 } });
    expect(store.current().video.fps).toBe(25);
    expect(told).toEqual([]);
  });

  it('tells those who asked, with before and after, until they have heard enough', () => {
    const store = openSettings(directory);
    const heard: [number, number][] = [];
    const stop = store.onChange((now, before) => heard.push([before.disk.reserveBytes, now.disk.reserveBytes]));
    store.change({ disk: { reserveBytes: 5 } });
    stop();
    store.change({ disk: { reserveBytes: 6 } });
    expect(heard).toEqual([[2e9, 5]]);
  });

  it('any sequence of changes is what the last word on each key said', () => {
    const patch = fc.record(
      {
        limits: fc.record(
          { maxRecordings: fc.integer({ min: 1, max: 64 }), idleMs: fc.constant(9000) },
          { requiredKeys: [] },
        ),
        video: fc.record({ fps: fc.integer({ min: 1, max: 60 }) }, { requiredKeys: [] }),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(fc.array(patch, { maxLength: 4 }), (patches) => {
        rmSync(file, { force: true });
        const store = openSettings(directory);
        const expected = defaultSettings();
        for (const one of patches) {
          store.change(one);
          Object.assign(expected.limits, one.limits);
          Object.assign(expected.video, one.video);
        }
        expect(store.current()).toEqual(expected);
        expect(loadSettings(directory)).toEqual(expected);
      }),
      { numRuns: 30 },
    );
  });
});

it('keys that count only after a start are few, and each is a setting', () => {
  const all = settingKeys();
  expect(all.length).toBeGreaterThan(50);
  expect(keysReadAtStart()).toContain('http.port');
  expect(
    keysReadAtStart().filter((key) => /^(limits|disk|retention|callback|upload|video|dressing)\./.test(key)),
  ).toEqual([]);
});
