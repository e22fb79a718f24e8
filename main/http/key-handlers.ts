import type { FieldError } from '../../shared/errors.ts';
import type { BoxApi } from './box-api.ts';
import { ProblemError } from './problems.ts';
import type { Handlers } from './route-binding.ts';
import { ID_HEADER, readIdempotencyKey } from './submit.ts';

/** What the box remembers of Idempotency-Keys. */
export interface KeysApi {
  /** Id of the recording that was started with this key; null when none was, or its 24 hours are over. */
  recordingOf(key: string): string | null;
}

const KEY_MISSING: FieldError = {
  field: 'Idempotency-Key',
  rule: 'required',
  message: { en: 'Idempotency-Key must be given.', zh: 'Idempotency-Key 为必填。' },
  remedy: {
    en: 'Send the key of the recording request as header Idempotency-Key.',
    zh: '请在请求头 Idempotency-Key 中提供录制请求所用的 key。',
  },
};

/**
 * Tells a caller whose answer was lost what became of his request, and a balancer which box a request with this key belongs to. Both
 * questions are one, so that between them nothing can change on this box.
 */
export function keyHandlers(keys: KeysApi, box: Pick<BoxApi, 'health'>) {
  return {
    findByKey: async ({ query, request, reply }) => {
      const key = readIdempotencyKey(request);
      if (key === undefined) {
        throw new ProblemError({ code: 'INVALID_REQUEST', errors: [KEY_MISSING] });
      }
      const { accepting, problems } = query.orReady ? await box.health() : { accepting: false, problems: [] };
      // Asked last: what was started while the box looked at itself counts.
      const id = keys.recordingOf(key);
      if (id !== null) {
        reply.header(ID_HEADER, id);
      } else if (!accepting) {
        throw new ProblemError({ code: problems[0] ?? 'KEY_UNKNOWN' });
      }
      return { id };
    },
  } satisfies Partial<Handlers>;
}
