import type { RecordingView } from '../../shared/view.ts';
import type { Runner } from '../delivery/runner.ts';
import type { Uploads } from '../delivery/uploads.ts';
import type { BoxApi } from '../http/box-api.ts';
import type { CosCredentials } from '../settings/environment.ts';
import type { RecordingRow } from '../store/rows.ts';
import type { Store } from '../store/store.ts';

type UploadDesk = Pick<
  BoxApi,
  'credentials' | 'storeCredentials' | 'forgetCredentials' | 'setRecordingCredentials' | 'retry' | 'retryAll'
>;

export interface UploadDeskDeps {
  store: Store;
  runner: Pick<Runner, 'retrySoon' | 'retryAll'>;
  uploads: Pick<Uploads, 'credentials' | 'retryAll'>;
  view(row: RecordingRow): RecordingView;
}

/** What people do about uploads that stand still: other keys, another try. */
export function createUploadDesk({ store, runner, uploads, view }: UploadDeskDeps): UploadDesk {
  const { credentials } = uploads;
  const shown = (id: string): RecordingView | null => {
    const row = store.recordings.get(id);
    return row ? view(row) : null;
  };
  return {
    credentials: async () => credentials.view(),
    async storeCredentials({ SecretId, SecretKey, Token }) {
      store.transaction(() => {
        credentials.store({ secretId: SecretId, secretKey: SecretKey, token: Token });
        store.events.append('boxCredentialsStored', null);
      });
      uploads.retryAll(runner);
      return credentials.view();
    },
    async forgetCredentials() {
      store.transaction(() => {
        if (credentials.forget()) store.events.append('boxCredentialsForgotten', null);
      });
      return credentials.view();
    },
    async setRecordingCredentials(id, given) {
      if (!store.recordings.get(id)) return null;
      if (given === null && credentials.current() === null) return { kind: 'problem', code: 'COS_CREDENTIALS_MISSING' };
      const pair: CosCredentials | null = given && {
        secretId: given.SecretId,
        secretKey: given.SecretKey,
        token: given.Token,
      };
      if (!store.recordings.setCredentials(id, pair)) return { kind: 'problem', code: 'NOT_RUNNING' };
      runner.retrySoon(id);
      return shown(id);
    },
    async retry(id) {
      if (!store.recordings.get(id)) return null;
      return runner.retrySoon(id) ? shown(id) : { kind: 'problem', code: 'NOT_RUNNING' };
    },
    retryAll: async () => uploads.retryAll(runner),
  };
}
