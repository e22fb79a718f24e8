import type { FormField, SavedFacts, StartForm } from './start-form.ts';

/** What every section of the form is given. */
export interface SectionProps {
  form: StartForm;
  saved: SavedFacts;
  /** Whether this person may save destinations and applications. */
  mayChange: boolean;
  onForm(change: Partial<StartForm>): void;
  /** What is wrong at a field, once somebody was there. */
  problemAt(field: FormField): string | undefined;
  /** Somebody leaves a field. */
  onLeave(field: FormField): void;
}

/** Id of the control of a field. */
export function controlId(field: FormField): string {
  return `start-${field}`;
}
