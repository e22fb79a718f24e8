import type { Static } from 'typebox';
import type { SettingsAnswerSchema } from '../../shared/api/box-routes.ts';
import type { ProblemResult } from './box-api.ts';

export type SettingsAnswer = Static<typeof SettingsAnswerSchema>;

export interface SettingsAsker {
  /** The desktop around the box asks, for whoever sits at the machine itself. */
  isDesktop: boolean;
}

/** The box's settings as its HTTP face sees them. No secret is ever among them. Without an asker it is taken to be somebody from outside. */
export interface SettingsApi {
  get(asker?: SettingsAsker): SettingsAnswer;
  /** Changes the given keys and writes them down, or changes nothing and says which keys are wrong or not the asker's to change. */
  change(patch: unknown, asker?: SettingsAsker): SettingsAnswer | ProblemResult;
}
