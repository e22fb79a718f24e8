import type { ProblemResult } from './box-api.ts';
import { sendFile } from './file-reply.ts';
import type { FilesApi } from './files-api.ts';
import { ProblemError } from './problems.ts';
import type { Handlers } from './route-binding.ts';

/** Recorded files, and what is made from them to be shown. */
export function fileHandlers(files: FilesApi) {
  return {
    getFile: async ({ params, query, request, reply }) => {
      const file = orRefused(await files.file(params.id, params.index));
      return await sendFile(request, reply, file, query.download ? 'attachment' : 'inline');
    },
    getThumbnail: async ({ params, request, reply }) => {
      const picture = orRefused(await files.thumbnail(params.id, params.index));
      return await sendFile(request, reply, picture, 'inline');
    },
    getWaveform: async ({ params }) => {
      const { durationMs, peaks } = orRefused(await files.waveform(params.id, params.index));
      return { durationMs, peaks };
    },
    getManifest: async ({ params }) => orRefused(await files.manifest(params.id)).manifest,
  } satisfies Partial<Handlers>;
}

/** @throws ProblemError when it was refused */
function orRefused<Answer extends { kind: string }>(answer: Answer | ProblemResult): Exclude<Answer, ProblemResult> {
  if (answer.kind === 'problem') throw new ProblemError(answer as ProblemResult);
  return answer as Exclude<Answer, ProblemResult>;
}
