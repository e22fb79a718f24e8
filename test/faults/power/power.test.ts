import { expect, it } from 'vitest';
import { runPowerCuts } from './scenario.ts';

// `npm run faults -- power` does twenty.
const CUTS = 3;
const SEED = Number(process.env.FAULT_SEED ?? 20);

it('power is cut while rooms are recorded, finalized and uploaded: nothing accepted is forgotten, three seconds are lost at most', async (context) => {
  const report = await runPowerCuts({ cuts: CUTS, seed: SEED, seconds: 4 });
  if (report.kind === 'skipped') {
    process.stderr.write(`SKIPPED, nothing was proven about power cuts: ${report.why}\n`);
    context.skip(report.why);
    return;
  }
  const { results, directory } = report;
  const what = results.map(({ rule, at, of, problems }) => ({ seed: SEED, rule, at, of, problems, directory }));
  expect(what.filter(({ problems }) => problems.length > 0)).toEqual([]);
  expect(results).toHaveLength(CUTS);
  // A cut after which nothing was delivered would prove little.
  expect(results.reduce((sum, { delivered }) => sum + delivered, 0)).toBeGreaterThan(CUTS);
}, 400_000);
