import type { CallbackEvent } from '../../shared/callback-events.ts';
import { CALLBACK_EVENTS } from '../../shared/callback-events.ts';
import { type Fields, isFields } from '../../shared/complaints.ts';
import type { FieldError } from '../../shared/errors.ts';
import { parseRecordingRequest } from '../../shared/parse-request.ts';
import { LAYOUTS, type Layout, MODES, type Mode, mediaOf } from '../../shared/recording.ts';
import type { RequestWarning } from '../../shared/request.ts';
import type { Text } from '../../shared/texts/language.ts';

/** One row of the names to show. */
export interface NameRow {
  /** Tells rows apart while one types. */
  key: number;
  userId: string;
  name: string;
}

/** What somebody typed or chose on the page that starts recordings, as it stands there. Secret: userSig, secretId, secretKey, token. */
export interface StartForm {
  /** Name of a saved application; null: SDKAppID and UserSig are typed. */
  application: string | null;
  sdkAppId: string;
  userSig: string;
  roomKind: 'number' | 'text';
  room: string;
  userId: string;
  mode: Mode;
  /** Null: as the box is set. */
  layout: Layout | null;
  alsoSingle: boolean;
  isReserve: boolean;
  names: readonly NameRow[];
  /** Name of a saved destination; null: the bucket is typed. */
  destination: string | null;
  region: string;
  bucket: string;
  path: string;
  secretId: string;
  secretKey: string;
  token: string;
  callback: string;
  events: readonly CallbackEvent[];
}

/** What is saved on the box, as far as the form has to know. */
export interface SavedFacts {
  applications: readonly { name: string; SdkAppId: number; sdkSecretKey: string | null }[];
  destinations: readonly { name: string; Region: string; Bucket: string; Path: string; secretId: string | null }[];
  /** The box has COS keys of its own. */
  hasStoredCredentials: boolean;
}

/** Where a problem is shown, from top to bottom of the page. */
const FORM_FIELDS = [
  'application',
  'sdkAppId',
  'room',
  'userId',
  'userSig',
  'mode',
  'layout',
  'alsoSingle',
  'destination',
  'region',
  'bucket',
  'path',
  'secretId',
  'secretKey',
  'token',
  'callback',
  'event',
  'isReserve',
  'names',
] as const;
export type FormField = (typeof FORM_FIELDS)[number];

/** Something that is wrong, at the field where it can be mended. */
export interface FormProblem {
  field: FormField;
  /** The field of the request, for words of its own. */
  wireField: string;
  rule: string;
  message: Text;
  remedy: Text;
}

/** @param suffix makes the recorder's user one that nobody else has: who enters two rooms is thrown out of one */
export function newForm({ applications, destinations }: SavedFacts, suffix: string): StartForm {
  return {
    // One with a key needs nothing more from whoever starts.
    application: (applications.find(({ sdkSecretKey }) => sdkSecretKey !== null) ?? applications[0])?.name ?? null,
    sdkAppId: '',
    userSig: '',
    roomKind: 'number',
    room: '',
    userId: `recorder_${suffix}`,
    mode: '12',
    layout: null,
    alsoSingle: false,
    isReserve: true,
    names: [],
    destination: destinations[0]?.name ?? null,
    region: '',
    bucket: '',
    path: '/',
    secretId: '',
    secretKey: '',
    token: '',
    callback: '',
    events: [],
  };
}

/** The box makes the UserSig itself. */
export function makesUserSig({ application }: StartForm, { applications }: SavedFacts): boolean {
  return applications.some(({ name, sdkSecretKey }) => name === application && sdkSecretKey !== null);
}

export function isMixed(mode: Mode): boolean {
  return mode.startsWith('1');
}

/** Layouts share out a mixed picture. */
export function hasLayout(mode: Mode): boolean {
  return isMixed(mode) && mediaOf(mode).video;
}

