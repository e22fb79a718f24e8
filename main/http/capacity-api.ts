import type { Static } from 'typebox';
import type { CapacitySchema } from '../../shared/api/capacity-routes.ts';
import type { ProblemResult } from './box-api.ts';

export type CapacityView = Static<typeof CapacitySchema>;

/** What the box can hold, as the HTTP face sees it. */
export interface CapacityApi {
  get(): CapacityView;
  /** Begins to measure the machine; refused while something has to be recorded or finalized. */
  measure(): CapacityView | ProblemResult;
}
