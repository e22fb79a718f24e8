import { LANGUAGE_TAG, type Language, pickLanguage, type Text } from '../../shared/texts/language.ts';
import type { ProblemResult } from './box-api.ts';
import type { ChecksApi, DiagnosticsApi } from './checks-api.ts';
import { contentDisposition } from './file-reply.ts';
import { ProblemError } from './problems.ts';
import type { Handlers } from './route-binding.ts';

/** Checks before saving, what needs a person, and the guide for a new box. */
export function checksHandlers(checks: ChecksApi) {
  return {
    checkCos: async ({ body, request, reply }) => {
      const language = pickLanguage(request.headers['accept-language']);
      const view = orRefused(await checks.cos(body));
      reply.header('content-language', LANGUAGE_TAG[language]);
      return { ...view, steps: view.steps.map((step) => told(step, language)) };
    },
    checkCallback: async ({ body, request, reply }) => {
      const language = pickLanguage(request.headers['accept-language']);
      const view = orRefused(await checks.callback(body));
      reply.header('content-language', LANGUAGE_TAG[language]);
      return told(view, language);
    },
    checkEncoders: async ({ request, reply }) => {
      const language = pickLanguage(request.headers['accept-language']);
      const { encoders, remedy, ffmpeg } = await checks.encoders();
      reply.header('content-language', LANGUAGE_TAG[language]);
      return {
        ffmpeg,
        encoders: encoders.map((encoder) => ({ ...encoder, message: encoder.message[language] })),
        remedy: remedy?.[language] ?? null,
      };
    },
    getAttention: async () => await checks.attention(),
    getFirstRun: async () => await checks.firstRun(),
    changeFirstRun: async ({ body }) => await checks.changeFirstRun(body),
  } satisfies Partial<Handlers>;
}

/** The bundle for support. */
export function diagnosticsHandlers(diagnostics: DiagnosticsApi) {
  return {
    getDiagnostics: async ({ request, reply }) => {
      const { name, stream } = await diagnostics.bundle();
      // HEAD wants the headers only.
      const isWanted = request.method !== 'HEAD';
      if (!isWanted) stream.destroy();
      // Whoever leaves in the middle must not leave the rest waiting to be read.
      reply.raw.once('close', () => stream.destroy());
      reply.header('content-disposition', contentDisposition('attachment', name)).header('cache-control', 'no-store');
      return reply.type('application/zip').send(isWanted ? stream : '');
    },
  } satisfies Partial<Handlers>;
}

/** @throws ProblemError when it was refused */
function orRefused<Answer extends object>(answer: Answer | ProblemResult): Exclude<Answer, ProblemResult> {
  if ('kind' in answer && answer.kind === 'problem') throw new ProblemError(answer as ProblemResult);
  return answer as Exclude<Answer, ProblemResult>;
}

/** The same with message and remedy in one language. */
function told<View extends { message: Text; remedy: Text | null }>(
  view: View,
  language: Language,
): Omit<View, 'message' | 'remedy'> & { message: string; remedy: string | null } {
  return { ...view, message: view.message[language], remedy: view.remedy?.[language] ?? null };
}
