import type { LivePictureApi } from './live-picture-api.ts';
import { ProblemError } from './problems.ts';
import type { Handlers } from './route-binding.ts';

/** What is being recorded, as a picture. */
export function livePictureHandlers(pictures: LivePictureApi) {
  return {
    getLivePicture: async ({ params, reply }) => {
      const answer = await pictures.picture(params.id);
      if (answer.kind === 'problem') throw new ProblemError(answer);
      // It shows people, and is outdated in a second: nobody is to keep it.
      return reply.header('cache-control', 'no-store').type('image/jpeg').send(Buffer.from(answer.jpeg));
    },
  } satisfies Partial<Handlers>;
}
