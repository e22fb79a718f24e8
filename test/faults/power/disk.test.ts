import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { randomFrom } from '../../support/simulated-senders.ts';
import { type CutRule, Disk } from './disk.ts';
import { type Change, parseLog } from './log.ts';

const ROOT_INODE = 1;

function disk(changes: readonly Change[]): Disk {
  const made = new Disk([{ name: '', inode: ROOT_INODE, content: null }]);
  for (const change of changes) made.apply({ ...change, pid: 1, atMs: 0 });
  return made;
}

function after(changes: readonly Change[], rule: CutRule, seed = 1): Record<string, string | null> {
  const image = disk(changes).image(rule, randomFrom(seed));
  return Object.fromEntries([...image].map(([name, content]) => [name, content?.toString('latin1') ?? null]));
}

let syncs = 0;
function synced(inode: number): Change[] {
  syncs += 1;
  return [
    { kind: 'syncBegun', inode, sync: `${syncs}` },
    { kind: 'syncEnded', sync: `${syncs}` },
  ];
}

const created = (name: string, inode: number): Change => ({ kind: 'created', inode, name });
const written = (inode: number, text: string, offset = 0): Change => ({
  kind: 'written',
  inode,
  offset,
  bytes: Buffer.from(text, 'latin1'),
});

describe('what a power cut leaves', () => {
  it('a synced file in a directory that was not synced is gone; synced as well, it is there', () => {
    const file = [created('a', 2), written(2, 'safe'), ...synced(2)];
    expect(after(file, 'syncedOnly')).toEqual({});
    expect(after([...file, ...synced(ROOT_INODE)], 'syncedOnly')).toEqual({ a: 'safe' });
  });

  it('a directory whose own name is lost takes its files with it', () => {
    const changes: Change[] = [{ kind: 'directoryMade', inode: 2, name: 'd' }, created('d/a', 3), ...synced(2)];
    expect(after(changes, 'syncedOnly')).toEqual({});
    expect(after([...changes, ...synced(ROOT_INODE)], 'syncedOnly')).toEqual({ d: null, 'd/a': '' });
  });

  it('bytes written since the last sync are gone, zeros, or there, as the rule says', () => {
    const changes = [created('a', 2), written(2, 'safe'), ...synced(2), ...synced(ROOT_INODE), written(2, 'lost', 4)];
    expect(after(changes, 'syncedOnly')).toEqual({ a: 'safe' });
    expect(after(changes, 'namesOnly')).toEqual({ a: 'safe' });
    expect(after(changes, 'namesAndLengths')).toEqual({ a: 'safe\0\0\0\0' });
    expect(after(changes, 'everything')).toEqual({ a: 'safelost' });
  });

  it('what is written while a sync runs is not safe at its end', () => {
    const begun: Change = { kind: 'syncBegun', inode: 2, sync: 'long' };
    const ended: Change = { kind: 'syncEnded', sync: 'long' };
    const changes = [created('a', 2), ...synced(ROOT_INODE), written(2, 'safe'), begun, written(2, 'lost', 4), ended];
    expect(after(changes, 'syncedOnly')).toEqual({ a: 'safe' });
  });

  it('a rename that was not synced leaves the old file under the old name', () => {
    const [old, next] = [
      [created('a', 2), written(2, 'old'), ...synced(2), ...synced(ROOT_INODE)],
      [created('a.tmp', 3), written(3, 'new'), ...synced(3), { kind: 'renamed', from: 'a.tmp', to: 'a' } as const],
    ];
    expect(after([...old, ...next], 'syncedOnly')).toEqual({ a: 'old' });
    expect(after([...old, ...next, ...synced(ROOT_INODE)], 'syncedOnly')).toEqual({ a: 'new' });
  });

  it('a rename of a file that was not synced may replace good bytes by nothing', () => {
    const old = [created('a', 2), written(2, 'old'), ...synced(2), ...synced(ROOT_INODE)];
    const next: Change[] = [created('a.tmp', 3), written(3, 'new'), { kind: 'renamed', from: 'a.tmp', to: 'a' }];
    expect(after([...old, ...next], 'namesOnly')).toEqual({ a: '' });
  });

  it('a removal that was not synced is undone', () => {
    const changes: Change[] = [created('a', 2), ...synced(ROOT_INODE), { kind: 'unlinked', name: 'a' }];
    expect(after(changes, 'syncedOnly')).toEqual({ a: '' });
    expect(after(changes, 'everything')).toEqual({});
  });

  it('a cut file grows with zeros, and both names of a link show the same bytes', () => {
    const changes: Change[] = [
      created('a', 2),
      written(2, 'abcdef'),
      { kind: 'truncated', inode: 2, size: 2 },
      written(2, 'z', 4),
      { kind: 'linked', from: 'a', to: 'b' },
    ];
    expect(after(changes, 'everything')).toEqual({ a: 'ab\0\0z', b: 'ab\0\0z' });
  });

  it('torn: every sector is one that was once there, synced bytes are never lost, everything else is possible', () => {
    const rewritten = fc.array(fc.record({ sector: fc.nat(7), letter: fc.constantFrom('x', 'y', 'z') }), {
      minLength: 1,
      maxLength: 12,
    });
    fc.assert(
      fc.property(rewritten, fc.nat(), (writes, seed) => {
        const sectors = (letter: string) => letter.repeat(4096);
        const safe = [created('a', 2), written(2, sectors('s').repeat(8)), ...synced(2), ...synced(ROOT_INODE)];
        const later = writes.map(({ sector, letter }) => written(2, sectors(letter), sector * 4096));
        const text = after([...safe, ...later], 'someSectors', seed).a ?? '';
        expect(text.length).toBe(8 * 4096);
        for (let at = 0; at < text.length; at += 512) {
          const sector = Math.floor(at / 4096);
          const once = ['s', ...writes.filter((write) => write.sector === sector).map(({ letter }) => letter)];
          expect(once.map((letter) => letter.repeat(512))).toContain(text.slice(at, at + 512));
        }
      }),
      { numRuns: 30 },
    );
  });
});

describe('reading the log', () => {
  it('gives names below the recorded directory and stops at a record that was not written whole', () => {
    const record = (type: number, first: string, second = '') => {
      const header = Buffer.alloc(44);
      header.writeUInt32LE(0x43525750, 0);
      header.writeUInt8(type, 4);
      header.writeUInt8(type === 1 ? 1 : 0, 5);
      header.writeUInt32LE(7, 8);
      header.writeBigUInt64LE(1_500_000n, 12);
      header.writeBigUInt64LE(9n, 20);
      header.writeUInt32LE(first.length, 36);
      header.writeUInt32LE(second.length, 40);
      return Buffer.concat([header, Buffer.from(first + second)]);
    };
    const log = Buffer.concat([record(1, '/r/a'), record(4, '/r/a', '/r/d/./b'), record(5, '/r/d/b')]);
    expect(parseLog(log.subarray(0, -1), '/r')).toEqual([
      { kind: 'created', inode: 9, name: 'a', pid: 7, atMs: 1.5 },
      { kind: 'renamed', from: 'a', to: 'd/b', pid: 7, atMs: 1.5 },
    ]);
    expect(() => parseLog(Buffer.alloc(44), '/r')).toThrow('begins no record');
    expect(() => parseLog(record(5, '/elsewhere'), '/r')).toThrow('does not lie below');
  });
});