/** The request by hand that the form stands for. Secret. */
export function requestOf(form: StartForm, saved: SavedFacts): Record<string, unknown> {
  const { application, destination, mode, layout, names, callback, events } = form;
  const isNumber = form.roomKind === 'number';
  return {
    ...(application === null ? { SdkAppId: wholeOf(form.sdkAppId) } : { application }),
    ...(isNumber ? { RoomId: wholeOf(form.room) } : { StrRoomId: textOf(form.room) }),
    UserId: textOf(form.userId.trim()),
    ...(makesUserSig(form, saved) ? {} : { UserSig: textOf(form.userSig.trim()) }),
    ...(destination === null ? { CosConfig: cosConfigOf(form) } : { destination }),
    Mode: mode,
    ...(hasLayout(mode) && layout !== null ? { Layout: layout } : {}),
    ...(isMixed(mode) && form.alsoSingle ? { AlsoSingle: true } : {}),
    IsReserve: form.isReserve,
    ...(names.length === 0
      ? {}
      : { Names: Object.fromEntries(names.map(({ userId, name }) => [userId.trim(), name])) }),
    ...(callback.trim() === '' ? {} : { Callback: callback.trim() }),
    ...(callback.trim() === '' || events.length === 0 ? {} : { Event: [...events] }),
  };
}

function cosConfigOf(form: StartForm): Record<string, unknown> {
  const { region, bucket, path, secretId, secretKey, token } = form;
  const trimmed = { SecretId: secretId, SecretKey: secretKey, Token: token };
  return {
    Region: textOf(region.trim()),
    Bucket: textOf(bucket.trim()),
    Path: textOf(path.trim()),
    ...Object.fromEntries(
      Object.entries(trimmed).flatMap(([key, text]) => (text.trim() === '' ? [] : [[key, text.trim()]])),
    ),
  };
}

/** Digits as a number; anything else as it is, so that the rules name it. */
function wholeOf(text: string): number | string | undefined {
  const trimmed = text.trim();
  return /^[0-9]{1,15}$/.test(trimmed) ? Number(trimmed) : textOf(trimmed);
}

function textOf(text: string): string | undefined {
  return text === '' ? undefined : text;
}

/** Saved names stand for parts that are judged when they are saved. */
const SAVED_COS = { Region: 'a', Bucket: 'a-1', Path: '/' };

/** What is wrong with a request by hand, and what is odd about it, by the rules of the box. What needs its keys, it says itself. */
export function judge(body: unknown, saved: SavedFacts): { errors: FieldError[]; warnings: RequestWarning[] } {
  if (!isFields(body)) {
    const parsed = parseRecordingRequest(body, optionsOf(saved));
    return { errors: parsed.ok ? [] : parsed.errors, warnings: [] };
  }
  const { application, destination, ...rest } = body;
  const known = saved.applications.find(({ name }) => name === application);
  const hasPlace = saved.destinations.some(({ name }) => name === destination);
  const parsed = parseRecordingRequest(
    {
      ...rest,
      ...(known && { SdkAppId: known.SdkAppId }),
      ...(known && known.sdkSecretKey !== null && rest.UserSig === undefined ? { UserSig: 'made' } : {}),
      ...(hasPlace && { CosConfig: SAVED_COS }),
    },
    { ...optionsOf(saved), hasStoredCredentials: hasPlace || saved.hasStoredCredentials },
  );
  return parsed.ok ? { errors: [], warnings: parsed.warnings } : { errors: parsed.errors, warnings: [] };
}

function optionsOf({ hasStoredCredentials }: SavedFacts) {
  return { nowMs: 0, hasStoredCredentials, checkUserSig: null };
}

/** What is wrong with the form, from top to bottom. */
export function problemsOf(form: StartForm, saved: SavedFacts): FormProblem[] {
  const { errors } = judge(requestOf(form, saved), saved);
  return inOrder(errors.map((error) => problemOf(error, form)));
}

/** A complaint of the box at the place where it can be mended. */
export function problemOf({ field, rule, message, remedy }: FieldError, form: StartForm): FormProblem {
  // Without its group the place is where the first thing is missing.
  const missing = field === 'CosConfig' ? 'bucket' : placeOf(field, form);
  return { field: missing, wireField: field, rule, message, remedy };
}

export function inOrder(problems: readonly FormProblem[]): FormProblem[] {
  return [...problems].sort((a, b) => FORM_FIELDS.indexOf(a.field) - FORM_FIELDS.indexOf(b.field));
}

