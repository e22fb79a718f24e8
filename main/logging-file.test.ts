import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openLogging } from './logging.ts';
import { type LineFile, LogFile } from './logging-file.ts';

let directory: string;
let nowMs: number;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'log-file-'));
  nowMs = 0;
});
afterEach(() => rmSync(directory, { recursive: true }));

/** A file that fails while it is told to; remembers what it took. */
function shakyFile() {
  const files: (LineFile & { listeners: ((error: Error) => void)[]; destroyed: boolean })[] = [];
  const lines: string[] = [];
  const state = { opens: true, writes: true, throwsOnWrite: false };
  const full = () => Object.assign(new Error('no space'), { code: 'ENOSPC' });
  const open = async (): Promise<LineFile> => {
    if (!state.opens) throw full();
    const listeners: ((error: Error) => void)[] = [];
    const file = {
      listeners,
      destroyed: false,
      write(line: string) {
        if (state.throwsOnWrite) throw full();
        if (state.writes) lines.push(line);
        else for (const listener of listeners) listener(full());
      },
      on: (_: 'error', listener: (error: Error) => void) => listeners.push(listener),
      once: (_: 'close', listener: () => void) => setTimeout(listener, 0),
      end() {},
      destroy() {
        file.destroyed = true;
      },
    };
    files.push(file);
    return file;
  };
  return { open, state, lines, files };
}

describe('the files of the log', () => {
  it.each(['opens', 'writes', 'throwsOnWrite'] as const)(
    'lose lines while the disk refuses (%s), tell how many, and go on by themselves',
    async (what) => {
      const disk = shakyFile();
      disk.state[what] = what === 'throwsOnWrite';
      const log = new LogFile('logs', disk.open, () => nowMs);
      await log.open();
      for (let line = 0; line < 1000; line += 1) log.write(`${line}\n`);
      expect(log.lostLines).toBe(1000);
      // Nothing is opened line by line: a thousand lines made one try at most.
      expect(disk.files.length).toBeLessThanOrEqual(1);
      Object.assign(disk.state, { opens: true, writes: true, throwsOnWrite: false });
      nowMs += 5_000;
      log.write('the line that finds the disk back\n');
      await log.open();
      log.write('after\n');
      expect(disk.lines).toHaveLength(2);
      expect(JSON.parse(disk.lines[0]!)).toMatchObject({ level: 40, lostLines: 1001, reason: 'ENOSPC' });
      expect(disk.lines[1]).toBe('after\n');
      expect(disk.files.slice(0, -1).every(({ destroyed }) => destroyed)).toBe(true);
      expect(log.lostLines).toBe(0);
      await log.close();
      expect(() => log.write('after closing')).not.toThrow();
    },
  );

  it.skipIf(!existsSync('/dev/full'))('survive a disk that is full (the device /dev/full)', async () => {
    const { log, close } = await openLogging({ directory, console: null });
    log.info('before');
    await close();
    const [name] = readdirSync(join(directory, 'logs'));
    const file = join(directory, 'logs', name!);
    expect(readFileSync(file, 'utf8')).toContain('before');
    rmSync(file);
    symlinkSync('/dev/full', file);
    const onFullDisk = await openLogging({ directory, console: null });
    expect(() => {
      for (let line = 0; line < 100; line += 1) onFullDisk.log.info({ line }, 'nowhere');
    }).not.toThrow();
    await onFullDisk.close();
    rmSync(file);
  });

  it('that cannot be opened keep no box from starting', async () => {
    writeFileSync(join(directory, 'logs'), 'a file where the folder should be');
    const { log, close } = await openLogging({ directory, console: null });
    expect(() => log.info('nowhere')).not.toThrow();
    await close();
  });
});
