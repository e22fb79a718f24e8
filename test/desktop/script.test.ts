import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { startUtilityScript } from '../../main/desktop/electron-script.ts';
import { runDoctorBeside } from '../../main/diagnostics/run-doctor.ts';
import { makeDirectory, removeDirectory } from '../support/box.ts';
import { DoubleUtilityProcess } from '../support/electron-double-utility.ts';

// The double's utility process is a Node process that ends with its script; a real one stays, which the unit test of the doctor imitates.

const electron = await vi.hoisted(async () => await import('../support/electron-double.ts'));
vi.mock('electron', () => electron);

let directory: string;
beforeEach(async () => {
  directory = await makeDirectory('script');
});
afterEach(async () => await removeDirectory(directory));

it('the doctor looks at a box from a utility process, and none is left behind', async () => {
  const report = await runDoctorBeside({
    ...{ dataDirectory: directory, rooms: 'simulated', stopping: new AbortController().signal },
    startScript: startUtilityScript,
  });
  expect(JSON.parse(report)).toHaveProperty('findings');
  const started = DoubleUtilityProcess.all.at(-1)!;
  await vi.waitFor(() => expect(started.pid).toBeUndefined(), { timeout: 30_000 });
});

it('what a script says when it fails is told', async () => {
  const script = startUtilityScript('/nowhere/script.js', [], { PATH: process.env.PATH });
  let said = '';
  script.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  expect(await script.exited).not.toBe(0);
  expect(said).toContain('/nowhere/script.js');
});
