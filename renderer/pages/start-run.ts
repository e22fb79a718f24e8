import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useRef } from 'react';
import { useTranslation } from 'react-i18next';
import { useLocation } from 'wouter';
import { ApiError } from '../../shared/api/client.ts';
import type { FieldError } from '../../shared/errors.ts';
import { api } from '../data/api.ts';
import { useRoute } from '../data/queries.ts';
import { toast } from '../parts/toast.tsx';
import type { SavedFacts } from './start-form.ts';

/** What is saved on the box; null until all of it is known. */
export function useSaved(): { saved: SavedFacts | null; mayChange: boolean; error: unknown } {
  const destinations = useRoute('listDestinations', {});
  const applications = useRoute('listApplications', {});
  const credentials = useRoute('getCosCredentials', {});
  const session = useRoute('getSession', {});
  const isKnown = destinations.data && applications.data && credentials.data;
  return {
    saved: isKnown
      ? {
          applications: applications.data.applications,
          destinations: destinations.data.destinations,
          hasStoredCredentials: credentials.data.source !== 'none',
        }
      : null,
    mayChange: session.data?.role === 'admin',
    error: destinations.error ?? applications.error ?? credentials.error,
  };
}

/** Some letters and digits that nobody else has by chance. */
export function randomLetters(bytes: number): string {
  return [...crypto.getRandomValues(new Uint8Array(bytes))].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

/**
 * Starts a recording by hand, says so, and goes to where it can be seen. The same request tried again after a lost answer starts
 * nothing twice.
 */
export function useStart() {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const [, go] = useLocation();
  const lastTry = useRef({ json: '', key: '' });
  return useMutation({
    mutationFn: (body: Record<string, unknown>) => {
      const json = JSON.stringify(body);
      if (lastTry.current.json !== json) lastTry.current = { json, key: randomLetters(16) };
      return api().call('startByHand', { body }, { idempotencyKey: lastTry.current.key });
    },
    onSuccess: async ({ warnings }, body) => {
      lastTry.current = { json: '', key: '' };
      const room = String(body.RoomId ?? body.StrRoomId ?? '');
      toast([t('start.begun', { room }), ...warnings.map(({ message }) => message)].join(' '));
      await queries.invalidateQueries({ queryKey: ['listRecordings'] });
      go('/');
    },
  });
}

/** Fields that the box found wrong, in the language of the page; empty when it refused for another reason. */
export function refusedFields(error: unknown): FieldError[] {
  if (!(error instanceof ApiError)) return [];
  return (error.problem.errors ?? []).map(({ field, rule, message, remedy }) => ({
    ...{ field, rule },
    message: { en: message, zh: message },
    remedy: { en: remedy, zh: remedy },
  }));
}
