import { describe, expect, it } from 'vitest';
import { CALLBACK_EVENTS } from '../../shared/callback-events.ts';
import { parseRecordingRequest } from '../../shared/parse-request.ts';
import {
  formOf,
  jsonOf,
  judge,
  newForm,
  problemOf,
  problemsOf,
  requestOf,
  type SavedFacts,
  type StartForm,
} from './start-form.ts';

const NOTHING: SavedFacts = { applications: [], destinations: [], hasStoredCredentials: true };
const SAVED: SavedFacts = {
  applications: [
    { name: 'school', SdkAppId: 1400000001, sdkSecretKey: 'abcd…wxyz' },
    { name: 'keyless', SdkAppId: 1400000002, sdkSecretKey: null },
  ],
  destinations: [
    { name: 'classes', Region: 'ap-guangzhou', Bucket: 'class-1250000000', Path: '/term', secretId: 'AKID…tion' },
  ],
  hasStoredCredentials: false,
};
const WHOLE: StartForm = {
  ...newForm(NOTHING, 'x1'),
  ...{ sdkAppId: ' 1400000000 ', userSig: 'eJw-secret', room: '43474', userId: 'rec_1' },
  ...{ region: 'ap-shanghai', bucket: 'test-123456789', path: '/trtc' },
  ...{ secretId: 'AKIDsecret', secretKey: 'key-secret', token: 'token-secret' },
  ...{ layout: 'speaker', alsoSingle: true, isReserve: false, callback: 'https://example.com/x' },
  names: [{ key: 0, userId: 'u1', name: '老师' }],
  events: [CALLBACK_EVENTS[1]],
};

const fieldsOf = (form: StartForm, saved: SavedFacts) => problemsOf(form, saved).map(({ field }) => field);

describe('the form of a recording', () => {
  it('begins with what is saved, and misses the room alone', () => {
    const form = newForm(SAVED, '7f3a');
    expect(form).toMatchObject({ application: 'school', destination: 'classes', userId: 'recorder_7f3a', mode: '12' });
    expect(fieldsOf(form, SAVED)).toEqual(['room']);
    expect(fieldsOf({ ...form, room: '7' }, SAVED)).toEqual([]);
    expect(requestOf({ ...form, room: '7' }, SAVED)).toEqual({
      ...{ application: 'school', destination: 'classes', RoomId: 7, UserId: 'recorder_7f3a' },
      ...{ Mode: '12', IsReserve: true },
    });
  });

  it('with nothing saved names what is missing from top to bottom', () => {
    const form = newForm(NOTHING, 'x');
    expect(fieldsOf(form, NOTHING)).toEqual(['sdkAppId', 'room', 'userSig', 'region', 'bucket']);
    expect(fieldsOf(form, { ...NOTHING, hasStoredCredentials: false })).toContain('secretId');
  });

  it('asks for a UserSig only where the box cannot make one', () => {
    const form = { ...newForm(SAVED, 'x'), room: '7' };
    expect(fieldsOf({ ...form, application: 'keyless' }, SAVED)).toEqual(['userSig']);
    expect(fieldsOf({ ...form, application: 'keyless', userSig: 'eJw' }, SAVED)).toEqual([]);
  });

  it('becomes a request that the box takes, and comes back from it the same', () => {
    const request = requestOf(WHOLE, NOTHING);
    const parsed = parseRecordingRequest(request, { nowMs: 0, hasStoredCredentials: false, checkUserSig: null });
    expect(parsed).toMatchObject({
      ok: true,
      warnings: [],
      request: { SdkAppId: 1400000000, RoomId: 43474, Layout: 'speaker', AlsoSingle: true, Names: { u1: '老师' } },
    });
    expect(formOf(request, NOTHING, 'y')).toEqual({ ...WHOLE, sdkAppId: '1400000000' });
  });

  it('leaves out what the mode makes senseless', () => {
    const request = requestOf({ ...WHOLE, mode: '02' }, NOTHING);
    expect(Object.keys(request)).not.toContain('Layout');
    expect(Object.keys(request)).not.toContain('AlsoSingle');
  });

  it('shows what is wrong with a saved place where it is chosen', () => {
    const text = { en: '', zh: '' };
    const error = { field: 'CosConfig.Bucket', rule: 'bucketNotListed', message: text, remedy: text };
    expect(problemOf(error, newForm(SAVED, 'x')).field).toBe('destination');
    expect(problemOf(error, WHOLE).field).toBe('bucket');
    expect(problemOf({ ...error, field: 'Names.u1' }, WHOLE).field).toBe('names');
  });

  it('gives wrong values to the rules as they were typed', () => {
    const wrong = {
      ...WHOLE,
      sdkAppId: '14x',
      room: '0',
      userId: 'a b',
      bucket: 'X',
      path: 'a//b',
      callback: 'ftp://x',
    };
    expect(fieldsOf(wrong, NOTHING)).toEqual(['sdkAppId', 'room', 'userId', 'bucket', 'path', 'callback']);
  });

  it('as JSON holds no secret, and is whole once the placeholders are filled', () => {
    const json = jsonOf(WHOLE, NOTHING);
    for (const secret of ['eJw-secret', 'AKIDsecret', 'key-secret', 'token-secret']) expect(json).not.toContain(secret);
    const filled = JSON.parse(json.replaceAll(/<(\w+)>/g, 'x$1')) as unknown;
    expect(judge(filled, NOTHING).errors).toEqual([]);
    const saved = JSON.parse(jsonOf({ ...newForm(SAVED, 'x'), room: '7' }, SAVED)) as Record<string, unknown>;
    expect(saved).toMatchObject({
      ...{ SdkAppId: 1400000001, UserSig: '<UserSig>' },
      CosConfig: { Region: 'ap-guangzhou', Bucket: 'class-1250000000', Path: '/term', SecretId: '<SecretId>' },
    });
  });
});

describe('a pasted request', () => {
  it('is judged as the box judges it, with saved names in it', () => {
    const body = { application: 'school', destination: 'classes', RoomId: 7, UserId: 'rec', RoomID: 1 };
    const { errors, warnings } = judge(body, SAVED);
    expect([errors, warnings.map(({ field }) => field)]).toEqual([[], ['RoomID']]);
    expect(judge([], SAVED).errors).toMatchObject([{ rule: 'object' }]);
  });

  it('fills the form also when it is wrong', () => {
    const form = formOf({ SdkAppId: 'x', StrRoomId: 'class a', Mode: '77', Names: 4, CosConfig: null }, SAVED, 'q');
    expect(form).toMatchObject({ sdkAppId: 'x', roomKind: 'text', room: 'class a', mode: '10', userId: 'recorder_q' });
    expect(form).toMatchObject({ application: null, destination: null });
  });
});
