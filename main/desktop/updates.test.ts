import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  isLasting,
  NO_UPDATE,
  nextUpdate,
  nextUpdateTask,
  UPDATE_FAILURES,
  type UpdateCircumstances,
  type UpdateEvent,
  type UpdateFailure,
  type UpdateState,
  type UpdateTask,
  updateFailureOf,
  updateSettingsOf,
  withoutSecrets,
} from './updates.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const NOW: UpdateCircumstances = { nowMs: 10 * DAY_MS, isBusy: false, isAsked: false, checkEveryMs: DAY_MS };
const state = (changes: Partial<UpdateState>): UpdateState => ({ ...NO_UPDATE, triedAtMs: NOW.nowMs, ...changes });
const play = (...events: UpdateEvent[]): UpdateState => events.reduce(nextUpdate, NO_UPDATE);
const found = (version: string): UpdateEvent => ({ kind: 'found', version, atMs: 5 });
const failed = (failure: UpdateFailure): UpdateEvent => ({ kind: 'failed', failure, atMs: 5 });

describe('what there is to do', () => {
  it.each<[string, Partial<UpdateState>, Partial<UpdateCircumstances>, UpdateTask]>([
    ['never asked', { triedAtMs: null }, {}, 'check'],
    ['never asked, while recording: the list is small', { triedAtMs: null }, { isBusy: true }, 'check'],
    ['asked a moment ago', {}, {}, 'none'],
    ['asked a day ago', { triedAtMs: NOW.nowMs - DAY_MS }, {}, 'check'],
    ['nearly a day ago', { triedAtMs: NOW.nowMs - DAY_MS + 1 }, {}, 'none'],
    ['somebody wants to know', {}, { isAsked: true }, 'check'],
    ['failed an hour ago', { triedAtMs: NOW.nowMs - HOUR_MS, failure: { kind: 'unreachable', count: 1 } }, {}, 'check'],
    ['failed just now', { failure: { kind: 'damaged', count: 1 } }, {}, 'none'],
    ['ready, a day old', { ready: '2.0.0', triedAtMs: NOW.nowMs - DAY_MS }, {}, 'check'],
    ['found', { step: 'waiting', found: '2.0.0' }, {}, 'fetch'],
    ['found while recording', { step: 'waiting', found: '2.0.0' }, { isBusy: true, isAsked: true }, 'none'],
    ['fetching', { step: 'fetching', found: '2.0.0' }, { isAsked: true }, 'none'],
    ['a recording begins while fetching', { step: 'fetching', found: '2.0.0' }, { isBusy: true }, 'letGo'],
    ['checking', { step: 'checking', triedAtMs: null }, { isAsked: true }, 'none'],
  ])('%s', (_, changes, circumstances, expected) => {
    expect(nextUpdateTask(state(changes), { ...NOW, ...circumstances })).toBe(expected);
  });

  it.each<[string, UpdateEvent[], Partial<UpdateState>]>([
    ['nothing newer', [{ kind: 'checking' }, { kind: 'nothingNewer', atMs: 5 }], { step: 'idle', triedAtMs: 5 }],
    ['something newer', [{ kind: 'checking' }, found('2')], { step: 'waiting', found: '2', ready: null }],
    ['fetched', [found('2'), { kind: 'fetching' }, { kind: 'fetched' }], { step: 'idle', found: null, ready: '2' }],
    [
      'the same again',
      [found('2'), { kind: 'fetching' }, { kind: 'fetched' }, found('2')],
      { step: 'idle', ready: '2' },
    ],
    [
      'newer still: the older one stays until its place is taken',
      [found('2'), { kind: 'fetching' }, { kind: 'fetched' }, found('3')],
      { step: 'waiting', found: '3', ready: '2' },
    ],
    [
      'its place is taken',
      [found('2'), { kind: 'fetching' }, { kind: 'fetched' }, found('3'), { kind: 'fetching' }],
      { step: 'fetching', found: '3', ready: null },
    ],
    ['let go for a recording', [found('2'), { kind: 'fetching' }, { kind: 'letGo' }], { step: 'waiting', found: '2' }],
    [
      'not what the list says',
      [found('2'), { kind: 'fetching' }, failed('damaged')],
      { step: 'idle', found: null, ready: null, failure: { kind: 'damaged', count: 1 } },
    ],
    ['twice away', [failed('unreachable'), failed('unreachable')], { failure: { kind: 'unreachable', count: 2 } }],
    ['another reason', [failed('unreachable'), failed('empty')], { failure: { kind: 'empty', count: 1 } }],
    ['there again', [failed('unreachable'), { kind: 'nothingNewer', atMs: 6 }], { failure: null }],
  ])('after: %s', (_, events, expected) => {
    expect(play(...events)).toMatchObject(expected);
  });

  it('tells a person at once what does not pass by itself, and the rest when it lasts', () => {
    const lasting = (...failures: UpdateFailure[]) => isLasting(play(...failures.map(failed)));
    expect([lasting(), lasting('unreachable', 'unreachable')]).toEqual([false, false]);
    expect(lasting('unreachable', 'unreachable', 'unreachable')).toBe(true);
    expect(lasting('damaged')).toBe(true);
    expect(lasting('damaged', 'unreachable')).toBe(false);
  });

  it('nothing is fetched while something is recorded, and nothing is ready that was not fetched last', () => {
    const events = fc.array(
      fc.oneof(
        fc.constantFrom<UpdateEvent>({ kind: 'checking' }, { kind: 'nothingNewer', atMs: 1 }, { kind: 'letGo' }),
        fc.constantFrom('1', '2').map(found),
        fc.constantFrom(...UPDATE_FAILURES).map(failed),
        // As it happens: fetching is followed by what came of it.
        fc.constantFrom<UpdateEvent>({ kind: 'fetching' }, { kind: 'fetched' }),
      ),
    );
    fc.assert(
      fc.property(events, fc.boolean(), (told, isAsked) => {
        const reached = play(...told);
        expect(nextUpdateTask(reached, { ...NOW, isBusy: true, isAsked })).not.toBe('fetch');
        if (reached.step === 'fetching') expect(reached.ready).toBeNull();
        expect(nextUpdateTask(reached, { ...NOW, isAsked })).not.toBe('letGo');
      }),
    );
  });
});

