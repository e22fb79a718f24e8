import type { CHECK_STATES } from '../../shared/api/check-routes.ts';
import type { Text } from '../../shared/texts/language.ts';

/** How one step of a check went, in every language. Holds no secret. */
export interface CheckStep {
  state: (typeof CHECK_STATES)[number];
  code: string | null;
  message: Text;
  remedy: Text | null;
}
