import type { CosCredentials } from '../settings/environment.ts';
import type { SecretBox } from '../settings/secrets.ts';
import type { SqlValue } from './columns.ts';
import type { Database } from './database.ts';

/** The place that a destination names. */
export interface DestinationPlace {
  region: string;
  bucket: string;
  path: string;
}

export interface ApplicationFacts {
  sdkAppId: number;
}

/** What all that is saved under a name has. */
export interface PresetRow<Secret> {
  name: string;
  setAtMs: number;
  /** Null when it has no secret of its own. @throws SecretError when it cannot be opened. */
  open(): Secret | null;
}

export type DestinationRow = DestinationPlace & PresetRow<CosCredentials>;
export type ApplicationRow = ApplicationFacts & PresetRow<string>;

/** One kind of what is saved under names. */
export interface PresetTable<Facts, Secret> {
  /** By name. */
  list(): (Facts & PresetRow<Secret>)[];
  get(name: string): (Facts & PresetRow<Secret>) | null;
  /** Adds or replaces. A secret of undefined keeps the one that is there, null removes it. */
  put(name: string, facts: Facts, secret: Secret | null | undefined): void;
  /** @returns whether there was one. */
  remove(name: string): boolean;
}

export interface PresetsTables {
  readonly destinations: PresetTable<DestinationPlace, CosCredentials>;
  readonly applications: PresetTable<ApplicationFacts, string>;
}

/** Destinations and applications by name; their secrets are sealed and bound to kind and name. */
export function createPresetsTables(db: Database, now: () => number, secretBox: SecretBox): PresetsTables {
  const table = <Facts extends object, Secret>(
    kind: string,
    columns: Record<keyof Facts & string, string>,
  ): PresetTable<Facts, Secret> => {
    const pairs = Object.entries<string>(columns);
    const listed = pairs.map(([key, column]) => `${column} AS ${key}`).join(', ');
    const own = pairs.map(([, column]) => column);
    const all = `SELECT name, ${listed}, sealed, set_at_ms AS setAtMs FROM ${kind}`;
    type Raw = Facts & { name: string; sealed: Buffer | null; setAtMs: number };
    const list = db.prepare<[], Raw>(`${all} ORDER BY name`);
    const select = db.prepare<[string], Raw>(`${all} WHERE name = ?`);
    const upsert = db.prepare<SqlValue[]>(
      `INSERT INTO ${kind} (name, ${own.join(', ')}, set_at_ms) VALUES (?, ${own.map(() => '?').join(', ')}, ?)
       ON CONFLICT (name) DO UPDATE SET ${[...own, 'set_at_ms'].map((one) => `${one} = excluded.${one}`).join(', ')}`,
    );
    const seal = db.prepare<[Buffer | null, string]>(`UPDATE ${kind} SET sealed = ? WHERE name = ?`);
    const remove = db.prepare<[string]>(`DELETE FROM ${kind} WHERE name = ?`);
    const context = (name: string): string => `${kind}:${name}`;
    const fromSql = ({ sealed, ...row }: Raw): Facts & PresetRow<Secret> =>
      ({
        ...row,
        open: () => (sealed === null ? null : JSON.parse(secretBox.open(sealed, context(row.name)))),
      }) as unknown as Facts & PresetRow<Secret>;
    const put = db.transaction((name: string, facts: Facts, secret: Secret | null | undefined): void => {
      const values = pairs.map(([key]) => facts[key as keyof Facts] as SqlValue);
      upsert.run(name, ...values, now());
      if (secret === undefined) return;
      seal.run(secret === null ? null : secretBox.seal(JSON.stringify(secret), context(name)), name);
    });
    return {
      list: () => list.all().map(fromSql),
      get: (name) => {
        const row = select.get(name);
        return row === undefined ? null : fromSql(row);
      },
      put: (name, facts, secret) => put.immediate(name, facts, secret),
      remove: (name) => remove.run(name).changes > 0,
    };
  };
  return {
    destinations: table<DestinationPlace, CosCredentials>('destinations', {
      region: 'region',
      bucket: 'bucket',
      path: 'path',
    }),
    applications: table<ApplicationFacts, string>('applications', { sdkAppId: 'sdk_app_id' }),
  };
}
