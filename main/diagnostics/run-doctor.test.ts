import { PassThrough } from 'node:stream';
import { expect, it } from 'vitest';
import { runDoctorBeside } from './run-doctor.ts';

function doctor() {
  const stdout = new PassThrough();
  const stderr = new PassThrough();
  let end: (code: number | null) => void = () => {};
  const exited = new Promise<number | null>((resolve) => {
    end = resolve;
  });
  const seen = { args: [] as readonly string[], environment: {} as NodeJS.ProcessEnv, kills: 0 };
  const stopping = new AbortController();
  const report = runDoctorBeside({
    ...{ dataDirectory: '/data', rooms: 'simulated', stopping: stopping.signal },
    startScript: (_file, args, environment) => {
      Object.assign(seen, { args, environment });
      const kill = (): void => {
        seen.kills += 1;
      };
      return { stdout, stderr, exited, kill };
    },
  });
  report.catch(() => {});
  return { stdout, stderr, end, seen, stopping, report };
}

it('answers as soon as the report is whole, and ends a process that stays', async () => {
  const { stdout, report, seen } = doctor();
  stdout.write('{"findings": [{"a": 1}\n');
  stdout.write(', {"text": "}"}]}\n');
  expect(JSON.parse(await report)).toEqual({ findings: [{ a: 1 }, { text: '}' }] });
  expect(seen.kills).toBe(1);
  expect(seen.args).toEqual(['doctor', '--data', '/data', '--json', '--no-cos', '--rooms', 'simulated']);
});

it('keeps the keys of the box from it', async () => {
  process.env.RECORDER_COS_SECRET_KEY = 'of-the-box';
  try {
    const { seen, stdout, report } = doctor();
    expect(seen.environment).not.toHaveProperty('RECORDER_COS_SECRET_KEY');
    expect(seen.environment.PATH).toBe(process.env.PATH);
    stdout.write('{}\n');
    await report;
  } finally {
    delete process.env.RECORDER_COS_SECRET_KEY;
  }
});

it('tells the last thing it said when it ends without a report', async () => {
  const { stdout, stderr, end, report, seen } = doctor();
  stdout.write('{"findings": [\n');
  stderr.write('first\nthe database is locked\n');
  setImmediate(() => end(2));
  await expect(report).rejects.toThrow('the database is locked');
  expect(seen.kills).toBe(1);
});

it('ends it when the box stops', async () => {
  const { stopping, report, seen } = doctor();
  stopping.abort(new Error('the box is stopping'));
  await expect(report).rejects.toThrow('the box is stopping');
  expect(seen.kills).toBe(1);
});
