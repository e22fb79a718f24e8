import { ProblemError } from './problems.ts';
import type { Handlers } from './route-binding.ts';
import type { SelfTestApi } from './self-test-api.ts';

/** Starting and following the self-test. */
export function selfTestHandlers(selfTest: SelfTestApi) {
  return {
    getSelfTest: async () => selfTest.get(),
    startSelfTest: async ({ reply }) => {
      const view = selfTest.start();
      if ('kind' in view) throw new ProblemError(view);
      reply.status(202);
      return view;
    },
  } satisfies Partial<Handlers>;
}