describe('words of others', () => {
  it.each<[object, UpdateFailure]>([
    [{ code: 'ERR_UPDATER_CHANNEL_FILE_NOT_FOUND', message: 'Cannot find channel "latest-linux.yml"' }, 'empty'],
    [{ code: 'ERR_CHECKSUM_MISMATCH', message: 'sha512 checksum mismatch' }, 'damaged'],
    [{ code: 'ERR_UPDATER_INVALID_SIGNATURE', message: '' }, 'signature'],
    [{ message: 'Could not get code signature for running application' }, 'signature'],
    [{ code: 'ERR_UPDATER_NO_CHECKSUM', message: '' }, 'wrongList'],
    [{ code: 'HTTP_ERROR_404', message: '404 Not Found' }, 'wrongList'],
    [{ code: 'HTTP_ERROR_401', message: '' }, 'refused'],
    [{ code: 'HTTP_ERROR_503', message: '' }, 'unreachable'],
    [{ message: 'net::ERR_CONNECTION_REFUSED' }, 'unreachable'],
    [{ message: 'net::ERR_CERT_AUTHORITY_INVALID' }, 'certificate'],
    [{ message: 'net::ERR_BLOCKED_BY_CLIENT' }, 'insecure'],
    [{ code: 'ECONNREFUSED', message: 'connect ECONNREFUSED 127.0.0.1:9' }, 'unreachable'],
    [{ code: 'ENOSPC', message: 'no space left on device' }, 'disk'],
    [{ code: 'UNSUPPORTED', message: '' }, 'unsupported'],
    [{ message: 'Cannot download "https://a.example/x.deb", status 404: Not Found' }, 'wrongList'],
    [{ message: 'Cannot download "https://a.example/x.deb", status 403: Forbidden' }, 'refused'],
    [{ message: 'Cannot download "https://a.example/x.deb", status 502: Bad Gateway' }, 'unreachable'],
    [{ message: 'something else' }, 'other'],
  ])('%j is: %s', (error, expected) => {
    expect(updateFailureOf(Object.assign(new Error(), error))).toBe(expected);
  });

  it('what is no error at all is something else', () => {
    expect([updateFailureOf(null), updateFailureOf('text')]).toEqual(['other', 'other']);
  });

  it('settings that are not understood are off', () => {
    const off = { feedUrl: null, checkEveryMs: DAY_MS, install: 'ask' };
    expect([updateSettingsOf({}), updateSettingsOf({ updates: 'x' })]).toEqual([off, off]);
    const updates = { feedUrl: 'https://a.example/', checkHours: 2, install: 'atQuit' };
    expect(updateSettingsOf({ updates })).toEqual({
      feedUrl: 'https://a.example/',
      checkEveryMs: 2 * HOUR_MS,
      install: 'atQuit',
    });
  });

  it.each([
    ['get https://me:hush@a.example:8/x/y.deb?sign=hush now', 'get https://a.example:8/x/y.deb now'],
    [
      '(url: "https://a.example/x?token=hush", http://b.example/#hush)',
      '(url: "https://a.example/x", http://b.example/',
    ],
    ['at /opt/app/resources/app.asar:1:2', 'at /opt/app/resources/app.asar:1:2'],
    ['https://a.example/plain.AppImage', 'https://a.example/plain.AppImage'],
  ])('the log gets no secret of an address: %s', (text, expected) => {
    expect(withoutSecrets(text)).toContain(expected);
    expect(withoutSecrets(text)).not.toContain('hush');
  });
});
