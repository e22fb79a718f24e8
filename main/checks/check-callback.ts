import { CHECK_TEXTS, filled } from '../../shared/texts/checks.ts';
import type { Text } from '../../shared/texts/language.ts';
import { ADDRESS_REFUSED, postCallback, type Reply } from '../delivery/callback-post.ts';
import type { SendPost } from '../network/guarded-post.ts';

export interface CallbackCheckOptions {
  url: string;
  /** Tells this message from others. */
  deliveryId: string;
  /** Signs the message when there is one. Secret. */
  signingKey: string | null;
  /** Goes only where callbacks may. */
  post: SendPost;
  timeoutMs: number;
  /** Wall clock, ms since 1970. */
  now(): number;
  signal: AbortSignal;
}

export interface CallbackCheckOutcome {
  passed: boolean;
  status: number | null;
  answer: string | null;
  message: Text;
  remedy: Text | null;
}

const ANSWER_CHARACTERS = 200;

/** What a receiver gets: nobody can take it for a recording's result. */
export function testMessage(deliveryId: string, atMs: number): string {
  const text = 'This is a test message of the recorder box; there is no recording behind it.';
  return JSON.stringify({ Event: 'test', EventId: deliveryId, EventMs: atMs, Test: true, Data: { Message: text } });
}

/** Sends one message as the results of recordings are sent, and shows what came back. Never rejects. */
export async function checkCallback(options: CallbackCheckOptions): Promise<CallbackCheckOutcome> {
  const { url, deliveryId, signingKey, post, timeoutMs, now, signal } = options;
  const body = testMessage(deliveryId, now());
  const sent = { url, body, deliveryId, attempt: 1, sdkAppId: 0 };
  const reply = await postCallback(sent, { fetch: post, timeoutMs, signingKey, now }, signal);
  const seen = reply.kind === 'taken' || reply.kind === 'refused' ? reply : { status: null, answer: null };
  return {
    passed: reply.kind === 'taken',
    status: seen.status,
    answer: seen.answer === null ? null : beginningOf(seen.answer),
    ...wordsOf(reply, timeoutMs),
  };
}

/** The first characters as plain text. */
function beginningOf(answer: string): string {
  return [...answer.replaceAll(/\p{Cc}+/gu, ' ').trim()].slice(0, ANSWER_CHARACTERS).join('');
}

function wordsOf(reply: Reply, timeoutMs: number): { message: Text; remedy: Text | null } {
  const seconds = Math.round(timeoutMs / 100) / 10;
  switch (reply.kind) {
    case 'taken':
      return { message: filled('taken', { status: reply.status }), remedy: null };
    case 'nobody':
      return { message: filled('nobody', { error: reply.error }), remedy: CHECK_TEXTS.nobodyRemedy };
    case 'aborted':
      return { message: CHECK_TEXTS.tooLate, remedy: CHECK_TEXTS.silentRemedy };
    case 'refused':
      if (reply.status !== null) {
        return { message: filled('refusedStatus', { status: reply.status }), remedy: CHECK_TEXTS.refusedRemedy };
      }
      if (reply.error.startsWith(ADDRESS_REFUSED)) {
        return { message: CHECK_TEXTS.addressRefused, remedy: CHECK_TEXTS.addressRemedy };
      }
      if (reply.error.startsWith('no answer')) {
        return { message: filled('silent', { seconds }), remedy: CHECK_TEXTS.silentRemedy };
      }
      return { message: filled('redirected', { error: reply.error }), remedy: CHECK_TEXTS.redirectedRemedy };
  }
}
