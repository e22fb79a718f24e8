import type { Static } from 'typebox';
import type { SettingsAnswerSchema } from '../../shared/api/box-routes.ts';
import type { ProblemResult } from './box-api.ts';

export type SettingsAnswer = Static<typeof SettingsAnswerSchema>;

/** The box's settings as its HTTP face sees them. No secret is ever among them. */
export interface SettingsApi {
  get(): SettingsAnswer;
  /** Changes the given keys and writes them down, or changes nothing and says which keys are wrong. */
  change(patch: unknown): SettingsAnswer | ProblemResult;
}
