import type { CapacityApi } from './capacity-api.ts';
import { ProblemError } from './problems.ts';
import type { Handlers } from './route-binding.ts';

/** What the box can hold, and measuring it again. */
export function capacityHandlers(capacity: CapacityApi) {
  return {
    getCapacity: async () => capacity.get(),
    measureCapacity: async ({ reply }) => {
      const view = capacity.measure();
      if ('kind' in view) throw new ProblemError(view);
      reply.status(202);
      return view;
    },
  } satisfies Partial<Handlers>;
}
