import { isFields } from '../../shared/complaints.ts';
import type { FieldError } from '../../shared/errors.ts';
import { parseApplication, parseDestination, parsePresetName } from '../../shared/parse-presets.ts';
import { masked } from '../delivery/box-credentials.ts';
import { diskFaultOf } from '../disk-fault.ts';
import type { ProblemResult } from '../http/box-api.ts';
import type { ApplicationView, DestinationView, PresetsApi } from '../http/presets-api.ts';
import type { Logger } from '../logging.ts';
import { SecretError } from '../settings/secrets.ts';
import type { EventsTable } from '../store/events.ts';
import type { ApplicationRow, DestinationRow, PresetsTables } from '../store/presets.ts';
import { type ResolvedApplication, type ResolvedDestination, resolveByHand } from './resolve.ts';
import { type MakeUserSig, makeUserSig } from './user-sig.ts';

export type { ResolvedApplication, ResolvedDestination } from './resolve.ts';

/** What somebody saved to start recordings with by hand. */
export interface Presets extends PresetsApi {
  /** Null when none has this name. @throws SecretError when its keys cannot be opened any more */
  destination(name: string): ResolvedDestination | null;
  /** Null when none has this name. @throws SecretError when its key cannot be opened any more */
  application(name: string): ResolvedApplication | null;
}

export interface PresetsOptions {
  tables: PresetsTables;
  /** What was saved and forgotten is noted there, by name. */
  events: Pick<EventsTable, 'append'>;
  /** Longest recording: a UserSig made here outlives it. */
  settings: { readonly limits: { readonly maxLengthMs: number } };
  log: Pick<Logger, 'info' | 'error'>;
  makeUserSig?: MakeUserSig;
}

export function createPresets({
  tables,
  events,
  settings,
  log,
  makeUserSig: sign = makeUserSig,
}: PresetsOptions): Presets {
  const { destinations, applications } = tables;
  /** The change is made; that it cannot be noted now does not unmake it. */
  const note = (type: string, name: string): void => {
    log.info({ change: type, name }, 'what is saved to start recordings with was changed');
    try {
      events.append(type, null, { name });
    } catch (error) {
      log.error({ err: error }, 'a change of what is saved could not be noted');
    }
  };
  const presets: Presets = {
    destination(name) {
      const row = destinations.get(normalName(name));
      return row && { ...placeOf(row), keys: row.open() };
    },
    application(name) {
      const row = applications.get(normalName(name));
      return row && { name: row.name, SdkAppId: row.sdkAppId, sdkSecretKey: row.open() };
    },
    destinations: () => destinations.list().map(destinationView),
    applications: () => applications.list().map(applicationView),
    putDestination(givenName, body, options) {
      const name = parsePresetName(givenName);
      const parsed = parseDestination(body, options);
      if (!name.ok || !parsed.ok) return refusal(name, parsed);
      const { keys, ...place } = parsed.value;
      return written(() => {
        destinations.put(name.value, { region: place.Region, bucket: place.Bucket, path: place.Path }, keys);
        note('destinationSaved', name.value);
        return destinationView(found(destinations.get(name.value)));
      });
    },
    putApplication(givenName, body) {
      const name = parsePresetName(givenName);
      const parsed = parseApplication(body);
      if (!name.ok || !parsed.ok) return refusal(name, parsed);
      const { SdkAppId, sdkSecretKey } = parsed.value;
      return written(() => {
        applications.put(name.value, { sdkAppId: SdkAppId }, sdkSecretKey);
        note('applicationSaved', name.value);
        return applicationView(found(applications.get(name.value)));
      });
    },
    removeDestination: (name) =>
      written(() => {
        const isGone = destinations.remove(normalName(name));
        if (isGone) note('destinationForgotten', normalName(name));
        return isGone;
      }),
    removeApplication: (name) =>
      written(() => {
        const isGone = applications.remove(normalName(name));
        if (isGone) note('applicationForgotten', normalName(name));
        return isGone;
      }),
    resolve: (body) => {
      if (!isFields(body)) return { body, errors: [], standsFor: [] };
      return resolveByHand(body, {
        destination: (name) => readable(() => presets.destination(name)),
        application: (name) => readable(() => presets.application(name)),
        makeUserSig: (application) => sign(application, { outlivesMs: settings.limits.maxLengthMs }),
      });
    },
  };
  return presets;
}

/** As names are stored; one that cannot be a name names nothing. */
function normalName(given: string): string {
  const name = parsePresetName(given);
  return name.ok ? name.value : '';
}

type Verdict = { ok: true } | { ok: false; errors: FieldError[] };

function refusal(...verdicts: Verdict[]): ProblemResult {
  const errors = verdicts.flatMap((verdict) => (verdict.ok ? [] : verdict.errors));
  return { kind: 'problem', code: 'INVALID_REQUEST', errors };
}

function written<T>(work: () => T): T | ProblemResult {
  try {
    return work();
  } catch (error) {
    if (diskFaultOf(error) === null) throw error;
    return { kind: 'problem', code: 'DISK_FAULT' };
  }
}

function found<Row>(row: Row | null): Row {
  if (row === null) throw new Error('what was just written is not there');
  return row;
}

/** `unreadable` for what was sealed with a key that is gone. */
function readable<T>(open: () => T): T | 'unreadable' {
  try {
    return open();
  } catch (error) {
    if (error instanceof SecretError) return 'unreadable';
    throw error;
  }
}

function placeOf({ name, region, bucket, path }: DestinationRow) {
  return { name, Region: region, Bucket: bucket, Path: path };
}

function destinationView(row: DestinationRow): DestinationView {
  const keys = readable(row.open);
  const isReadable = keys !== 'unreadable';
  const setAt = new Date(row.setAtMs).toISOString();
  const shown = isReadable && keys !== null ? keys : null;
  return {
    ...placeOf(row),
    secretId: shown && masked(shown.secretId),
    hasToken: shown !== null && shown.token !== null,
    isReadable,
    setAt,
  };
}

function applicationView(row: ApplicationRow): ApplicationView {
  const key = readable(row.open);
  const isReadable = key !== 'unreadable';
  return {
    name: row.name,
    SdkAppId: row.sdkAppId,
    sdkSecretKey: isReadable && key !== null ? masked(key) : null,
    isReadable,
    setAt: new Date(row.setAtMs).toISOString(),
  };
}
