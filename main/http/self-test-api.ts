import type { Static } from 'typebox';
import type { SelfTestSchema } from '../../shared/api/box-routes.ts';
import type { ProblemResult } from './box-api.ts';

export type SelfTestView = Static<typeof SelfTestSchema>;

/** The self-test as the HTTP face sees it. */
export interface SelfTestApi {
  /** How the last one went, or goes. */
  get(): SelfTestView;
  /** Begins one; refused while one runs. */
  start(): SelfTestView | ProblemResult;
}
