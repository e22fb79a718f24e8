import type { Logger } from '../logging.ts';
import type { Store } from '../store/store.ts';
import { USER_SIG_NOTICE_MS } from './warnings.ts';

export interface UserSigWatchDeps {
  store: Pick<Store, 'announcements' | 'events' | 'transaction'>;
  /** Wall clock, ms since 1970. */
  now(): number;
  log: Logger;
}

/** Tells once that the UserSig of a running recording expires soon: after that its recorder cannot enter the room again. */
export class UserSigWatch {
  readonly #recordingId: string;
  readonly #deps: UserSigWatchDeps;
  #isTold = false;

  constructor(recordingId: string, deps: UserSigWatchDeps) {
    this.#recordingId = recordingId;
    this.#deps = deps;
  }

  /** To be called now and then while the recording runs. Throws when the store cannot be written; the next call tries again. */
  check(expiresAtMs: number | null): void {
    const { store, now, log } = this.#deps;
    if (this.#isTold || expiresAtMs === null || expiresAtMs - now() > USER_SIG_NOTICE_MS) return;
    const expiresAt = new Date(expiresAtMs).toISOString();
    store.transaction(() => {
      store.events.append('userSigExpiring', this.#recordingId, { expiresAtMs });
      store.announcements.tell(this.#recordingId, { event: 'usersig.expiring', data: { ExpiresAt: expiresAt } });
    });
    this.#isTold = true;
    log.warn({ recordingId: this.#recordingId, expiresAt }, 'UserSig expires soon: the room cannot be entered again');
  }
}
