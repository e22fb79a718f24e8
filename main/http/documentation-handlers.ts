import type { FastifyReply, FastifyRequest } from 'fastify';
import { LANGUAGE_TAG, LANGUAGES, type Language, pickLanguage } from '../../shared/texts/language.ts';
import { API_PAGE_POLICY, renderApiPage } from './api-page.ts';
import { openApiDocument } from './openapi.ts';
import type { Handlers } from './route-binding.ts';

/** What the box can do, for programs and for people. Says nothing of this very box. */
export function documentationHandlers() {
  // Strangers may ask for both as often as they like: they are made once for each language.
  const documents = new Map(LANGUAGES.map((language) => [language, JSON.stringify(openApiDocument(language))]));
  const pages = new Map(LANGUAGES.map((language) => [language, renderApiPage(language)]));
  return {
    openapi: async ({ request, reply }) => {
      const language = announceLanguage(request, reply);
      return reply.type('application/json; charset=utf-8').send(documents.get(language));
    },
    apiPage: async ({ request, reply }) => {
      const language = announceLanguage(request, reply);
      return reply
        .type('text/html; charset=utf-8')
        .header('content-security-policy', API_PAGE_POLICY)
        .send(pages.get(language));
    },
  } satisfies Partial<Handlers>;
}

function announceLanguage(request: FastifyRequest, reply: FastifyReply): Language {
  const language = pickLanguage(request.headers['accept-language']);
  reply.header('content-language', LANGUAGE_TAG[language]).header('vary', 'accept-language');
  return language;
}
