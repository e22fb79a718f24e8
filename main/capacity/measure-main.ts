/** Entry of the process that measures the machine: the task comes as its argument, the result goes to stdout as JSON. */
import { type MeasureTask, measure } from './measure.ts';

try {
  const speed = await measure(JSON.parse(process.argv[2] ?? 'null') as MeasureTask);
  process.stdout.write(`${JSON.stringify(speed)}\n`);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : 'unknown'}\n`);
  process.exitCode = 1;
}
