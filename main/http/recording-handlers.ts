import type { FastifyReply, FastifyRequest } from 'fastify';
import type { RecordingAnswer } from '../../shared/api/views.ts';
import { type GivenCredentials, parseCredentials } from '../../shared/parse-credentials.ts';
import { TERMINAL_STATES } from '../../shared/recording.ts';
import { pickLanguage } from '../../shared/texts/language.ts';
import { remedyIn } from '../../shared/texts/remedies.ts';
import type { RecordingView } from '../../shared/view.ts';
import type { BoxApi, ProblemResult } from './box-api.ts';
import { fileLinksOf, linksOf } from './links.ts';
import { ProblemError } from './problems.ts';
import type { Handlers } from './route-binding.ts';
import { ID_HEADER, markReplay, type Submitted, submit } from './submit.ts';

function isProblem(result: RecordingView | ProblemResult | null): result is ProblemResult {
  return result !== null && 'kind' in result;
}

/** @throws ProblemError when there is no such recording, or when it was refused */
export function orNotFound(result: RecordingView | ProblemResult | null): RecordingView {
  if (result === null) {
    throw new ProblemError({ code: 'NOT_FOUND' });
  }
  if (isProblem(result)) {
    throw new ProblemError(result);
  }
  return result;
}

/** A recording with its addresses, and with remedies and warnings in the reader's language. */
export function recordingAnswer(request: FastifyRequest, recording: RecordingView): RecordingAnswer {
  const language = pickLanguage(request.headers['accept-language']);
  const { blocked, waiting, warnings, ...rest } = recording;
  return {
    ...rest,
    files: recording.files.map((file, index) => ({ ...file, links: fileLinksOf(recording, index) })),
    blocked: blocked && { ...blocked, remedy: remedyIn(language, blocked.remedy) },
    waiting: waiting && { ...waiting, remedy: remedyIn(language, waiting.remedy) },
    warnings: warnings.map(({ code, at, message }) => ({ code, at, message: message[language] })),
    links: linksOf(recording.id),
  };
}

function isOver(recording: RecordingView): boolean {
  return TERMINAL_STATES.some((state) => state === recording.state);
}

/** Tells the caller that its request is safe on disk. */
export function answerStarted(
  { recording, replayed, warnings }: Submitted,
  request: FastifyRequest,
  reply: FastifyReply,
) {
  const language = pickLanguage(request.headers['accept-language']);
  const links = linksOf(recording.id);
  markReplay(reply, replayed);
  reply.status(202).header(ID_HEADER, recording.id).header('location', links.self);
  return {
    id: recording.id,
    state: recording.state,
    links,
    warnings: warnings.map(({ field, message }) => ({ field, message: message[language] })),
  };
}

function readCredentials(body: unknown): GivenCredentials {
  const parsed = parseCredentials(body);
  if (!parsed.ok) {
    throw new ProblemError({ code: 'INVALID_REQUEST', errors: parsed.errors });
  }
  return parsed.credentials;
}

/** Starting, reading and steering recordings, and the box's own COS keys. No answer ever holds a key. */
export function recordingHandlers(box: BoxApi) {
  return {
    startRecording: async ({ body, request, reply }) => answerStarted(await submit(box, request, body), request, reply),
    listRecordings: async ({ query, request }) => {
      const { limit = DEFAULT_LIST_LIMIT, ...filters } = query;
      const { recordings, ...page } = await box.list({ ...filters, limit });
      return { recordings: recordings.map((recording) => recordingAnswer(request, recording)), ...page };
    },
    getRecording: async ({ params, request }) => recordingAnswer(request, orNotFound(await box.get(params.id))),
    stopRecording: async ({ params, request, reply }) => {
      const recording = orNotFound(await box.stop(params.id));
      reply.status(isOver(recording) ? 200 : 202);
      return recordingAnswer(request, recording);
    },
    retryRecording: async ({ params, request, reply }) => {
      reply.status(202);
      return recordingAnswer(request, orNotFound(await box.retry(params.id)));
    },
    resendCallback: async ({ params, request, reply }) => {
      reply.status(202);
      return recordingAnswer(request, orNotFound(await box.resendCallback(params.id)));
    },
    setRecordingCredentials: async ({ params, body, request, reply }) => {
      // Judged here, so it may still be anything, null too.
      const given: unknown = body;
      const usesBox = typeof given === 'object' && given !== null && 'UseBox' in given && given.UseBox === true;
      const credentials = usesBox ? null : readCredentials(given);
      reply.status(202);
      return recordingAnswer(request, orNotFound(await box.setRecordingCredentials(params.id, credentials)));
    },
    retryAll: async ({ reply }) => {
      reply.status(202);
      return { retried: await box.retryAll() };
    },
    getCosCredentials: async () => await box.credentials(),
    storeCosCredentials: async ({ body }) => await box.storeCredentials(readCredentials(body)),
    forgetCosCredentials: async () => await box.forgetCredentials(),
  } satisfies Partial<Handlers>;
}

const DEFAULT_LIST_LIMIT = 100;
