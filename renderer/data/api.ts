import i18next from 'i18next';
import { type ApiClient, createApiClient } from '../../shared/api/client.ts';

/** The box that served this page, spoken to in the language of the page. Who may is told by a cookie that scripts cannot read. */
export function api(): ApiClient {
  return createApiClient({ baseUrl: '', language: i18next.language });
}