const PLACES: Readonly<Record<string, FormField>> = {
  application: 'application',
  SdkAppId: 'sdkAppId',
  UserSig: 'userSig',
  RoomId: 'room',
  StrRoomId: 'room',
  UserId: 'userId',
  Mode: 'mode',
  Layout: 'layout',
  AlsoSingle: 'alsoSingle',
  IsReserve: 'isReserve',
  destination: 'destination',
  'CosConfig.Region': 'region',
  'CosConfig.Bucket': 'bucket',
  'CosConfig.Path': 'path',
  'CosConfig.SecretId': 'secretId',
  'CosConfig.SecretKey': 'secretKey',
  'CosConfig.Token': 'token',
  Callback: 'callback',
};

/** Parts of a saved application or destination are mended where it is chosen. */
function placeOf(field: string, { application, destination }: StartForm): FormField {
  if (field.startsWith('Names')) return 'names';
  if (field.startsWith('Event')) return 'event';
  if (application !== null && field === 'SdkAppId') return 'application';
  if (destination !== null && field.startsWith('CosConfig')) return 'destination';
  return PLACES[field] ?? 'application';
}

/** The form that a pasted request fills; what it does not say stays as the page begins. Nothing is judged. */
export function formOf(body: Fields, saved: SavedFacts, suffix: string): StartForm {
  const empty = newForm({ ...saved, applications: [], destinations: [] }, suffix);
  const cos = isFields(body.CosConfig) ? body.CosConfig : {};
  const isSaved = (list: readonly { name: string }[], name: unknown) =>
    list.find((one) => one.name === name)?.name ?? null;
  const isText = isAbsent(body.RoomId) && !isAbsent(body.StrRoomId);
  return {
    ...empty,
    application: isSaved(saved.applications, body.application),
    sdkAppId: shown(body.SdkAppId),
    userSig: shown(body.UserSig),
    roomKind: isText ? 'text' : 'number',
    room: shown(isText ? body.StrRoomId : body.RoomId),
    userId: isAbsent(body.UserId) ? empty.userId : shown(body.UserId),
    mode: MODES.find((mode) => mode === shown(body.Mode)) ?? '10',
    layout: LAYOUTS.find((layout) => layout === body.Layout) ?? null,
    alsoSingle: body.AlsoSingle === true,
    isReserve: body.IsReserve !== false,
    names: isFields(body.Names)
      ? Object.entries(body.Names).map(([userId, name], key) => ({ key, userId, name: shown(name) }))
      : [],
    destination: isSaved(saved.destinations, body.destination),
    region: shown(cos.Region),
    bucket: shown(cos.Bucket),
    path: isAbsent(cos.Path) ? empty.path : shown(cos.Path),
    secretId: shown(cos.SecretId),
    secretKey: shown(cos.SecretKey),
    token: shown(cos.Token),
    callback: shown(body.Callback),
    events: CALLBACK_EVENTS.filter((event) => Array.isArray(body.Event) && body.Event.includes(event)),
  };
}

function isAbsent(value: unknown): boolean {
  return value === undefined || value === null || value === '';
}

function shown(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}

/**
 * The request of the contract as JSON for whoever shall send it from elsewhere. Secrets are named in angle brackets where they belong,
 * never written out.
 */
export function jsonOf(form: StartForm, saved: SavedFacts): string {
  const { application, destination, UserSig: _typed, CosConfig, ...rest } = requestOf(form, saved);
  const app = saved.applications.find(({ name }) => name === application);
  const place = saved.destinations.find(({ name }) => name === destination);
  const typed = isFields(CosConfig) ? CosConfig : {};
  const hasKeys = place ? place.secretId !== null : typed.SecretId !== undefined || typed.SecretKey !== undefined;
  const { Region = '', Bucket = '', Path = '/' } = place ?? typed;
  return JSON.stringify(
    {
      SdkAppId: app?.SdkAppId ?? rest.SdkAppId ?? '<SdkAppId>',
      ...rest,
      UserSig: '<UserSig>',
      CosConfig: {
        ...{ Region, Bucket, Path },
        ...(hasKeys ? { SecretId: '<SecretId>', SecretKey: '<SecretKey>' } : {}),
        ...(typed.Token === undefined ? {} : { Token: '<Token>' }),
      },
    },
    null,
    2,
  );
}
