import { Readable } from 'node:stream';
import type { FastifyRequest } from 'fastify';
import type { BoxMessage } from '../../shared/api/messages.ts';
import type { EventsFeed, EventsReader } from './events-feed.ts';
import { ProblemError } from './problems.ts';
import type { Handlers } from './route-binding.ts';

export interface StreamLimits {
  /** A reader that takes nothing for this long is cut off; he comes again with Last-Event-ID and has missed nothing. */
  stallMs: number;
  /** Readers have to come again after this long, so that a token that was taken away does not read for ever. */
  longestMs: number;
}

const LIMITS: StreamLimits = { stallMs: 30_000, longestMs: 3_600_000 };
/** What readers are told to wait before they come again. */
const RETRY_MS = 2000;
/** When there are too many readers, how long one should wait. */
const RETRY_AFTER_SECONDS = 10;

const HEADERS = {
  'content-type': 'text/event-stream; charset=utf-8',
  // Told to reverse proxies that would otherwise collect what is small.
  'x-accel-buffering': 'no',
};

/** The events of the whole box as they happen. */
export function liveHandlers(feed: EventsFeed, limits = LIMITS) {
  return {
    getEvents: async ({ query, request, reply }) => {
      reply.headers(HEADERS);
      if (request.method === 'HEAD') return reply.send();
      let stream: Readable | undefined;
      const reader = feed.subscribe({
        after: lastEventId(request) ?? query.after ?? null,
        cutOff: () => stream?.destroy(),
      });
      if (!reader) throw new ProblemError({ code: 'TOO_MANY_READERS', retryAfterSeconds: RETRY_AFTER_SECONDS });
      // Without this a reader who goes would be noticed only at the next news.
      reply.raw.once('close', () => reader.close());
      stream = Readable.from(
        framesOf(reader, limits, () => stream?.destroy()),
        { objectMode: false },
      );
      return reply.send(stream);
    },
  } satisfies Partial<Handlers>;
}

function lastEventId(request: FastifyRequest): number | null {
  const value = request.headers['last-event-id'];
  return typeof value === 'string' && /^[0-9]{1,15}$/.test(value) ? Number(value) : null;
}

/** @param cutOff called when a piece was not fetched in time. */
async function* framesOf(
  reader: EventsReader,
  { stallMs, longestMs }: StreamLimits,
  cutOff: () => void,
): AsyncGenerator<string> {
  const endsAtMs = performance.now() + longestMs;
  try {
    let text = `retry: ${RETRY_MS}\n`;
    while (performance.now() < endsAtMs) {
      const messages = await reader.next();
      if (messages === null) return;
      text += messages.length === 0 ? ': nothing new\n\n' : messages.map(frameOf).join('');
      const stalled = setTimeout(cutOff, stallMs);
      try {
        yield text;
      } finally {
        clearTimeout(stalled);
      }
      text = '';
    }
  } finally {
    reader.close();
  }
}

/** JSON holds no line break, so one `data` line is enough. */
function frameOf({ name, data }: BoxMessage): string {
  const id = 'seq' in data ? `id: ${data.seq}\n` : '';
  return `event: ${name}\n${id}data: ${JSON.stringify(data)}\n\n`;
}
