import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AudioSettings, CaptureLimits, DressingSettings, VideoSettings } from '../capture/messages.ts';
import {
  defaultSettings,
  loadSettings,
  parseSettings,
  SETTINGS_FILE,
  SettingsError,
  saveSettings,
  withOverrides,
} from './settings.ts';

let directory: string;
let path: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'box-settings-'));
  path = join(directory, SETTINGS_FILE);
});
afterEach(() => {
  rmSync(directory, { recursive: true });
});

function problemsOf(value: unknown): string[] {
  try {
    parseSettings(value);
  } catch (error) {
    if (error instanceof SettingsError) return error.problems.map(({ key }) => key);
    throw error;
  }
  return [];
}

describe('settings', () => {
  it('are the documented defaults without a file, and fit the capture process', () => {
    const settings = loadSettings(directory);
    const capture: { video: VideoSettings; audio: AudioSettings; limits: CaptureLimits; dressing: DressingSettings } =
      settings;
    expect(capture.video).toEqual({
      width: 1280,
      height: 720,
      fps: 15,
      encoder: 'software',
      preset: 'veryfast',
      crf: 23,
      maxRateKbps: 2500,
      gopSeconds: 2,
      fit: 'fit',
      layout: 'grid',
      background: '#000000',
    });
    expect(capture.dressing).toEqual({
      nameStrip: false,
      stamp: false,
      stampTimeZone: null,
      placeholder: false,
      watermarkPath: null,
    });
    expect(settings.loudness).toEqual({ enabled: false, targetLufs: -16, truePeakDb: -1 });
    expect(settings.manifest).toEqual({ upload: false });
    expect(settings.limits.idleMs).toBe(300_000);
    expect(settings.callback.giveUpAfterMs).toBe(72 * 3_600_000);
    expect(settings.upload.partBytes).toBe(8 * 1024 * 1024);
    expect(readdirSync(directory)).toEqual([]);
  });

  it('take the file for what it names and defaults for the rest, and overrides over both', () => {
    writeFileSync(path, '\uFEFF{"video": {"fps": 25}, "http": {"port": 9000}}');
    const settings = loadSettings(directory, { http: { port: 0 } });
    expect(settings.video).toMatchObject({ fps: 25, width: 1280 });
    expect(settings.http).toMatchObject({ host: '127.0.0.1', port: 0 });
  });

  it.each([
    [{ video: { width: 641 } }, ['video.width']],
    [{ video: { fps: '15' } }, ['video.fps']],
    [{ video: { fit: 'stretch', background: 'black' } }, ['video.background', 'video.fit']],
    [{ audio: { bitrate: 5 } }, ['audio.bitrate']],
    [{ vidio: {} }, ['vidio']],
    [{ limits: { maxRecordings: 0 }, disk: { reserveBytes: -1 } }, ['disk.reserveBytes', 'limits.maxRecordings']],
    [{ upload: { partBytes: 1024 } }, ['upload.partBytes']],
    [{ upload: { maxBytesPerSecond: 1000 } }, ['upload.maxBytesPerSecond']],
    [{ upload: { window: { from: '20:00', to: '24:00' } } }, ['upload.window.to']],
    [{ upload: { window: { from: '20:00', to: '20:00' } } }, ['upload.window']],
    [{ upload: { window: { from: '20:00', to: '06:00', timeZone: 'Mars/Olympus' } } }, ['upload.window.timeZone']],
    [{ network: { proxy: 'socks5://proxy', caPath: '' } }, ['network.caPath']],
    [{ network: { proxy: 'socks5://proxy' } }, ['network.proxy']],
    [{ room: { scene: 'party' } }, ['room.scene']],
    [{ video: { layout: 'mosaic' } }, ['video.layout']],
    [{ dressing: { stampTimeZone: 'Mars/Olympus' } }, ['dressing.stampTimeZone']],
    [{ dressing: { watermarkPath: '', stamp: 1 } }, ['dressing.stamp', 'dressing.watermarkPath']],
    [{ fleet: { boxName: 'Box-1' } }, ['fleet.boxName']],
    [{ fleet: { boxName: 'ninechars' } }, ['fleet.boxName']],
    [{ loudness: { targetLufs: 3, truePeakDb: 1 } }, ['loudness.targetLufs', 'loudness.truePeakDb']],
    [{ http: null }, ['http']],
    [[], ['']],
    [null, ['']],
  ])('name every wrong key: %j', (value, keys) => {
    expect(problemsOf(value).sort()).toEqual(keys);
  });

  it('take a time zone of the stamp by its name', () => {
    const { dressing } = parseSettings({ dressing: { stampTimeZone: 'Asia/Shanghai', watermarkPath: '/logo.png' } });
    expect(dressing).toMatchObject({ stampTimeZone: 'Asia/Shanghai', watermarkPath: '/logo.png', stamp: false });
  });

  it('take hosts and certificates only in a form that can mean something', () => {
    const good = { http: { allowedHosts: ['box.example.com'], tls: { certPath: '/a', keyPath: '/b' } } };
    expect(
      parseSettings({ ...good, network: { allowedHosts: ['*.cos.example', '10.0.0.0/8'] } }).network.loopback,
    ).toBe('auto');
    const wrong: [object, RegExp][] = [
      [{ http: { allowedHosts: ['Box.example.com'] } }, /http\.allowedHosts\.0/],
      [{ http: { allowedHosts: ['box:8787'] } }, /http\.allowedHosts\.0/],
      [{ http: { tls: { certPath: '/a' } } }, /http\.tls\.keyPath is missing/],
      [{ http: { tls: { keyPath: '/a' } } }, /http\.tls\.certPath is missing/],
      [
        { network: { allowedHosts: ['a.example', 'https://a.example'] } },
        /network\.allowedHosts\.1 must be a host name/,
      ],
      [{ network: { loopback: 'yes' } }, /network\.loopback.*auto, allow, refuse/],
    ];
    for (const [value, message] of wrong) expect(() => parseSettings(value)).toThrow(message);
  });

  it('take hours over midnight, a bandwidth and a proxy, and never repeat its password', () => {
    const window = { from: '20:00', to: '06:00' };
    const { upload, network } = parseSettings({
      upload: { window, maxBytesPerSecond: 500_000 },
      network: { proxy: 'http://me:secret@proxy:3128' },
    });
    expect(upload).toMatchObject({ window: { ...window, timeZone: null }, maxBytesPerSecond: 500_000 });
    expect(network).toMatchObject({ proxy: 'http://me:secret@proxy:3128', caPath: null });
    expect(() => parseSettings({ network: { proxy: 'https://me:secret@proxy' } })).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining('secret') }),
    );
  });

  it('say in which file and where, with the words that are allowed', () => {
    writeFileSync(path, '{"video": {"fit": "stretch"}}');
    expect(() => loadSettings(directory)).toThrow(`${path}: video.fit `);
    expect(() => loadSettings(directory)).toThrow('fit, fill');
    writeFileSync(path, '{"video": ');
    expect(() => loadSettings(directory)).toThrow(/is not valid JSON/);
    expect(() => withOverrides(defaultSettings(), { http: { port: -1 } })).toThrow('http.port');
  });

  it('are written privately and in one step, and never when they are wrong', () => {
    const settings = withOverrides(defaultSettings(), { video: { width: 640, height: 360 } });
    saveSettings(directory, settings);
    saveSettings(directory, settings);
    expect(loadSettings(directory)).toEqual(settings);
    expect(statSync(path).mode & 0o077).toBe(0);
    const before = readFileSync(path, 'utf8');
    expect(() => saveSettings(directory, { ...settings, http: { ...settings.http, host: '' } })).toThrow('http.host');
    expect(readFileSync(path, 'utf8')).toBe(before);
    expect(readdirSync(directory)).toEqual([SETTINGS_FILE]);
  });
});
