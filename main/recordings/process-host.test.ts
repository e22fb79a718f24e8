import { expect, it, vi } from 'vitest';
import { openProcessHost } from './process-host.ts';

it.each<['auto' | 'window' | 'process', number]>([
  ['auto', 0],
  ['process', 0],
  ['window', 1],
])('without a desktop %s gives processes, with %i warnings', (wanted, warnings) => {
  const log = { debug: vi.fn(), warn: vi.fn() };
  expect(openProcessHost({ wanted, dataDirectory: '/x', log }).kind).toBe('process');
  expect(log.warn).toHaveBeenCalledTimes(warnings);
  if (warnings > 0) expect(log.warn.mock.calls[0]?.[1]).toContain('capture.host');
});
