import { cpus, release, type } from 'node:os';
import { sampleRequest } from '../support/box.ts';
import { startConsoleRig } from '../support/console-rig.ts';
import { firstPaintMs, firstScreenScripts } from '../support/first-screen.ts';
import { median } from './report.ts';

/** The first screen has to be there within this time on the machine itself… */
const PAINT_LIMIT_MS = 1000;
/** …and may be so much script, compressed. */
const SCRIPT_LIMIT_BYTES = 250_000;

export interface ConsoleBench {
  benchmark: 'console';
  startedAt: string;
  machine: { cpu: string; cores: number; system: string; node: string; browser: string };
  /** First contentful paints of the console, in a browser that knows nothing of it yet, while a recording runs. */
  paintsMs: number[];
  /** The same of the plain page: what browser and box take for next to nothing. */
  plainPaintsMs: number[];
  scripts: Record<'en' | 'zh-CN', { gzipBytes: number; bytes: number; files: number }>;
}

/** Loads the first screen again and again from a box that records meanwhile. */
export async function runConsoleBench({ rounds }: { rounds: number }): Promise<ConsoleBench> {
  const startedAt = new Date().toISOString();
  const rig = await startConsoleRig({ name: 'bench-console' });
  try {
    const { browser } = rig;
    const { url } = rig.rig.box;
    const id = await rig.rig.box.record(sampleRequest({ RoomId: 1, Callback: undefined }));
    await rig.rig.box.waitForState(id, 'recording');
    const paintsMs: number[] = [];
    const plainPaintsMs: number[] = [];
    for (let round = 0; round < rounds; round++) {
      plainPaintsMs.push(await firstPaintMs(browser, `${url}/plain`));
      paintsMs.push(await firstPaintMs(browser, `${url}/`));
    }
    const size = async (language: string) => {
      const { files, ...sizes } = await firstScreenScripts(browser, url, language);
      return { ...sizes, files: files.length };
    };
    return {
      benchmark: 'console',
      startedAt,
      machine: {
        cpu: cpus()[0]?.model ?? 'unknown',
        cores: cpus().length,
        system: `${type()} ${release()}`,
        node: process.version,
        browser: `Chromium ${browser.version()}`,
      },
      paintsMs,
      plainPaintsMs,
      scripts: { en: await size('en'), 'zh-CN': await size('zh-CN') },
    };
  } finally {
    await rig.close();
  }
}

/** Whether both budgets are kept. */
export function isWithinBudget({ paintsMs, scripts }: ConsoleBench): boolean {
  const largest = Math.max(...Object.values(scripts).map(({ gzipBytes }) => gzipBytes));
  return median(paintsMs) <= PAINT_LIMIT_MS && largest <= SCRIPT_LIMIT_BYTES;
}

/** The result as a person reads it on a terminal. */
export function consoleBenchText(result: ConsoleBench): string {
  const { machine, paintsMs, plainPaintsMs, scripts } = result;
  const paints = (values: number[]) =>
    `${median(values).toFixed(0)} ms (${values.map((one) => one.toFixed(0)).join(', ')})`;
  const kilobytes = ({ gzipBytes, files }: { gzipBytes: number; files: number }) =>
    `${(gzipBytes / 1000).toFixed(1)} kB gzip in ${files} files`;
  return [
    `console, first screen while a recording runs; ${machine.cpu}, ${machine.cores} cores, ${machine.system}, Node ${machine.node}, ${machine.browser}`,
    `first paint, median of ${paintsMs.length}:  ${paints(paintsMs)}; budget ${PAINT_LIMIT_MS} ms`,
    `plain page, for comparison:  ${paints(plainPaintsMs)}`,
    `script, English:  ${kilobytes(scripts.en)}; budget ${SCRIPT_LIMIT_BYTES / 1000} kB`,
    `script, Chinese:  ${kilobytes(scripts['zh-CN'])}`,
  ].join('\n');
}
