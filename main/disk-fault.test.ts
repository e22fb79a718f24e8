import { describe, expect, it } from 'vitest';
import { systemError } from '../test/support/failing-calls.ts';
import { DISK_FAULTS, DISK_REMEDIES, diskFaultOf, startOnceDiskAllows } from './disk-fault.ts';

describe('a start on a disk that does not let it', () => {
  const attempt = async (errors: Error[]) => {
    const slept: number[] = [];
    const lines: object[] = [];
    const started = startOnceDiskAllows(
      async () => {
        const error = errors.shift();
        if (error) throw error;
        return 'started';
      },
      {
        log: { error: (facts) => lines.push(facts) },
        sleep: async (durationMs) => void slept.push(durationMs),
      },
    );
    return { started: await started, slept, lines };
  };

  it('waits until it does, instead of leaving and being started over and over', async () => {
    const causes = [
      systemError('ENOSPC'),
      systemError('SQLITE_FULL'),
      systemError('EROFS'),
      systemError('SQLITE_IOERR'),
    ];
    const errors = causes.map((cause) => new Error('The database cannot be opened', { cause }));
    const { started, slept, lines } = await attempt(errors);
    expect(started).toBe('started');
    expect(slept).toEqual([5_000, 5_000, 5_000, 5_000]);
    expect(lines).toMatchObject([{ fault: 'DISK_FULL', remedy: DISK_REMEDIES.DISK_FULL }]);
  });

  it.each(['EACCES', 'EADDRINUSE', 'SQLITE_CORRUPT'])('ends with %s, which waiting does not mend', async (code) => {
    await expect(attempt([systemError(code)])).rejects.toMatchObject({ code });
  });
});

it('every fault has a remedy, and an error without a code is none', () => {
  for (const fault of DISK_FAULTS) expect(DISK_REMEDIES[fault].length).toBeGreaterThan(20);
  expect(diskFaultOf(new Error('x'))).toBeNull();
  expect(diskFaultOf('ENOSPC')).toBeNull();
});
