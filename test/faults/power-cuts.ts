import { runPowerCuts } from './power/scenario.ts';
import type { Say, ScenarioReport } from './report.ts';
import { describeMachine } from './site.ts';

/** The power cuts as one scenario among the others. On a machine that cannot do them that is said, and counts as a failure. */
export async function runPower({ cuts, seed, say }: { cuts: number; seed: number; say: Say }): Promise<ScenarioReport> {
  const startMs = performance.now();
  const report = await runPowerCuts({
    cuts,
    seed,
    onCut: ({ rule, at, of, lostSeconds }) => {
      say(`cut at change ${at} of ${of} (${rule}): at most ${lostSeconds.toFixed(2)} s lost`);
    },
  });
  const about = { scenario: 'power', seed, machine: describeMachine(), seconds: (performance.now() - startMs) / 1000 };
  if (report.kind === 'skipped') {
    const problems = [`nothing was proven about power cuts: ${report.why}`];
    return { ...about, figures: {}, lines: [], problems, keptDirectory: null };
  }
  const { results, lostSecondsAtMost, directory } = report;
  const problems = results.flatMap(({ rule, at, of, problems: own }) =>
    own.map((problem) => `cut at change ${at} of ${of} (${rule}): ${problem}`),
  );
  const delivered = results.reduce((sum, result) => sum + result.delivered, 0);
  const figures = { cuts: results.length, delivered, lostSecondsAtMost };
  return { ...about, figures, lines: [], problems, keptDirectory: problems.length > 0 ? directory : null };
}
