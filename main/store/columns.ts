/** What a column holds: `flag` is a boolean, which SQLite keeps as 0 and 1. */
type ColumnKind = 'value' | 'flag';

export type SqlValue = string | number | null | Buffer;

/** Translates between one table's rows in SQL (snake_case, flags as numbers) and in TypeScript (camelCase, booleans). */
export interface Columns<Row> {
  /** Column list for SELECT. */
  list: string;
  fromSql(raw: Record<string, SqlValue>): Row;
  /** Values by column name; keys that are absent or undefined are left out. */
  toSql(values: Partial<Row>): Record<string, SqlValue>;
}

function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** Declares the columns of one table; the compiler checks that no key of `Row` is missing. */
export function defineColumns<Row extends object>(kinds: Record<keyof Row & string, ColumnKind>): Columns<Row> {
  const columns = (Object.keys(kinds) as (keyof Row & string)[]).map((key) => ({
    key,
    column: snakeCase(key),
    flag: kinds[key] === 'flag',
  }));
  return {
    list: columns.map(({ column }) => column).join(', '),
    fromSql(raw) {
      const row: Record<string, unknown> = {};
      for (const { key, column, flag } of columns) {
        const value = raw[column] ?? null;
        row[key] = flag && value !== null ? value === 1 : value;
      }
      return row as Row;
    },
    toSql(values) {
      const result: Record<string, SqlValue> = {};
      for (const { key, column } of columns) {
        const value = values[key];
        if (value === undefined) continue;
        result[column] = typeof value === 'boolean' ? Number(value) : (value as SqlValue);
      }
      return result;
    },
  };
}

/** `INSERT INTO table (a, b) VALUES (@a, @b)` for the given values. */
export function insertSql(table: string, values: Record<string, SqlValue>): string {
  const names = Object.keys(values);
  return `INSERT INTO ${table} (${names.join(', ')}) VALUES (${names.map((name) => `@${name}`).join(', ')})`;
}

/** `a = @a, b = @b` for the given values. */
export function assignments(values: Record<string, SqlValue>): string {
  return Object.keys(values)
    .map((name) => `${name} = @${name}`)
    .join(', ');
}
