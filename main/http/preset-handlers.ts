import { parseRecordingRequest } from '../../shared/parse-request.ts';
import type { BoxApi, ProblemResult } from './box-api.ts';
import type { PresetsApi, ResolvedRequest } from './presets-api.ts';
import { ProblemError } from './problems.ts';
import { answerStarted } from './recording-handlers.ts';
import type { Handlers } from './route-binding.ts';
import { submit } from './submit.ts';

/** Saved destinations and applications, and starting with them. No answer ever holds a key. */
export function presetHandlers(presets: PresetsApi, box: BoxApi) {
  return {
    startByHand: async ({ body, request, reply }) => {
      const resolved = presets.resolve(body);
      if (resolved.errors.length > 0) throw refusalOf(resolved, box);
      return answerStarted(await submit(box, request, resolved.body), request, reply);
    },
    listDestinations: async () => ({ destinations: presets.destinations() }),
    putDestination: async ({ params, body }) =>
      orRefused(presets.putDestination(params.name, body, box.parseOptions())),
    deleteDestination: async ({ params, reply }) => {
      orNotFound(presets.removeDestination(params.name));
      return reply.status(204).send();
    },
    listApplications: async () => ({ applications: presets.applications() }),
    putApplication: async ({ params, body }) => orRefused(presets.putApplication(params.name, body)),
    deleteApplication: async ({ params, reply }) => {
      orNotFound(presets.removeApplication(params.name));
      return reply.status(204).send();
    },
  } satisfies Partial<Handlers>;
}

/** All that is wrong at once: names that stand for nothing, and whatever else breaks a rule. */
function refusalOf({ body, errors, standsFor }: ResolvedRequest, box: BoxApi): ProblemError {
  const parsed = parseRecordingRequest(body, box.parseOptions());
  const others = parsed.ok ? [] : parsed.errors;
  const isStoodFor = (field: string): boolean =>
    standsFor.some((name) => field === name || field.startsWith(`${name}.`));
  return new ProblemError({
    code: 'INVALID_REQUEST',
    errors: [...errors, ...others.filter(({ field }) => !isStoodFor(field))],
  });
}

/** @throws ProblemError when it was refused */
function orRefused<Answer extends { name: string }>(answer: Answer | ProblemResult): Answer {
  if ('kind' in answer) throw new ProblemError(answer);
  return answer;
}

function orNotFound(isGone: boolean | ProblemResult): void {
  if (typeof isGone === 'object') throw new ProblemError(isGone);
  if (!isGone) throw new ProblemError({ code: 'NOT_FOUND' });
}
