/** The log that record.c writes: every change below one directory, in the order in which they happened. */

/** One change, or one end of a sync. Names are paths relative to the recorded directory; inodes tell files apart across renames. */
export type Change =
  | { kind: 'created'; inode: number; name: string }
  | { kind: 'written'; inode: number; offset: number; bytes: Buffer }
  | { kind: 'truncated'; inode: number; size: number }
  | { kind: 'renamed'; from: string; to: string }
  | { kind: 'unlinked'; name: string }
  | { kind: 'directoryMade'; inode: number; name: string }
  | { kind: 'directoryRemoved'; name: string }
  | { kind: 'linked'; from: string; to: string }
  /** `sync` joins begin and end: what was changed before the begin is safe at the end. */
  | { kind: 'syncBegun'; inode: number; sync: string }
  | { kind: 'syncEnded'; sync: string };

export type LogRecord = Change & {
  pid: number;
  /** Wall clock, ms since 1970, with fractions. */
  atMs: number;
};

const MAGIC = 0x43525750;
const HEADER_BYTES = 44;
const CREATED = 1;

/** Reads a log; a record that was not written whole ends it. Throws when the bytes are no log. */
export function parseLog(log: Buffer, root: string): LogRecord[] {
  const records: LogRecord[] = [];
  for (let at = 0; at + HEADER_BYTES <= log.length; ) {
    if (log.readUInt32LE(at) !== MAGIC) throw new Error(`byte ${at} of the log begins no record`);
    const firstAt = at + HEADER_BYTES;
    const secondAt = firstAt + log.readUInt32LE(at + 36);
    const end = secondAt + log.readUInt32LE(at + 40);
    if (end > log.length) break;
    const change = changeOf({
      type: log.readUInt8(at + 4),
      flags: log.readUInt8(at + 5),
      inode: Number(log.readBigUInt64LE(at + 20)),
      number: log.readBigUInt64LE(at + 28),
      first: log.subarray(firstAt, secondAt),
      second: log.subarray(secondAt, end),
      root,
    });
    const atMs = Number(log.readBigUInt64LE(at + 12)) / 1e6;
    records.push({ ...change, pid: log.readUInt32LE(at + 8), atMs });
    at = end;
  }
  return records;
}

interface RawRecord {
  type: number;
  flags: number;
  inode: number;
  number: bigint;
  first: Buffer;
  second: Buffer;
  root: string;
}

function changeOf({ type, flags, inode, number, first, second, root }: RawRecord): Change {
  const name = () => relativeName(first.toString('utf8'), root);
  const secondName = () => relativeName(second.toString('utf8'), root);
  switch (type) {
    case 1:
      if (flags !== CREATED) throw new Error(`unknown flags ${flags} of an opened file`);
      return { kind: 'created', inode, name: name() };
    case 2:
      return { kind: 'written', inode, offset: Number(number), bytes: first };
    case 3:
      return { kind: 'truncated', inode, size: Number(number) };
    case 4:
      return { kind: 'renamed', from: name(), to: secondName() };
    case 5:
      return { kind: 'unlinked', name: name() };
    case 6:
      return { kind: 'directoryMade', inode, name: name() };
    case 7:
      return { kind: 'directoryRemoved', name: name() };
    case 8:
      return { kind: 'linked', from: name(), to: secondName() };
    case 9:
      return { kind: 'syncBegun', inode, sync: String(number) };
    case 10:
      return { kind: 'syncEnded', sync: String(number) };
    default:
      throw new Error(`unknown record type ${type}`);
  }
}

function relativeName(name: string, root: string): string {
  if (name !== root && !name.startsWith(`${root}/`)) throw new Error(`${name} does not lie below ${root}`);
  return name
    .slice(root.length)
    .split('/')
    .filter((part) => part !== '' && part !== '.')
    .join('/');
}
