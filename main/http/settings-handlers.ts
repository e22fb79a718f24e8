import { isDesktop } from './access/caller.ts';
import { ProblemError } from './problems.ts';
import type { Handlers } from './route-binding.ts';
import type { SettingsApi } from './settings-api.ts';

/** Reading and changing the settings. */
export function settingsHandlers(settings: SettingsApi) {
  return {
    getSettings: async ({ request }) => settings.get({ isDesktop: isDesktop(request) }),
    changeSettings: async ({ body, request }) => {
      const answer = settings.change(body, { isDesktop: isDesktop(request) });
      if ('kind' in answer) throw new ProblemError(answer);
      return answer;
    },
  } satisfies Partial<Handlers>;
}
