import { mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { type DiskProbe, RecordingsDisk } from './recordings-disk.ts';

function memory() {
  const facts = new Map<string, string>();
  return {
    get: (key: string) => facts.get(key) ?? null,
    set: (key: string, value: string) => void facts.set(key, value),
  };
}

/** A machine with folders on devices; `/mnt/disk` can be mounted and unmounted. */
function machine() {
  const state = { isMounted: true, onDisk: new Set(['/mnt/disk']), under: new Set<string>(), created: [] as string[] };
  const missing = (place: string) => Object.assign(new Error(`ENOENT ${place}`), { code: 'ENOENT' });
  const isThere = (place: string): boolean => {
    if (!place.startsWith('/mnt/disk')) return true;
    if (state.isMounted) return state.onDisk.has(place);
    return place === '/mnt/disk' || state.under.has(place);
  };
  const probe: DiskProbe = {
    async device(place) {
      if (!isThere(place)) throw missing(place);
      return state.isMounted && place.startsWith('/mnt/disk') ? 2 : 1;
    },
    freeBytes: async () => (state.isMounted ? 70e9 : 5e9),
    async create(directory) {
      state.created.push(directory);
      (state.isMounted ? state.onDisk : state.under).add(directory);
    },
    async isEmpty(directory) {
      if (!isThere(directory)) throw missing(directory);
      return true;
    },
  };
  return { state, probe };
}

describe('the disk of the recordings', () => {
  it('that is unplugged is away, its mount point is not taken for it, and it comes back', async () => {
    const { state, probe } = machine();
    const disk = new RecordingsDisk('/mnt/disk/recordings', memory(), probe);
    expect(await disk.open()).toBe('present');
    expect(await disk.freeBytes()).toBe(70e9);
    state.isMounted = false;
    expect(await disk.isAway()).toBe(true);
    await expect(disk.freeBytes()).rejects.toMatchObject({ code: 'DISK_AWAY' });
    state.isMounted = true;
    expect(await disk.isAway()).toBe(false);
    expect(state.created).toHaveLength(1);
  });

  it.each(['/mnt/disk/recordings', '/mnt/disk'])(
    '%s: a box that starts before the disk is mounted waits for it',
    async (at) => {
      const { state, probe } = machine();
      const facts = memory();
      await new RecordingsDisk(at, facts, probe).open();
      state.isMounted = false;
      const restarted = new RecordingsDisk(at, facts, probe);
      expect(await restarted.open()).toBe('away');
      expect(await restarted.isAway()).toBe(true);
      expect(state.under.size).toBe(0);
      state.isMounted = true;
      expect(await restarted.isAway()).toBe(false);
    },
  );

  it('that was replaced by an empty one gets its folder', async () => {
    const { state, probe } = machine();
    const disk = new RecordingsDisk('/mnt/disk/recordings', memory(), probe);
    await disk.open();
    state.isMounted = false;
    expect(await disk.isAway()).toBe(true);
    state.isMounted = true;
    state.onDisk = new Set(['/mnt/disk']);
    expect(await disk.isAway()).toBe(false);
    expect(state.created).toHaveLength(2);
  });

  it('a folder that is renamed away and back is away meanwhile, and nothing takes its place', async () => {
    const root = mkdtempSync(path.join(tmpdir(), 'recordings-disk-'));
    const folder = path.join(root, 'recordings');
    const disk = new RecordingsDisk(folder, memory());
    expect(await disk.open()).toBe('present');
    renameSync(folder, `${folder}.away`);
    expect(await disk.isAway()).toBe(true);
    expect(await disk.isFolderAway(path.join(folder, 'r1'))).toBe(true);
    renameSync(`${folder}.away`, folder);
    expect(await disk.isAway()).toBe(false);
    expect(await disk.isFolderAway(path.join(folder, 'r1'))).toBe(true);
    expect(await disk.isFolderAway(folder)).toBe(false);
    rmSync(root, { recursive: true });
  });

  it('inside the data directory is made anew at a start after somebody removed it', async () => {
    const root = mkdtempSync(path.join(tmpdir(), 'recordings-disk-'));
    const folder = path.join(root, 'recordings');
    const facts = memory();
    await new RecordingsDisk(folder, facts).open();
    rmSync(folder, { recursive: true });
    expect(await new RecordingsDisk(folder, facts).open()).toBe('present');
    rmSync(root, { recursive: true });
  });
});
