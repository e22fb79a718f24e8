import { Readable } from 'node:stream';
import type { ArchiveApi, EventView } from './archive-api.ts';
import type { BoxApi } from './box-api.ts';
import { ProblemError } from './problems.ts';
import { orNotFound } from './recording-handlers.ts';
import type { Handlers } from './route-binding.ts';

/** Events of one page when nobody says how many, and of one reading of the database. */
const PAGE_EVENTS = 1000;
const JSON_LINES = 'application/x-ndjson';

/** Results, histories and the deletion of recordings. */
export function archiveHandlers(archive: ArchiveApi, box: Pick<BoxApi, 'get'>) {
  return {
    getResult: async ({ params }) => {
      const { result } = orNotFound(await box.get(params.id));
      if (result === null) throw new ProblemError({ code: 'RESULT_NOT_READY' });
      return result;
    },
    getCallbacks: async ({ params }) => {
      const callbacks = archive.callbacks(params.id);
      if (callbacks === null) throw new ProblemError({ code: 'NOT_FOUND' });
      return { callbacks };
    },
    getRecordingEvents: async ({ params, query, request, reply }) => {
      const { after = 0, limit } = query;
      const first = archive.events(params.id, { after, limit: Math.min(limit ?? PAGE_EVENTS, PAGE_EVENTS) });
      if (first === null) throw new ProblemError({ code: 'NOT_FOUND' });
      reply.header('vary', 'accept');
      if (!wantsLines(request.headers.accept)) return { events: first };
      const lines = limit === undefined ? allOf(archive, params.id, first) : [first];
      return reply.type(`${JSON_LINES}; charset=utf-8`).send(Readable.from(textOf(lines)));
    },
    deleteRecording: async ({ params, query, request, reply }) => {
      const by = request.caller?.name ?? null;
      const answer = await archive.remove(params.id, { force: query.force === true, by });
      if (answer === null) throw new ProblemError({ code: 'NOT_FOUND' });
      if (answer !== 'deleted') throw new ProblemError(answer);
      return reply.status(204).send();
    },
  } satisfies Partial<Handlers>;
}

function wantsLines(accept: string | undefined): boolean {
  return (accept ?? '').split(',').some((one) => one.split(';')[0]?.trim().toLowerCase() === JSON_LINES);
}

/** Page after page, each read when the reader has taken the one before. */
function* allOf(archive: ArchiveApi, recordingId: string, first: EventView[]): Generator<EventView[]> {
  for (let page = first; page.length > 0; ) {
    yield page;
    const after = page.at(-1)?.seq ?? 0;
    page = archive.events(recordingId, { after, limit: PAGE_EVENTS }) ?? [];
  }
}

function* textOf(pages: Iterable<EventView[]>): Generator<string> {
  for (const page of pages) yield page.map((event) => `${JSON.stringify(event)}\n`).join('');
}
