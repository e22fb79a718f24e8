import { type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { toProblemJson } from '../../shared/errors.ts';
import { problemOfClientError } from './problems.ts';

interface Answering {
  request: IncomingMessage;
  response: ServerResponse;
}

export interface ClientErrors {
  /** Answers bytes that never became a request. Nobody's language is known yet, so it is English. */
  answer(error: unknown, socket: Socket): void;
  /** To be called once, with the server whose errors these are. */
  watch(server: Pick<Server, 'on'>): void;
}

/**
 * What to say when a connection carries something that is no HTTP. When it comes right behind a good request, that one is answered
 * first: a refusal sent at once would be read as its answer, and a caller would think that nothing was accepted.
 */
export function createClientErrors(): ClientErrors {
  const answering = new WeakMap<Socket, Answering>();
  return {
    watch(server) {
      server.on('request', (request: IncomingMessage, response: ServerResponse) => {
        answering.set(request.socket, { request, response });
      });
    },
    answer(error, socket) {
      const before = answering.get(socket);
      // One that is still arriving is what the error is about.
      if (before?.request.complete && !before.response.writableFinished && !before.response.destroyed) {
        before.response.once('close', () => refuse(error, socket));
      } else {
        refuse(error, socket);
      }
    },
  };
}

function refuse(error: unknown, socket: Socket): void {
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  const problem = toProblemJson(problemOfClientError(error), 'en');
  const body = JSON.stringify(problem);
  socket.end(
    `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status]}\r\n` +
      'content-type: application/problem+json; charset=utf-8\r\n' +
      `content-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  );
}
