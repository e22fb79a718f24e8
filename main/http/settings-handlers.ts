import { ProblemError } from './problems.ts';
import type { Handlers } from './route-binding.ts';
import type { SettingsApi } from './settings-api.ts';

/** Reading and changing the settings. */
export function settingsHandlers(settings: SettingsApi) {
  return {
    getSettings: async () => settings.get(),
    changeSettings: async ({ body }) => {
      const answer = settings.change(body);
      if ('kind' in answer) throw new ProblemError(answer);
      return answer;
    },
  } satisfies Partial<Handlers>;
}
